"""`manage.py pause`: nothing is bought of a symbol from this moment; selling, stops and watching go on."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.clock import SYSTEM
from marketdata import pausing, queries


class Command(BaseCommand):
    help = "Buy nothing of a symbol until it is resumed or the time is over. Without a symbol: list what is paused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", nargs="?", help="such as BTCUSDT")
        parser.add_argument("--reason", default="", help="why, for the history")
        parser.add_argument("--for", dest="lasting", help="how long: 90s, 30m, 2h, 3d (default: until resumed)")
        parser.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["symbol"]:
            self._list()
            return
        try:
            expires_at = SYSTEM.wall_now() + pausing.lasting(options["lasting"]) if options["lasting"] else None
            row = pausing.pause(options["symbol"], reason=options["reason"], by=options["by"], expires_at=expires_at)
        except pausing.PauseProblem as problem:
            raise CommandError(str(problem)) from problem
        until = f"until {row.expires_at:%Y-%m-%d %H:%M:%S} UTC" if row.expires_at else "until it is resumed"
        self.stdout.write(f"{row.instrument_id} is paused {until}")

    def _list(self) -> None:
        paused = queries.paused(SYSTEM.wall_now())
        for symbol, reason in paused.items():
            self.stdout.write(f"{symbol}: {reason}")
        if not paused:
            self.stdout.write("nothing is paused")
