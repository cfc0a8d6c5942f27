"""Ending the life of old candles, so that the table grows no further than `CANDLES_KEPT_DAYS` of market time.

They go in small portions with a breath between them, oldest first, so that nobody waits for a lock. Kept are what the
lookback and the history at start need, however short the days, and what was imported on purpose. A clock that runs
ahead by mistake deletes nothing early: against a real exchange the earlier of its time and ours counts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cdb_site.clock import Clock, from_seconds
from cdb_site.db import select
from cdb_site.env import Environment
from marketdata.intervals import SECONDS
from marketdata.metrics import CANDLES_DELETED
from marketdata.models import Candle

PORTION = 5000
PORTIONS_MAX = 200
DELETE = """
WITH old AS MATERIALIZED (
    SELECT id, open_time FROM marketdata_candle
    WHERE "interval" = %s AND open_time >= %s AND open_time < %s AND source <> %s
    ORDER BY open_time LIMIT %s
), gone AS (
    DELETE FROM marketdata_candle WHERE id IN (SELECT id FROM old)
)
SELECT count(*), max(open_time) FROM old"""


def kept_since(environment: Environment, clock: Clock, length_s: int) -> datetime | None:
    """Candles of this length that open earlier may go; None: all stay."""
    if not environment.CANDLES_KEPT_DAYS:
        return None
    now_s = clock.market_s() if clock.anchor.simulated else min(clock.market_s(), clock.wall_s())
    needed_s = environment.lookback_s + (environment.BACKFILL_CANDLES + 2) * length_s
    return from_seconds(now_s) - max(timedelta(days=environment.CANDLES_KEPT_DAYS), timedelta(seconds=needed_s))


def delete_old_candles(environment: Environment, clock: Clock, pause: Callable[[], object]) -> int:
    """Returns how many went; a great many are left to the next time. `pause` is called between portions."""
    deleted = 0
    portions = PORTIONS_MAX
    for interval, length_s in SECONDS.items():
        since = kept_since(environment, clock, length_s)
        reached: datetime | None = from_seconds(0)
        while since and reached and portions:
            ((count, reached),) = select(DELETE, [interval, reached, since, Candle.Source.IMPORT, PORTION])
            portions -= 1
            deleted += count
            CANDLES_DELETED.inc(count)
            if count < PORTION:
                break
            pause()
    return deleted
