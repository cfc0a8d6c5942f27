"""`manage.py rederive_fills`: derive every paper fill from what was stored with it; say what comes out otherwise."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.clock import SYSTEM
from execution.rederiving import FillDifference, Rederived, rederive

SHOWN = 50
TELL_EVERY_S = 5.0


class Command(BaseCommand):
    help = "Derive every paper fill again from its model. The last line is JSON: checked, different, not_derivable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="exit 1 if any fill comes out otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        shown, told_at = 0, SYSTEM.monotonic_s()

        def tell(difference: FillDifference) -> None:
            nonlocal shown
            shown += 1
            if shown <= SHOWN:
                self.stdout.write(str(difference))

        def after_batch(so_far: Rederived) -> None:
            nonlocal told_at
            if SYSTEM.monotonic_s() - told_at > TELL_EVERY_S:
                told_at = SYSTEM.monotonic_s()
                self.stderr.write(f"{so_far.checked} fills derived again, {so_far.different} come out otherwise")

        found = rederive(tell, after_batch)
        if shown > SHOWN:
            self.stdout.write(f"and {shown - SHOWN} more differences")
        not_derivable = dict(sorted(found.underivable.items()))
        self.stdout.write(
            json.dumps({"checked": found.checked, "different": found.different, "not_derivable": not_derivable})
        )
        if found.different and options["check"]:
            raise CommandError(f"{found.different} of {found.checked} fills come out otherwise")
