"""How long a signal takes from stage to stage: candle stored → signal → decision → order → claimed → filled, in ms.

By the clock on the wall, of the newest signals. A stage's time is the median and the 95th of 100 of what went through
it. A candle that was stored again after its signal, as corrected ones are, says nothing about when it came first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from cdb_site import db
from dashboard.wire import Row

NEWEST = 200
STAGES = ("candle", "signal", "decision", "order", "claimed", "filled")
MOMENTS = """
    WITH newest AS (
        SELECT signal_id, symbol, interval, open_time, created_at FROM signal ORDER BY created_at DESC LIMIT %s)
    SELECT CASE WHEN candle.received_at <= newest.created_at THEN candle.received_at END, newest.created_at,
        decision.decided_at, placed.created_at, placed.claimed_at,
        (SELECT max(fill.recorded_at) FROM fill WHERE fill.order_id = placed.order_id)
    FROM newest
    LEFT JOIN marketdata_candle AS candle ON candle.instrument_id = newest.symbol AND candle.interval = newest.interval
        AND candle.open_time = newest.open_time
    LEFT JOIN decision ON decision.signal_id = newest.signal_id
    LEFT JOIN "order" AS placed ON placed.order_id = decision.decision_id"""
Moments = Sequence[datetime | None]


def read() -> Row:
    return told(db.select(MOMENTS, [NEWEST]))


def told(chains: Sequence[Moments]) -> Row:
    """`steps`: the time from one stage to the next, with how many took it; `whole`: from candle to fill. `chains` have
    a moment, or None, for each of STAGES. No step that nothing went through."""
    steps = [
        {"from": before, "to": after, **spread}
        for place, (before, after) in enumerate(zip(STAGES, STAGES[1:], strict=False))
        if (spread := _spread(_passed(chain[place], chain[place + 1]) for chain in chains))
    ]
    whole = _spread(_passed(chain[0], chain[-1]) for chain in chains)
    return {"signals": len(chains), "steps": steps, "whole": whole}


def _passed(began: datetime | None, ended: datetime | None) -> float | None:
    if began is None or ended is None:
        return None
    return max(0.0, (ended - began).total_seconds() * 1000)


def _spread(found: Iterable[float | None]) -> Row | None:
    """Median and 95th of 100 by nearest rank."""
    times = sorted(passed for passed in found if passed is not None)
    if not times:
        return None
    return {"count": len(times), "p50_ms": _rank(times, 0.5), "p95_ms": _rank(times, 0.95)}


def _rank(times: Sequence[float], share: float) -> float:
    return round(times[math.ceil(share * len(times)) - 1], 1)
