"""What `manage.py deposit` and `withdraw` share: an amount with who and why, entered in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.units import plain
from execution.models import LedgerEntry
from execution.operations import Refused
from execution.queries import PAPER
from risk.operator import command_line


class PaymentCommand(BaseCommand):
    """`pay` enters the amount, `said` is what was done with it."""

    pay: ClassVar[Callable[..., LedgerEntry]]
    said: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--amount", required=True, metavar="N", help="above 0, in the quote asset")
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            amount = Decimal(options["amount"])
        except InvalidOperation as problem:
            raise CommandError(f"--amount: {options['amount']} is no amount") from problem
        _, clock = command_line.market()
        try:
            entry = type(self).pay(PAPER, amount=amount, by=options["by"], reason=options["reason"], clock=clock)
        except (Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{plain(amount)} are {self.said}, as entry {entry.pk} of the ledger")
