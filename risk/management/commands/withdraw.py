"""`manage.py withdraw`: pay an amount out of the paper account, as an entry of the ledger."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.units import plain
from execution.operations import Refused
from execution.payments import withdraw
from execution.queries import PAPER
from risk.operator import command_line


class Command(BaseCommand):
    help = (
        "Pay an amount out of the paper account, of what no open buy needs. It is no loss: the day's result and the"
        " drawdown leave it out."
    )

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
            entry = withdraw(PAPER, amount=amount, by=options["by"], reason=options["reason"], clock=clock)
        except (Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{plain(amount)} are paid out, as entry {entry.pk} of the ledger")
