"""The highest equity of the last 24 hours, remembered: what is stored is read once, and then what is newer alone.

A point that a later one reaches or passes can never be the peak again; of the others, in the order of their times, each
is lower than the one before it, and the first is the peak. When a drawdown breaker is released or the account begins
anew, all is read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from cdb_site import db

WINDOW = timedelta(days=1)
# A point may be stored after one with a higher id; none that many later.
AGAIN = 100
COUNTS_FROM = """SELECT greatest((SELECT max(released_at) FROM breaker WHERE account = %s AND kind = 'DRAWDOWN'),
    (SELECT max(recorded_at) FROM account_reset WHERE account_id = %s), '-infinity')::text"""
POINTS = """SELECT newest, taken_at, equity FROM (
      SELECT max(id) OVER () AS newest, taken_at, equity, max(equity) OVER (ORDER BY taken_at DESC ROWS BETWEEN
        UNBOUNDED PRECEDING AND 1 PRECEDING) AS later FROM equity_snapshot
      WHERE account = %s AND id > %s AND taken_at > %s AND stored_at > %s::timestamptz) AS point
    WHERE later IS NULL OR equity > later"""
Point = tuple[datetime, Decimal]


class Peak:
    """Of one account, as one process remembers it. Not for several threads at once."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._forget()

    def _forget(self, counts_from: str | None = None, now: datetime | None = None) -> None:
        self._counts_from, self._asked_at = counts_from, now
        self._newest, self._points = 0, list[Point]()

    def at(self, now: datetime) -> Decimal | None:
        """The peak at a market time; None when no point counts."""
        counts_from = str(db.select(COUNTS_FROM, (self.account, self.account))[0][0])
        if counts_from != self._counts_from or self._asked_at is None or now < self._asked_at:
            self._forget(counts_from, now)
        since = now - WINDOW
        rows = db.select(POINTS, (self.account, self._newest - AGAIN, since, counts_from))
        self._newest = max([self._newest, *(row[0] for row in rows)])
        kept = [point for point in self._points if point[0] > since]
        self._points, self._asked_at = unsurpassed([*kept, *((row[1], row[2]) for row in rows)]), now
        return self._points[0][1] if self._points else None


def unsurpassed(points: Iterable[Point]) -> list[Point]:
    """Those that no later one reaches, oldest and highest first."""
    kept: list[Point] = []
    for point in sorted(points, reverse=True):
        if not kept or point[1] > kept[-1][1]:
            kept.append(point)
    return kept[::-1]
