"""`manage.py release_breaker`: release a circuit breaker by its number, or by kind and symbol."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution.operations import Refused
from execution.queries import PAPER
from risk.models import Breaker
from risk.operator import command_line, proposals


class Command(BaseCommand):
    help = "Release an open breaker: release_breaker 7, or release_breaker SLIPPAGE SOLUSDT. Needs a reason."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("breaker", help="number or kind, as `manage.py status` lists them")
        parser.add_argument("symbol", nargs="?", default="", help="of a breaker that is about one symbol")
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        breaker = self._find(options["breaker"].lstrip("#"), options["symbol"])
        try:
            done = proposals.release_breaker(breaker, by=options["by"], reason=options["reason"])
        except Refused as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(command_line.outcome(done, f"{breaker} is released", f"{breaker} was released before"))

    def _find(self, name: str, symbol: str) -> Breaker:
        rows = Breaker.objects.filter(account=PAPER)
        if name.isdigit():
            found = rows.filter(pk=int(name)).first()
        else:
            found = rows.filter(kind=name.upper(), symbol=symbol.upper(), released_at=None).first()
        if found is None:
            known = ", ".join(f"#{row.pk} {row}" for row in rows.filter(released_at=None)) or "none"
            raise CommandError(f"no such breaker: {name} {symbol}".rstrip() + f". Open ones: {known}")
        return found
