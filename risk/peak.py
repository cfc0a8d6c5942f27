"""The highest equity of the last 24 hours, remembered: what is stored is read once, and then what is newer alone.

Each point counts less what had been paid into the account until then, so that no payment moves it: the peak is this
highest plus what is paid in now.

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
# A point that does not know was stored before payments were: what is paid in now had been there.
EARNED = "equity - coalesce(paid_in, (SELECT paid_in FROM account WHERE account = %(account)s), 0)"
POINTS = f"""SELECT newest, taken_at, earned FROM (
      SELECT max(id) OVER () AS newest, taken_at, earned, max(earned) OVER (ORDER BY taken_at DESC ROWS BETWEEN
        UNBOUNDED PRECEDING AND 1 PRECEDING) AS later
      FROM (SELECT id, taken_at, {EARNED} AS earned FROM equity_snapshot WHERE account = %(account)s AND id > %(newest)s
        AND taken_at > %(since)s AND stored_at > %(counts_from)s::timestamptz) AS stored) AS point
    WHERE later IS NULL OR earned > later"""  # noqa: S608
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
        """The peak at a market time, less what is paid in; None when no point counts."""
        counts_from = str(db.select(COUNTS_FROM, (self.account, self.account))[0][0])
        if counts_from != self._counts_from or self._asked_at is None or now < self._asked_at:
            self._forget(counts_from, now)
        since = now - WINDOW
        asked = {"account": self.account, "newest": self._newest - AGAIN, "since": since, "counts_from": counts_from}
        rows = db.select(POINTS, asked)
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
