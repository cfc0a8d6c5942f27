"""`manage.py redecide`: decide stored decisions again from their recorded inputs, and say what comes out otherwise."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from risk.decision.redecide import decisions, redecide

SHOWN = 50


class Command(BaseCommand):
    help = "Decide stored decisions again from their recorded inputs. The last line is JSON: checked, different."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="exit 1 if any decision comes out otherwise")
        parser.add_argument("--hours", type=float, metavar="H", help="only those of the last H wall hours")
        parser.add_argument("--id", dest="decision_id", metavar="UUID", help="only this decision")

    def handle(self, *args: Any, **options: Any) -> None:
        since = timezone.now() - timedelta(hours=options["hours"]) if options["hours"] else None
        checked = different = 0
        for row in decisions(since=since, decision_id=options["decision_id"]):
            checked += 1
            found = redecide(row)
            different += bool(found)
            for difference in found if different <= SHOWN else ():
                self.stdout.write(str(difference))
        self.stdout.write(json.dumps({"checked": checked, "different": different}))
        if options["decision_id"] and not checked:
            raise CommandError(f"there is no decision {options['decision_id']}; see `manage.py explain --help`")
        if different and options["check"]:
            raise CommandError(f"{different} of {checked} decisions come out otherwise")
