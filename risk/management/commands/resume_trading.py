"""`manage.py resume_trading`: release the kill switch; a reason is required."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution.operations import Refused
from execution.queries import PAPER
from risk.exits.report import unsold
from risk.operator import command_line, proposals


class Command(BaseCommand):
    help = "Allow entries again after a halt. Needs a reason; refused while the day's loss or a breaker forbids it."

    def add_arguments(self, parser: CommandParser) -> None:
        command_line.add_why(parser, required=True)
        command_line.add_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        marks, clock = command_line.market()
        try:
            done = proposals.resume(PAPER, by=options["by"], reason=options["reason"], marks=marks, clock=clock)
        except (Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(command_line.outcome(done, "trading is ACTIVE", "trading is ACTIVE (as before)"))
        if held := unsold(PAPER):
            self.stdout.write(f"still held, their exits were given up: {', '.join(held)} (`manage.py status`)")
