"""Whether the stored candles are the exchange's own: none missing, none different, none told twice.

The truth is read from the simulator's klines endpoint, spared from its faults; the stored ones from PostgreSQL; what
was told from the event log. Times are epoch seconds of the market.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Event
from typing import Any, NamedTuple

import orjson

from cdb_site.clock import SYSTEM
from cdb_site.db import select
from marketdata.intervals import interval_s, moment
from mexc_sim.faults.desk import CONTROL_HEADER

ROWS = 500
STORED = """
    SELECT instrument_id, extract(epoch FROM open_time)::bigint, "open", high, low, "close", volume, quote_volume
    FROM marketdata_candle WHERE instrument_id = ANY(%s) AND "interval" = %s AND open_time BETWEEN %s AND %s"""
TOLD = """
    SELECT candle->>'symbol', extract(epoch FROM (payload->>'open_time')::timestamptz)::bigint, count(*)
    FROM event, jsonb_array_elements(payload->'candles') candle
    WHERE topic = 'market_data' AND payload->>'interval' = %s
      AND (payload->>'open_time')::timestamptz BETWEEN %s AND %s GROUP BY 1, 2"""

Key = tuple[str, int]


class CandleComparison(NamedTuple):
    """What a comparison found; keys are (symbol, open second)."""

    candles: int
    missing: list[Key]
    different: list[Key]
    twice: list[Key]
    untold: list[Key]

    @property
    def equal(self) -> bool:
        return not (self.missing or self.different or self.twice or self.untold)

    def __str__(self) -> str:
        found = {name: keys for name, keys in self._asdict().items() if name != "candles" and keys}
        words = [
            f"{len(keys)} {name}, first {keys[0][0]} at {moment(keys[0][1]):%H:%M}" for name, keys in found.items()
        ]
        return f"{self.candles} candles: " + ("; ".join(words) or "all equal")


def compare(url: str, symbols: Sequence[str], interval: str, first_s: int, last_s: int) -> CandleComparison:
    """All candles that open in [first_s, last_s], both included and closed by now."""
    span = (moment(first_s), moment(last_s))
    truth = {key: numbers for symbol in symbols for key, numbers in _klines(url, symbol, interval, first_s, last_s)}
    stored = {(row[0], row[1]): row[2:] for row in select(STORED, [list(symbols), interval, *span])}
    told = {(symbol, open_s): count for symbol, open_s, count in select(TOLD, [interval, *span])}
    both = truth.keys() & stored.keys()
    return CandleComparison(
        candles=len(truth),
        missing=sorted(truth.keys() - stored.keys()),
        different=sorted({key for key in both if truth[key] != stored[key]} | (stored.keys() - truth.keys())),
        twice=sorted(key for key, count in told.items() if count > 1),
        untold=sorted(truth.keys() - told.keys()),
    )


def _klines(
    url: str, symbol: str, interval: str, first_s: int, last_s: int
) -> Iterator[tuple[Key, tuple[Decimal, ...]]]:
    length_s = interval_s(interval)
    for start_s in range(first_s, last_s + 1, ROWS * length_s):
        end_s = min(last_s, start_s + (ROWS - 1) * length_s)
        parameters = {"symbol": symbol, "interval": interval, "limit": ROWS}
        parameters |= {"startTime": start_s * 1000, "endTime": end_s * 1000}
        for row in asked(url, f"/api/v3/klines?{urllib.parse.urlencode(parameters)}"):
            yield (symbol, row[0] // 1000), tuple(Decimal(row[place]) for place in (1, 2, 3, 4, 5, 7))


def asked(url: str, path: str) -> Any:
    """An answer of the simulator, whatever faults hold."""
    request = urllib.request.Request(url + path, headers={CONTROL_HEADER: "1"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        return orjson.loads(answer.read())


class MarketTime:
    """The simulator's market time, asked for once: its promise is exact."""

    def __init__(self, url: str) -> None:
        self.told = asked(url, "/api/v3/time")["simulation"]

    @property
    def rate(self) -> float:
        """Market seconds per wall second."""
        return float(self.told["rate"])

    def now_s(self) -> float:
        return float(self.told["market_s"]) + (SYSTEM.wall_s() - self.told["wall_s"]) * self.rate

    def wait_until(self, market_s: float) -> None:
        while (now_s := self.now_s()) < market_s:
            Event().wait((market_s - now_s) / self.rate + 0.001)
