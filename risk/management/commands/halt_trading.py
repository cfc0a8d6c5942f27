"""`manage.py halt_trading`: the kill switch. No new entries from this moment; exits go on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from execution.queries import PAPER
from risk.operator import command_line
from risk.watch import kill_switch


class Command(BaseCommand):
    help = "Halt trading at once: no new entries, open ones canceled; exits go on. Latched until resume_trading."

    def add_arguments(self, parser: CommandParser) -> None:
        command_line.add_why(parser, required=False)
        command_line.add_who(parser)
        parser.add_argument("--close-positions", action="store_true", help="sell everything, until the account is flat")
        command_line.add_yes(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        closing = options["close_positions"]
        if closing:
            command_line.confirm("Halt and sell every position at the market?", options)
        _, clock = command_line.market()
        try:
            changed = kill_switch.halt(
                PAPER, by=options["by"], reason=options["reason"], close_positions=closing, clock=clock
            )
        except LookupError as problem:
            raise CommandError(str(problem)) from problem
        except OperationalError as problem:
            raise CommandError(f"trading is NOT halted, try again: {problem}") from problem
        ending = "; every position is being sold, see `manage.py status`" if closing else ""
        self.stdout.write("trading is HALTED" + ("" if changed else " (as before)") + ending)
