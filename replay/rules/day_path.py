"""The equity of an account over a day, and the times a recorded day has. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from execution.rules.accounting import ZERO
from replay.rules.other_account import OtherAccount
from replay.rules.recorded_day import RecordedDay
from replay.rules.what_if import DaySide
from risk.rules.circuit_breakers import drawdown

DAY = timedelta(days=1)


class DayPath:
    """The equity of one account over the day, less what was paid in."""

    def __init__(self) -> None:
        self.first: Decimal | None = None
        self.last = self.deepest = ZERO
        self.top: Decimal | None = None
        self.peak_since: Decimal | None = None

    def add(self, earned: Decimal, paid_in: Decimal, *, apart: bool) -> None:
        self.first = earned if self.first is None else self.first
        self.last, self.top = earned, earned if self.top is None else max(self.top, earned)
        self.deepest = max(self.deepest, drawdown(earned + paid_in, self.top + paid_in))
        if apart:
            self.peak_since = earned if self.peak_since is None else max(self.peak_since, earned)

    def side(self, account: OtherAccount, orders: int) -> DaySide:
        return DaySide(
            pnl=self.last - self.first if self.first is not None else ZERO,
            fees=account.fees,
            drawdown=self.deepest,
            equity=self.last + account.paid_in,
            orders=orders,
        )


def median_delay(day: RecordedDay) -> timedelta | None:
    """The median from a decision to the booking of its order's last fill; None: nothing was filled."""
    decided = {decision.order_id: decision.at for decision in day.decisions if decision.order_id}
    passed = [
        booking.at - decided[one.order_id]
        for booking in day.bookings
        for one in booking.fills
        if one.order_id in decided
    ]
    return timedelta(seconds=max(0.0, median(one.total_seconds() for one in passed))) if passed else None


def begins(day: RecordedDay) -> datetime:
    """The wall time of the first thing that was recorded."""
    return min(_moments(day))


def ends(day: RecordedDay) -> datetime:
    """The wall time of the last thing that was recorded."""
    return max(_moments(day))


def _moments(day: RecordedDay) -> list[datetime]:
    """Wall times of what was decided and booked, and of the day's points of the equity curve."""
    points = [point.stored_at for point in day.facts.levels.points if point.taken_at.date() == day.day]
    moved = [decision.at for decision in day.decisions] + [booking.at for booking in day.bookings]
    return [*moved, *points[:1], *points[-1:]]
