"""`manage.py close_position`: sell a position at the market, on an operator's order."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import execution.queries
from execution.queries import PAPER
from execution.rules.accounting import Holding
from risk.operator import command_line
from risk.operator.selling import DECIDED, DUST, sell
from risk.rules.reasons import sentence

EXIT_UNDER_WAY = "an exit is under way already; its next attempt is made at once"
IS_DUST = "less is held than the exchange takes; it is kept as dust"


class Command(BaseCommand):
    help = "Sell a whole position at the market, or all with --all. Who and why stand in the decision."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", nargs="?", help="such as SOLUSDT")
        parser.add_argument("--all", action="store_true", help="every position; trading stays as it is")
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)
        command_line.add_yes(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        held = execution.queries.open_positions(PAPER)
        symbol = (options["symbol"] or "").upper()
        if bool(symbol) == options["all"]:
            raise CommandError("name one symbol, or --all")
        if symbol and symbol not in held:
            raise CommandError(f"{symbol} is not held. Held: {', '.join(sorted(held)) or 'nothing'}")
        chosen = [row for row in held.values() if options["all"] or row.symbol == symbol]
        if not chosen:
            self.stdout.write("nothing is held")
            return
        command_line.confirm(f"Sell {', '.join(row.symbol for row in chosen)} at the market?", options)
        self._sell(chosen, options)

    def _sell(self, chosen: list[Holding], options: dict[str, Any]) -> None:
        marks, clock = command_line.market()
        symbols = {row.symbol for row in chosen}
        for sale in sell(PAPER, symbols, by=options["by"], reason=options["reason"], marks=marks, clock=clock):
            if sale.state == DECIDED:
                ruling = sale.ruling
                words = sentence(ruling.reason_code, ruling.params) if ruling else "decided before"
                self.stdout.write(f"{sale.symbol}: {words} See: manage.py explain {sale.decision_id}")
            else:
                self.stdout.write(f"{sale.symbol}: {IS_DUST if sale.state == DUST else EXIT_UNDER_WAY}")
