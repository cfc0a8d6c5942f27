"""`manage.py seed_limits`: the first version of the risk limits, from the environment. The admin makes later ones."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from execution.queries import PAPER
from risk import operations


class Command(BaseCommand):
    help = "Seed the risk limits from the environment, unless there are limits already."

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.ENVIRONMENT
        values = {
            "max_exposure_pct": environment.MAX_EXPOSURE_PCT,
            "max_position_pct": environment.MAX_POSITION_PCT,
            "stop_loss_pct": environment.STOP_LOSS_PCT,
            "max_slippage_pct": environment.MAX_SLIPPAGE_PCT,
            "max_price_age_s": environment.MAX_PRICE_AGE_S,
        }
        seeded = operations.seed_limits(PAPER, values)
        self.stdout.write("risk limits seeded" if seeded else "risk limits are set already")
