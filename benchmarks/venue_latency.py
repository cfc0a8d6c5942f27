"""Tick → fill over the exchange's own orders: the demo with VENUE=MEXC, signed requests at the simulated exchange.

A tick is the moment the candle that caused the signal was stored, a fill the one at which it was booked. Between them
lie decision, claim, a signed order over HTTP, the exchange's matching and its push. The exchange takes 12 orders a
second of an account, so that what a busy close causes queues; the first fill of each close is told besides.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from cdb_site.local.system import System, running_system
from proofs.rig.connections import owner_connection
from proofs.rig.waiting import expect, say, wait_for
from proofs.venue_faults.run import TRADING

FIRST_TRADE_S = 180.0
LEAST = 30
WAITED = """
    SELECT extract(epoch FROM f.recorded_at - c.received_at) * 1000,
      extract(epoch FROM f.recorded_at - o.claimed_at) * 1000, s.open_time
    FROM fill f JOIN "order" o USING (order_id) JOIN signal s ON s.signal_id = o.signal_id
    JOIN marketdata_candle c ON c.instrument_id = s.symbol AND c."interval" = s."interval" AND c.open_time = s.open_time
    WHERE o.venue = 'MEXC' ORDER BY f.fill_id"""


def venue_latency(seconds: float) -> dict[str, Any]:
    """Percentiles in ms over all fills of so many wall seconds. Raises Unmet where too little was traded."""
    with running_system("bench", given={"VENUE": "MEXC"}, env_overrides=TRADING) as system:
        wait_for(lambda: bool(_waited(system)), "the first fill at the exchange", FIRST_TRADE_S)
        time.sleep(seconds)
        rows = _waited(system)
    expect(len(rows) >= LEAST, f"{len(rows)} fills at the exchange in {seconds:g} s, {LEAST} are needed")
    first: dict[Any, float] = {}
    for tick_ms, _, close in rows:
        first[close] = min(tick_ms, first.get(close, tick_ms))
    say(f"{len(rows)} fills at the exchange, of {len(first)} closes")
    return {
        "fills": len(rows),
        "tick_to_fill_ms": _percentiles([row[0] for row in rows]),
        "first_of_close_ms": _percentiles(list(first.values())),
        "claim_to_fill_ms": _percentiles([row[1] for row in rows]),
    }


def _waited(system: System) -> list[tuple[float, float, Any]]:
    with owner_connection(system.env) as connection:
        return [(float(tick), float(claim), close) for tick, claim, close in connection.execute(WAITED).fetchall()]


def _percentiles(values: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    return {"p50": round(cut[49], 1), "p99": round(cut[98], 1)}
