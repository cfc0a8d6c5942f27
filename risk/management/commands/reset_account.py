"""`manage.py reset_account`: a new start of the paper account, with its losses left behind and its books kept."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.units import plain
from execution.operations import Refused
from execution.queries import PAPER
from execution.resetting import reset_account
from risk.operator import command_line, proposals


class Command(BaseCommand):
    help = (
        "Begin the halted, flat paper account anew: its cash is withdrawn and an amount paid in. The day's loss and the"
        " drawdown count from there. Trading stays halted until resume_trading."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)
        parser.add_argument("--cash", metavar="N", help="what to begin with (default: STARTING_CASH)")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            deposit = Decimal(options["cash"]) if options["cash"] else settings.ENVIRONMENT.STARTING_CASH
        except InvalidOperation as problem:
            raise CommandError(f"--cash: {options['cash']} is no amount") from problem
        command_line.confirm(f"Begin the paper account anew with {plain(deposit)}?", options)
        _, clock = command_line.market()
        try:
            done = reset_account(PAPER, deposit=deposit, by=options["by"], reason=options["reason"], clock=clock)
        except (Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        for breaker, freed in proposals.release_after_reset(PAPER, by=options["by"], reason=options["reason"]):
            self.stdout.write(command_line.outcome(freed, f"{breaker} is released", f"{breaker} was released before"))
        self.stdout.write(
            f"the paper account begins anew with {plain(done.deposited)}, {plain(done.withdrawn)} were withdrawn;"
            " trading is HALTED until: manage.py resume_trading --reason …"
        )
