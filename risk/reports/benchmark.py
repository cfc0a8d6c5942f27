"""What the watched symbols did over a period: their closes at given times, each looked up by the candles' key.

Watched are the symbols that the newest choice of the universe before the period's start had chosen, or the first choice
after it: those that were bought then, not those that turned out well. A symbol whose last close at the start is older
than an hour had no price then. How much is read depends on the number of times and symbols, not on what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.conf import settings

from cdb_site import db
from risk.rules.equity_path import Point
from risk.rules.holding import equal_weights

BASE_AGE_MAX = timedelta(hours=1)
WATCHED = """SELECT symbol FROM marketdata_universeentry WHERE chosen AND choice_id = coalesce(
      (SELECT id FROM marketdata_universechoice WHERE chosen_at <= %(at)s ORDER BY id DESC LIMIT 1),
      (SELECT id FROM marketdata_universechoice ORDER BY id LIMIT 1)) ORDER BY symbol"""
CLOSES = """SELECT asked.at, symbol, candle.close, asked.at - candle.open_time
    FROM unnest(%(times)s::timestamptz[]) AS asked (at) CROSS JOIN unnest(%(symbols)s::text[]) AS symbol
    CROSS JOIN LATERAL (SELECT close, open_time FROM marketdata_candle WHERE instrument_id = symbol
      AND "interval" = %(interval)s AND open_time <= asked.at - %(length)s ORDER BY open_time DESC LIMIT 1) AS candle
    ORDER BY 1, 2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUniverse:
    """`path` is empty where nothing is known; `held` of the `watched` symbols had a price at the start."""

    path: list[Point]
    watched: int
    held: int


def universe(times: Sequence[datetime]) -> HeldUniverse:
    """The value of 1 that was spread over the watched symbols at the first of these times, at each of them."""
    watched = [row[0] for row in db.select(WATCHED, {"at": times[0]})] if times else []
    if not watched:
        return HeldUniverse(path=[], watched=0, held=0)
    length = timedelta(seconds=settings.ENVIRONMENT.interval_s)
    asked = {"times": list(times), "symbols": watched, "interval": settings.ENVIRONMENT.INTERVAL, "length": length}
    rows = db.select(CLOSES, asked)
    bases = {row[1]: row[2] for row in rows if row[0] == times[0] and row[3] <= BASE_AGE_MAX + length}
    closes: list[tuple[datetime, dict[str, Decimal]]] = [
        (at, {row[1]: row[2] for row in of_time}) for at, of_time in groupby(rows, key=lambda row: row[0])
    ]
    return HeldUniverse(path=equal_weights(bases, closes), watched=len(watched), held=len(bases))
