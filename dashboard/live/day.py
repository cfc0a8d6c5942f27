"""The day so far, in market time: what the status bar sets against the newest mark.

    realised today = what the mark says was ever realised − `realized_before`;  fees likewise
    open           = the day's result − realised today + fees today
    worst          = the largest loss, drawdown and exposure that a stored point of today shows (fractions)

The two "before" figures stand still all day, so the sum holds at every mark between two readings. A new start of the
account begins its day anew. Only reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cdb_site import db
from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from dashboard.wire import Row, moment, text
from execution.models import AccountReset, Order
from execution.queries import PAPER
from risk.loss_baselines import midnight_of
from risk.queries import BOOKED_BEFORE, CLOCKS_APART

WORST_EVERY_S = 15.0
# Wall and market time may lie apart where a simulated market stood still or runs slowly.
WALL_SPAN = timedelta(days=2)
BEFORE = """SELECT account.realized_pnl - coalesce(today.realized, 0), account.fees - coalesce(today.fees, 0)
    FROM account LEFT JOIN LATERAL (SELECT sum(realized_pnl) AS realized, sum(fee) AS fees FROM fill
      WHERE account_id = account.account AND fill_id > %(booked)s AND executed_at >= %(since)s) AS today ON true
    WHERE account.account = %(account)s"""
# By stretches of five minutes, for a window over every point costs their square. A stretch's low is set against the
# peaks before it and its own first point: what is said to have been lost, was lost.
WORST = """WITH stretch AS (SELECT date_bin('5 minutes', taken_at, %(since)s) AS at, min(equity) AS low,
        max(equity) AS high, (array_agg(equity ORDER BY taken_at))[1] AS first, max(exposure) AS exposure
      FROM equity_snapshot WHERE account = %(account)s AND taken_at >= %(peak_since)s GROUP BY 1),
    peaked AS (SELECT *, greatest(first, max(high) OVER (ORDER BY at
      RANGE BETWEEN '24 hours' PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW)) AS peak FROM stretch)
    SELECT min(low), max(exposure), max(1 - low / nullif(peak, 0)) FROM peaked WHERE at >= %(since)s"""


class DaySoFar:
    """Reads the day; its worst only once in a while, for that looks at many points."""

    def __init__(self) -> None:
        self._worst: Row = {}
        self._worst_of: datetime | None = None
        self._worst_at = float("-inf")

    def worst(self) -> Row:
        """Of this day alone."""
        since, reset = began_at(SYSTEM.market_now())
        return self._worst_since(since, since if reset else since - timedelta(days=1))

    def read(self) -> Row:
        since, reset = began_at(SYSTEM.market_now())
        realized, fees = _before(since)
        return {
            "since": moment(since),
            "realized_before": text(realized),
            "fees_before": text(fees),
            "worst": self._worst_since(since, since if reset else since - timedelta(days=1)),
            "orders": Order.objects.filter(
                occurred_at__gte=since, created_at__gte=SYSTEM.wall_now() - WALL_SPAN
            ).count(),
            "alerts": Alert.objects.filter(raised_at__gte=since).count(),
        }

    def _worst_since(self, since: datetime, peak_since: datetime) -> Row:
        now_s = SYSTEM.monotonic_s()
        if self._worst_of != since or now_s - self._worst_at > WORST_EVERY_S:
            self._worst, self._worst_of, self._worst_at = _worst(since, peak_since), since, now_s
        return self._worst


def began_at(now: datetime) -> tuple[datetime, bool]:
    """When the day of this market time began for the account, and whether with a new start of it."""
    midnight = midnight_of(now.date())
    reset = AccountReset.objects.filter(account=PAPER, occurred_at__gte=midnight).first()
    return (reset.occurred_at, True) if reset else (midnight, False)


def _before(since: datetime) -> tuple[Decimal, Decimal]:
    booked = db.select(BOOKED_BEFORE, (PAPER, since - CLOCKS_APART))
    asked = {"account": PAPER, "since": since, "booked": booked[0][0] if booked else 0}
    rows = db.select(BEFORE, asked)
    return (rows[0][0], rows[0][1]) if rows else (Decimal(0), Decimal(0))


def _worst(since: datetime, peak_since: datetime) -> dict[str, Any]:
    low, exposure, drawdown = db.select(WORST, {"account": PAPER, "since": since, "peak_since": peak_since})[0]
    return {"equity": text(low), "exposure": text(exposure), "drawdown_24h": text(drawdown)}
