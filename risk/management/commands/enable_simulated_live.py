"""`manage.py enable_simulated_live`: both steps of live trading, for the demo whose exchange is simulated.

Refused everywhere else: where money can be lost, two people's steps are two people's. Done once: who withdraws it in
the demo has it withdrawn.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from execution import live_trading
from execution.operations import Refused
from execution.queries import PAPER
from risk import queries

ASKS, CONFIRMS = "set-up", "set-up (simulated)"


class Command(BaseCommand):
    help = "Enable live trading at the simulated exchange of the demo, unless it was ever asked for."

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.ENVIRONMENT
        if environment.ENV != "demo" or environment.MARKET != "SIMULATED":
            raise CommandError(
                "ENV: only the demo, on a simulated market, enables live trading by itself. Ask for it on the page of"
                " the settings (docs/live_trading.md)."
            )
        if live_trading.newest(PAPER) is not None:
            self.stdout.write("live trading is left as it is")
            return
        try:
            version = queries.limits(PAPER).version
            asked = live_trading.ask(PAPER, limits_version=version, by=ASKS, reason="a simulated exchange")
            live_trading.confirm(PAPER, asked.pk, by=CONFIRMS, alone=False)
        except (Refused, LookupError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("live trading at the simulated exchange enabled")
