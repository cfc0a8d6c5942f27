"""`manage.py resume`: a paused symbol may be bought again."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketdata import pausing


class Command(BaseCommand):
    help = "End the pause of a symbol."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="such as BTCUSDT")
        parser.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = pausing.resume(options["symbol"], by=options["by"])
        except pausing.PauseProblem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{row.instrument_id} may be bought again; it was paused for: {row.reason}")
