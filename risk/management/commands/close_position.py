"""`manage.py close_position`: sell a position at the market, on an operator's order."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import execution.queries
from execution.queries import PAPER
from execution.rules.accounting import Holding
from risk import operations
from risk.decision.exit_requests import exits, held_as_dust
from risk.exits import intents
from risk.operator import command_line
from risk.rules.reasons import sentence

UNDER_WAY = "an exit is under way already; its next attempt is made at once"
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
        note = {"by": options["by"], "reason": options["reason"]}
        intents.hurry(PAPER, {row.symbol for row in chosen}, clock)
        requests = exits(PAPER, chosen, "OPERATOR", clock.market_now(), marks=marks, note=note)
        rulings = operations.decide_batch(PAPER, requests, marks=marks, clock=clock)
        for request in requests:
            ruling = rulings.get(request.decision_id)
            words = sentence(ruling.reason_code, ruling.params) if ruling else "decided before"
            self.stdout.write(f"{request.symbol}: {words} See: manage.py explain {request.decision_id}")
        asked = {request.symbol for request in requests}
        for row in chosen:
            if row.symbol not in asked:
                dust = held_as_dust(row, marks)
                self.stdout.write(f"{row.symbol}: {IS_DUST if dust else UNDER_WAY}")
