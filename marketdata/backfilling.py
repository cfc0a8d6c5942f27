"""History over REST: what is missing of it is asked for, newest first, and stored as it comes.

What is missing follows from PostgreSQL alone, so an interrupted backfill goes on where it stopped. A request brings up
to 500 candles; some travel at once, and the limiter that all processes share sets the pace. A symbol is given up when
2,500 candles in a row, older than all that is stored of it, were asked for in vain: the exchange has no older ones.
What is stored is never changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from cdb_site.clock import SYSTEM
from cdb_site.env import Environment
from marketdata import operations, queries
from marketdata.intervals import interval_s
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused
from marketdata.mexc.rest import KLINES_MAX, MexcRest, Purpose
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from marketdata.screeners import history
from marketdata.screeners.history import Fetched, Range
from marketdata.screeners.rest.anchoring import Anchoring
from marketdata.screeners.rest.fetching import PRODUCER, candles_in

AT_ONCE = 24
IN_VAIN_MAX = 5 * KLINES_MAX


@dataclass(kw_only=True)
class Done:
    """How far a backfill is. `ended`: symbol → first open time of the exchange, as far as is known."""

    requests: int
    asked: int = 0
    new: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    refused: dict[str, MexcProblem] = field(default_factory=dict)
    problem: MexcProblem | None = None


@dataclass
class Oldest:
    """The first open time that is known of a symbol, and how many candles before it were asked for in vain."""

    open_s: int
    in_vain: int = 0


def requests_for(holes: queries.Holes, symbols: Sequence[str], first_s: int, last_s: int, length_s: int) -> list[Range]:
    """A range per request, for all candles of [first_s, last_s] that are not stored; newest first over all symbols."""
    between: dict[str, list[Range]] = {}
    for hole in holes.between:
        between.setdefault(hole[0], []).append(Range(*hole))
    wanted: list[Range] = []
    for symbol in symbols:
        begin_s, end_s = holes.stored.get(symbol, (last_s + length_s, last_s))
        missing = [Range(symbol, first_s, begin_s - length_s), *between.get(symbol, ())]
        missing.append(Range(symbol, end_s + length_s, last_s))
        real = [item for item in missing if item.first_s <= item.last_s]
        for item in history.covering(real, length_s):
            wanted += _parts(item, length_s)
    return sorted(wanted, key=lambda item: (-item.last_s, item.symbol))


def _parts(wanted: Range, length_s: int) -> Iterator[Range]:
    """What one request answers, counted from the newest candle."""
    last_s = wanted.last_s
    while last_s >= wanted.first_s:
        first_s = max(wanted.first_s, last_s - (KLINES_MAX - 1) * length_s)
        yield Range(wanted.symbol, first_s, last_s)
        last_s = first_s - length_s


class Backfill:
    """`progress` is called after every few requests."""

    def __init__(
        self, environment: Environment, interval: str, progress: Callable[[Done], None] = lambda done: None
    ) -> None:
        self.environment, self.interval, self.progress = environment, interval, progress
        self.length_s = interval_s(interval)

    def market_s(self) -> float:
        """The exchange's time, and proof that it answers. Raises MexcProblem or WrongMarket."""

        async def ask() -> float:
            async with aiohttp.ClientSession() as session:
                begun_s = SYSTEM.wall_s()
                told = await MexcRest(self.environment.MEXC_REST_URL, session, purpose=Purpose.HISTORY).server_time()
                anchor = Anchoring(self.environment).measured(told, begun_s, SYSTEM.wall_s())
                return anchor.market_at(SYSTEM.wall_s())

        return asyncio.run(ask())

    def run(self, symbols: Sequence[str], first_s: int, last_s: int, market_s: float) -> Done:
        """Candles of stored instruments that open in [first_s, last_s] and are closed at `market_s`.

        Raises DatabaseError or KeyboardInterrupt; what came until then is stored.
        """
        holes = queries.holes(symbols, self.interval, first_s, last_s)
        waiting = requests_for(holes, symbols, first_s, last_s, self.length_s)
        done = Done(requests=len(waiting))
        oldest = {symbol: Oldest(holes.stored.get(symbol, (last_s + self.length_s,))[0]) for symbol in symbols}
        with asyncio.Runner() as runner:
            session = runner.run(_session())
            rest = MexcRest(self.environment.MEXC_REST_URL, session, purpose=Purpose.HISTORY)
            try:
                while waiting and done.problem is None:
                    now, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
                    parts = runner.run(history.fetch_each(rest, now, self.interval, market_s))
                    done.new += self._store(parts)
                    self._judge(parts, oldest, done)
                    waiting = _without_given_up(waiting, done)
                    self.progress(done)
            finally:
                runner.run(session.close())
        return done

    def _store(self, parts: Sequence[Fetched]) -> int:
        missing = [candle for part in parts for candle in self._missing(part)]
        return operations.store_closed_candles(self.interval, missing, Candle.Source.BACKFILL, PRODUCER)

    def _missing(self, part: Fetched) -> list[ClosedCandle]:
        opens = [candle.open_s for candle in part.candles]
        known = queries.stored_candles(part.wanted.symbol, self.interval, opens)
        return [candle for candle in part.candles if candle.open_s not in known]

    def _judge(self, parts: Sequence[Fetched], oldest: Mapping[str, Oldest], done: Done) -> None:
        for part in parts:
            symbol, _, last_s = part.wanted
            if isinstance(part.problem, RequestRefused | BadAnswer):
                done.refused[symbol] = part.problem
            elif part.problem is not None:
                done.problem = part.problem
                continue
            done.asked += 1
            first = oldest[symbol]
            if part.candles:
                first.open_s, first.in_vain = min(first.open_s, part.candles[0].open_s), 0
            elif last_s < first.open_s:
                first.in_vain += candles_in(part.wanted, self.length_s)
                if first.in_vain >= IN_VAIN_MAX:
                    done.ended[symbol] = first.open_s


def _without_given_up(waiting: list[Range], done: Done) -> list[Range]:
    left = [item for item in waiting if item.symbol not in done.ended and item.symbol not in done.refused]
    done.requests -= len(waiting) - len(left)
    return left


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()
