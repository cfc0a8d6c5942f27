"""`manage.py approve`: a second person's word on a proposal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution.operations import Refused
from risk.operator import command_line, proposals


class Command(BaseCommand):
    help = "Approve a proposal of somebody else: it is carried out at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("proposal", type=int, help="its number")
        command_line.add_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        marks, clock = command_line.market()
        try:
            proposal = proposals.approve(options["proposal"], by=options["by"], marks=marks, clock=clock)
        except Refused as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{proposal} is {proposal.state}")
