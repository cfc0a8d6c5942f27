"""Fetching closed candles over REST: what to ask for, and asking for it a few symbols at a time.

`backfill_ranges` decides per symbol what is missing since its last stored candle; `missing_ranges` turns single
missing open times into ranges. Fetching returns closed candles only and never writes. All times are epoch
seconds of the market clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from marketdata.intervals import interval_s
from marketdata.metrics import MALFORMED
from marketdata.mexc.errors import BadAnswer, Refused
from marketdata.mexc.rest import KLINES_MAX, CandleRow, MexcRest, closed_only
from marketdata.operations import ClosedCandle

log = logging.getLogger(__name__)
CONCURRENT = 6


class Range(NamedTuple):
    """Open times from `first_s` to `last_s`, both included, of one symbol."""

    symbol: str
    first_s: int
    last_s: int


def backfill_ranges(
    symbols: Sequence[str], last_open_s: Mapping[str, int], newest_s: int, length_s: int, candles: int, gap_max: int
) -> tuple[list[Range], list[Range]]:
    """(history to warm up with, gaps to fill and publish). A gap longer than `gap_max` counts as a first start."""
    history, gaps = [], []
    for symbol in symbols:
        last_s = last_open_s.get(symbol)
        if last_s is None or (newest_s - last_s) // length_s > gap_max:
            history.append(Range(symbol, newest_s - (candles - 1) * length_s, newest_s))
        elif last_s < newest_s:
            gaps.append(Range(symbol, last_s + length_s, newest_s))
    return history, gaps


def missing_ranges(missing: Mapping[str, Sequence[int]], length_s: int) -> list[Range]:
    """Neighbouring missing open times of a symbol as one range."""
    ranges: list[Range] = []
    for symbol, opens in missing.items():
        for open_s in opens:
            if ranges and ranges[-1].symbol == symbol and ranges[-1].last_s == open_s - length_s:
                ranges[-1] = ranges[-1]._replace(last_s=open_s)
            else:
                ranges.append(Range(symbol, open_s, open_s))
    return ranges


async def fetch(rest: MexcRest, ranges: Sequence[Range], interval: str, market_s: float) -> list[ClosedCandle]:
    """Closed candles of all ranges. A range refused or misread is logged and left out; Unavailable is raised."""
    gate = asyncio.Semaphore(CONCURRENT)

    async def one(wanted: Range) -> list[ClosedCandle]:
        async with gate:
            try:
                return await _fetch_range(rest, wanted, interval, market_s)
            except (Refused, BadAnswer) as problem:
                MALFORMED.labels("klines", type(problem).__name__).inc()
                log.warning("candles of %s not usable: %s", wanted.symbol, problem)
                return []

    parts = await asyncio.gather(*(one(wanted) for wanted in ranges))
    return [candle for part in parts for candle in part]


async def _fetch_range(rest: MexcRest, wanted: Range, interval: str, market_s: float) -> list[ClosedCandle]:
    length_s = interval_s(interval)
    collected: list[ClosedCandle] = []
    first_s = wanted.first_s
    while first_s <= wanted.last_s:
        limit = min(KLINES_MAX, (wanted.last_s - first_s) // length_s + 1)
        rows = await rest.klines(wanted.symbol, interval, start_s=first_s, limit=limit)
        inside = [row for row in closed_only(rows, market_s) if first_s <= row.open_s <= wanted.last_s]
        collected.extend(map(closed_candle, inside))
        first_s += limit * length_s
    return collected


def closed_candle(row: CandleRow) -> ClosedCandle:
    return ClosedCandle(row.symbol, row.open_s, row.open, row.high, row.low, row.close, row.volume, row.quote_volume)
