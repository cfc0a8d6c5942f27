"""`manage.py seed_limits`: the first version of the risk limits, from the environment. The admin makes later ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from execution.queries import PAPER
from risk import operations
from risk.rules.limits import LIMITS


class Command(BaseCommand):
    help = "Seed the risk limits from the environment, unless there are limits already."

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.ENVIRONMENT
        values = {limit.name: Decimal(getattr(environment, limit.variable)) for limit in LIMITS}
        seeded = operations.seed_limits(PAPER, values)
        self.stdout.write("risk limits seeded" if seeded else "risk limits are set already")
