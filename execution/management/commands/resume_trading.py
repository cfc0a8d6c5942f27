"""`manage.py resume_trading`: release the kill switch; a reason is required."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution import operations, queries


class Command(BaseCommand):
    help = "Allow entries again after a halt. Needs a reason."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="why trading may go on, for the history")
        parser.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = operations.set_trading_state(queries.PAPER, "ACTIVE", by=options["by"], reason=options["reason"])
        except (operations.Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("trading is ACTIVE" + ("" if changed else " (as before)"))
