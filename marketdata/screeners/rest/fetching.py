"""Candles of many ranges, fetched over REST and stored batch by batch: what is interrupted has stored what it got."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from cdb_site.clock import Clock
from marketdata import operations
from marketdata.intervals import interval_s
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused
from marketdata.mexc.rest import MexcRest
from marketdata.screeners import history
from marketdata.screeners.history import Range

BATCH_CANDLES = 10_000
BATCH_RANGES = 60
PRODUCER = "rest"

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]
Window = tuple[str, int]


class FetchOutcome(NamedTuple):
    """`got`: the candles there were. `unanswered`: ranges of which nobody can say yet, because of `problem`."""

    got: set[Window]
    new: int
    refused: set[str]
    unanswered: set[Range]
    problem: MexcProblem | None


class Fetching:
    """`in_thread` runs blocking work where the database connection lives."""

    def __init__(self, interval: str, clock: Clock, in_thread: InThread) -> None:
        self.interval, self.length_s = interval, interval_s(interval)
        self.clock, self.in_thread = clock, in_thread

    async def store(self, rest: MexcRest, ranges: Sequence[Range], source: str) -> FetchOutcome:
        """Raises DatabaseError."""
        outcome = FetchOutcome(set(), 0, set(), set(), None)
        for batch in self._batches(ranges):
            parts = await history.fetch_each(rest, batch, self.interval, self.clock.market_s())
            candles = [candle for part in parts for candle in part.candles]
            new = await self.in_thread(
                partial(operations.store_closed_candles, self.interval, candles, source, PRODUCER)
            )
            unanswered = {part.wanted: part.problem for part in parts if not _answered(part.problem)}
            outcome.got.update((candle.symbol, candle.open_s) for candle in candles)
            outcome.refused.update(part.wanted.symbol for part in parts if part.problem and _answered(part.problem))
            outcome.unanswered.update(unanswered)
            problem = next(iter(unanswered.values()), outcome.problem)
            outcome = outcome._replace(new=outcome.new + new, problem=problem)
        return outcome

    def _batches(self, ranges: Sequence[Range]) -> Iterator[list[Range]]:
        batch: list[Range] = []
        candles = 0
        for wanted in ranges:
            count = candles_in(wanted, self.length_s)
            if batch and (candles + count > BATCH_CANDLES or len(batch) >= BATCH_RANGES):
                yield batch
                batch, candles = [], 0
            batch.append(wanted)
            candles += count
        if batch:
            yield batch


def candles_in(wanted: Range, length_s: int) -> int:
    return (wanted.last_s - wanted.first_s) // length_s + 1


def windows_of(wanted: Range, length_s: int) -> Iterator[Window]:
    return ((wanted.symbol, open_s) for open_s in range(wanted.first_s, wanted.last_s + 1, length_s))


def _answered(problem: MexcProblem | None) -> bool:
    return problem is None or isinstance(problem, RequestRefused | BadAnswer)
