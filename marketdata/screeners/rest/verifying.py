"""Every stored candle is read once more from REST a little later: what a socket told wrong cannot stay.

One call answers up to 500 candles of a symbol, so it is made seldom: every 5 minutes of market time, but after 10 to
300 s on the wall clock, one symbol after the other. A reading reaches back over the one before, so that a candle which
was unusable in one answer gets a second chance. It corrects what is stored and adds nothing: what is missing is a gap.
How far it came lies in Redis, so that a restart goes on there.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from cdb_site.bus.redis import connection, read_hash
from cdb_site.clock import Clock
from cdb_site.env import Environment
from marketdata import operations, queries
from marketdata.intervals import last_closed_open_s
from marketdata.metrics import CANDLES_VERIFIED
from marketdata.mexc.rest import KLINES_MAX, MexcRest, Purpose
from marketdata.models import Candle
from marketdata.screeners import history
from marketdata.screeners.history import Fetched, Range
from marketdata.screeners.rest.fetching import PRODUCER, InThread

EVERY_MARKET_S = 300.0
EVERY_MIN_S, EVERY_MAX_S = 10.0, 300.0
SETTLED_MARKET_S = 10.0
SETTLED_WALL_S = 3.0
CANDLES_MAX = 2000
KEY = "cdb:candles:verified"


class Verified(NamedTuple):
    """The last open time that was read again, and the one of the time before."""

    last_s: int
    before_s: int


class Round:
    """Whose turn it is, and what is to be read. Pure: the caller brings the time."""

    def __init__(self, length_s: int, first_candles: int) -> None:
        self.length_s, self.first_candles = length_s, min(first_candles, KLINES_MAX)
        self.verified: dict[str, Verified] = {}
        self._asked_at: dict[str, float] = {}

    def due(self, symbols: Sequence[str], now_s: float, rate: float) -> list[str]:
        """Those that were not asked for longest, as many as keep the whole round even. Called once a second."""
        every_s = min(EVERY_MAX_S, max(EVERY_MIN_S, EVERY_MARKET_S / rate))
        waiting = [symbol for symbol in symbols if now_s - self._asked_at.get(symbol, -math.inf) >= every_s]
        waiting.sort(key=lambda symbol: self._asked_at.get(symbol, -math.inf))
        return waiting[: math.ceil(len(symbols) / every_s)]

    def wanted(self, symbol: str, market_s: float, rate: float, now_s: float) -> Range | None:
        """What to read of a symbol whose turn it is; None when nothing new is settled."""
        self._asked_at[symbol] = now_s
        settled_s = max(SETTLED_MARKET_S, SETTLED_WALL_S * rate)
        newest_s = last_closed_open_s(market_s - settled_s, self.length_s)
        first_s = newest_s - (self.first_candles - 1) * self.length_s
        known = self.verified.get(symbol)
        if known is not None:
            if known.last_s >= newest_s:
                return None
            first_s = max(known.before_s + self.length_s, newest_s - (CANDLES_MAX - 1) * self.length_s)
        return Range(symbol, first_s, newest_s)

    def done(self, read: Range) -> None:
        known = self.verified.get(read.symbol)
        self.verified[read.symbol] = Verified(read.last_s, known.last_s if known else read.first_s - self.length_s)


class Verifier:
    """`turn` once a second."""

    def __init__(self, environment: Environment, clock: Clock, rest: MexcRest, in_thread: InThread) -> None:
        self.interval, self.clock, self.in_thread = environment.INTERVAL, clock, in_thread
        self.rest = rest.with_purpose(Purpose.HISTORY)
        self.round = Round(environment.interval_s, environment.BACKFILL_CANDLES)
        self._remembered = False

    async def turn(self, symbols: Sequence[str]) -> None:
        """Raises Unavailable, DatabaseError, or what Redis raises when it does not answer."""
        if not self._remembered:
            self.round.verified |= await asyncio.to_thread(_remembered, self.interval)
            self._remembered = True
        now_s, market_s, rate = self.clock.monotonic_s(), self.clock.market_s(), self.clock.anchor.rate
        due = self.round.due(symbols, now_s, rate)
        asked = [self.round.wanted(symbol, market_s, rate, now_s) for symbol in due]
        ranges = [wanted for wanted in asked if wanted is not None]
        parts = await history.fetch_each(self.rest, ranges, self.interval, market_s)
        answered = [part for part in parts if part.problem is None]
        if answered:
            CANDLES_VERIFIED.inc(await self.in_thread(lambda: _correct(self.interval, answered)))
            for part in answered:
                self.round.done(part.wanted)
            verified = {part.wanted.symbol: self.round.verified[part.wanted.symbol] for part in answered}
            await asyncio.to_thread(_remember, self.interval, verified)
        for part in parts:
            if part.problem is not None:
                raise part.problem


def _correct(interval: str, parts: Sequence[Fetched]) -> int:
    """Store what differs from what is stored. Returns how many stored candles were compared."""
    stored = []
    for part in parts:
        symbol, first_s, last_s = part.wanted
        missing = set(queries.missing_opens([symbol], interval, first_s, last_s).get(symbol, ()))
        stored += [candle for candle in part.candles if candle.open_s not in missing]
    operations.store_closed_candles(interval, stored, Candle.Source.REST, PRODUCER)
    return len(stored)


def _remembered(interval: str) -> dict[str, Verified]:
    kept = {symbol: text.partition(" ") for symbol, text in read_hash(f"{KEY}:{interval}").items()}
    return {symbol: Verified(int(last), int(before)) for symbol, (last, _, before) in kept.items()}


def _remember(interval: str, verified: dict[str, Verified]) -> None:
    fields = {symbol: f"{item.last_s} {item.before_s}" for symbol, item in verified.items()}
    connection().hset(f"{KEY}:{interval}", mapping=dict[Any, Any](fields))
