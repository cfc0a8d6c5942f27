"""How many closed candles a second a backfill gets into the database: new rows, known ones, corrected ones.

A batch is what a backfill hands over at once. It runs through `store_closed_candles` whole: snapped to the tick,
upserted, counted, in one transaction per 2,000 candles, on a database of its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marketdata import operations
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from proofs.rig.crowd import Crowd, names
from proofs.rig.waiting import expect, say

SYMBOLS = 30
START_S = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
LENGTH_S = 60


def measure(*, candles_a_batch: int = 15_000, rounds: int = 5) -> dict[str, Any]:
    """The bench's keys about candles."""
    symbols = names(SYMBOLS)
    Crowd(symbols, START_S // LENGTH_S, 60.0).settle()
    rates: dict[str, list[float]] = {"new": [], "existing": [], "corrected": []}
    per_symbol = candles_a_batch // SYMBOLS
    for number in range(rounds):
        first_s = START_S + number * per_symbol * LENGTH_S
        batch = _batch(symbols, first_s, per_symbol, Decimal("101.50"))
        rates["new"].append(_rate(batch, expected=len(batch)))
        rates["existing"].append(_rate(batch, expected=0))
        rates["corrected"].append(_rate(_batch(symbols, first_s, per_symbol, Decimal("101.51")), expected=0))
    stored = Candle.objects.filter(close=Decimal("101.51"), revised=True).count()
    expect(stored == rounds * per_symbol * SYMBOLS, f"{stored} corrected candles")
    medians = {kind: round(statistics.median(of_kind)) for kind, of_kind in rates.items()}
    say(f"candles upserted per second, in batches of {per_symbol * SYMBOLS}: {medians}")
    return {"candles_upserted_per_s": medians}


def _rate(batch: Sequence[ClosedCandle], *, expected: int) -> float:
    started_s = time.perf_counter()
    new = operations.store_closed_candles("1m", batch, Candle.Source.BACKFILL, "rest")
    spent_s = time.perf_counter() - started_s
    expect(new == expected, f"{new} of {len(batch)} candles were new, not {expected}")
    return len(batch) / spent_s


def _batch(symbols: Sequence[str], first_s: int, per_symbol: int, close: Decimal) -> list[ClosedCandle]:
    opened, high, low = Decimal("100.25"), Decimal("102.75"), Decimal("99.5")
    return [
        ClosedCandle(
            symbol,
            first_s + number * LENGTH_S,
            opened,
            high,
            low,
            close,
            Decimal(1000 + number).scaleb(-3),
            Decimal(100_000 + number).scaleb(-2),
        )
        for symbol in symbols
        for number in range(per_symbol)
    ]
