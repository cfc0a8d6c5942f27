"""`manage.py write_off`: take a position that can never be sold out of the books, for nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import execution.queries
from cdb_site.units import plain
from execution.operations import Refused
from execution.queries import PAPER
from risk.exits.write_off import write_off
from risk.operator import command_line


class Command(BaseCommand):
    help = "Write a position of the paper account off (a delisted symbol): it leaves the books for nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="such as SOLUSDT")
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)
        command_line.add_yes(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        symbol = options["symbol"].upper()
        held = execution.queries.open_positions(PAPER)
        if symbol not in held:
            raise CommandError(f"{symbol} is not held. Held: {', '.join(sorted(held)) or 'nothing'}")
        quantity = plain(held[symbol].quantity)
        command_line.confirm(f"Write {quantity} {symbol} off? Their whole entry value is lost.", options)
        marks, clock = command_line.market()
        try:
            booking = write_off(PAPER, symbol, by=options["by"], reason=options["reason"], marks=marks, clock=clock)
        except Refused as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{symbol}: {quantity} written off, realised {plain(booking.realized_pnl)}")
