"""Calendar months of UTC as spans of periods: the portions in which candles are kept as files. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from replay.rules.columns import Periods


def months_of(span: Periods, interval_s: int) -> Iterator[tuple[date, Periods]]:
    """The months that the span touches, whole ones, oldest first: first day, and the periods that open in it."""
    month = datetime.fromtimestamp(span.first * interval_s, UTC).date().replace(day=1)
    while (first := _first_period(month, interval_s)) < span.end:
        following = _next(month)
        periods = Periods(first, _first_period(following, interval_s))
        if periods.end > span.first and periods.width:
            yield month, periods
        month = following


def _first_period(month: date, interval_s: int) -> int:
    """The first one that opens at or after the month's begin."""
    return -(-int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp()) // interval_s)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
