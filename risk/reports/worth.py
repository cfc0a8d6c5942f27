"""What an account was worth at a midnight of market time, and at its newest mark, without and with what was paid in.

    result between two moments = what it was worth less all that was ever paid in, then − before

So a deposit is no gain, and the results of days add up to the result of their period. A midnight's worth is the day's
opening (`docs/days.md`); where none was settled, as after days of standstill, it is put together now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings

import risk.queries
from risk.loss_baselines import midnight_of
from risk.models import DayOpening
from risk.reports.queries import newest_point, rounded
from risk.rules.equity_path import Point

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """`paid_in` is the sum of deposits and withdrawals until then; `settled`: it will not change any more."""

    at: datetime
    equity: Decimal
    paid_in: Decimal
    settled: bool

    @property
    def earned(self) -> Decimal:
        """Since the account was opened."""
        return self.equity - self.paid_in


def paid_before(flows: Sequence[Point], moment: datetime) -> Decimal:
    """The sum of what was paid in and out before a moment."""
    return rounded(sum((amount for at, amount in flows if at < moment), ZERO))


def at_midnight(account: str, day: date, flows: Sequence[Point], *, today: date) -> Worth:
    """When a UTC day began; `today` is the day of market time. A past day that was never made final is computed."""
    stored = DayOpening.objects.filter(account=account, day=day).first()
    paid = paid_before(flows, midnight_of(day))
    if stored is not None and (stored.final or day == today):
        counted = stored.inputs.get("external")
        earned = stored.equity - (paid if counted is None else Decimal(counted))
        return Worth(at=midnight_of(day), equity=rounded(earned + paid), paid_in=paid, settled=stored.final)
    opening = risk.queries.opening_at(account, midnight_of(day), settings.ENVIRONMENT.INTERVAL)
    equity = rounded(opening.equity - opening.external + paid)
    # Days of standstill are settled with the day on which the account was looked at again: its gaps are filled then.
    settled = day < today and risk.queries.final_opening(account, today) is not None
    return Worth(at=midnight_of(day), equity=equity, paid_in=paid, settled=settled)


def newest(account: str, day: date, flows: Sequence[Point]) -> Worth | None:
    """At the last stored mark of a day that is not over; None before its first."""
    point = newest_point(account)
    if point is None or point[0] < midnight_of(day):
        return None
    at, equity = point
    return Worth(
        at=at, equity=rounded(equity), paid_in=paid_before(flows, at + timedelta(microseconds=1)), settled=False
    )
