"""`manage.py halt_trading`: the kill switch. No new entries from this moment; exits go on."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution import operations, queries


class Command(BaseCommand):
    help = "Halt trading at once: no new entries; exits go on. Latched until resume_trading."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="operator", help="why, for the history")
        parser.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = operations.set_trading_state(queries.PAPER, "HALTED", by=options["by"], reason=options["reason"])
        except (operations.Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("trading is HALTED" + ("" if changed else " (as before)"))
