"""Fetching closed candles over REST: what to ask for, and asking for it a few symbols at a time.

`history_ranges` decides per symbol what is missing of its history; `missing_ranges` turns single missing open times
into ranges. Fetching returns closed candles only and never writes. All times are epoch seconds of the market clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from marketdata.intervals import interval_s
from marketdata.metrics import MALFORMED
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused
from marketdata.mexc.rest import KLINES_MAX, CandleRow, MexcRest, closed_only
from marketdata.operations import ClosedCandle

log = logging.getLogger(__name__)
CONCURRENT = 6


class Range(NamedTuple):
    """Open times from `first_s` to `last_s`, both included, of one symbol."""

    symbol: str
    first_s: int
    last_s: int


class StoredHistory(NamedTuple):
    """First and last stored open time of a symbol within the window that was looked at."""

    first_s: int
    last_s: int


class Fetched(NamedTuple):
    """What came of asking for one range; `problem` says why it may not be all of it."""

    wanted: Range
    candles: list[ClosedCandle]
    problem: MexcProblem | None


def history_ranges(
    symbols: Collection[str], stored: Mapping[str, StoredHistory], wanted_from_s: int, newest_s: int, length_s: int
) -> tuple[list[Range], list[Range]]:
    """(history before the first stored candle, to warm up with; gaps after the last one, to fill and publish).

    History reaches back to `wanted_from_s`. A symbol without any stored candle has history only.
    """
    history, gaps = [], []
    for symbol in symbols:
        found = stored.get(symbol)
        last_s = newest_s if found is None else found.first_s - length_s
        if wanted_from_s <= last_s:
            history.append(Range(symbol, wanted_from_s, last_s))
        if found is not None and found.last_s < newest_s:
            gaps.append(Range(symbol, found.last_s + length_s, newest_s))
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


def covering(ranges: Sequence[Range], length_s: int) -> list[Range]:
    """As few ranges as cover these: what one call can answer is asked for at once, also what lies between.

    Ranges of one symbol stand together, in order of time.
    """
    joined: list[Range] = []
    for wanted in ranges:
        before = joined[-1] if joined else None
        if before and before.symbol == wanted.symbol and (wanted.last_s - before.first_s) // length_s < KLINES_MAX:
            joined[-1] = before._replace(last_s=wanted.last_s)
        else:
            joined.append(wanted)
    return joined


async def fetch(rest: MexcRest, ranges: Sequence[Range], interval: str, market_s: float) -> list[ClosedCandle]:
    """Closed candles of all ranges. A range refused or misread is logged and left out; Unavailable is raised."""
    parts = await fetch_each(rest, ranges, interval, market_s)
    for part in parts:
        if part.problem is not None and not isinstance(part.problem, RequestRefused | BadAnswer):
            raise part.problem
    return [candle for part in parts for candle in part.candles]


async def fetch_each(rest: MexcRest, ranges: Sequence[Range], interval: str, market_s: float) -> list[Fetched]:
    """What came of each range, in their order. Raises nothing of the exchange's: what came so far is kept.

    Once the exchange does not answer, nothing more is begun.
    """
    gate = asyncio.Semaphore(CONCURRENT)
    given_up: list[MexcProblem] = []

    async def one(wanted: Range) -> Fetched:
        collected: list[ClosedCandle] = []
        async with gate:
            if given_up:
                return Fetched(wanted, [], given_up[0])
            try:
                await _fetch_range(rest, wanted, interval, market_s, collected)
            except (RequestRefused, BadAnswer) as problem:
                MALFORMED.labels("klines", type(problem).__name__).inc()
                log.warning("candles of %s not usable: %s", wanted.symbol, problem)
                return Fetched(wanted, collected, problem)
            except MexcProblem as problem:
                given_up.append(problem)
                return Fetched(wanted, collected, problem)
        return Fetched(wanted, collected, None)

    return await asyncio.gather(*(one(wanted) for wanted in ranges))


async def _fetch_range(
    rest: MexcRest, wanted: Range, interval: str, market_s: float, collected: list[ClosedCandle]
) -> None:
    length_s = interval_s(interval)
    first_s = wanted.first_s
    while first_s <= wanted.last_s:
        limit = min(KLINES_MAX, (wanted.last_s - first_s) // length_s + 1)
        rows = await rest.klines(wanted.symbol, interval, start_s=first_s, limit=limit)
        inside = [row for row in closed_only(rows, market_s) if first_s <= row.open_s <= wanted.last_s]
        collected.extend(map(closed_candle, inside))
        first_s += limit * length_s


def closed_candle(row: CandleRow) -> ClosedCandle:
    return ClosedCandle(row.symbol, row.open_s, row.open, row.high, row.low, row.close, row.volume, row.quote_volume)
