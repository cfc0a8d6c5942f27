"""`manage.py resume_trading`: release a halt; a reason is required.

Every owner of the trading state is asked. Exit 0 when trading is ACTIVE; else the answer names who holds on, and what
releases each.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution.operations import Refused
from execution.queries import PAPER
from risk.exits.report import unsold
from risk.models import Proposal
from risk.operator import command_line, holders, proposals


class Command(BaseCommand):
    help = "Allow entries again after a halt. Needs a reason; says who holds on: the day's loss, a breaker, the audit."

    def add_arguments(self, parser: CommandParser) -> None:
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        marks, clock = command_line.market()
        try:
            done = proposals.resume(PAPER, by=options["by"], reason=options["reason"], marks=marks, clock=clock)
        except (Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        trading = holders.told(PAPER)
        if trading["holders"] and not isinstance(done, Proposal):
            still = [f"the operator's wish is granted as far as it goes; trading is still {trading['state']}"]
            raise CommandError("\n".join([*still, *holders.lines(trading)]))
        self.stdout.write(command_line.outcome(done, "trading is ACTIVE", "trading is ACTIVE (as before)"))
        if held := unsold(PAPER):
            self.stdout.write(f"still held, their exits were given up: {', '.join(held)} (`manage.py status`)")
