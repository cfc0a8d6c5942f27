"""Closed candles on their way to the database: as pushed where that is certain, else as REST tells.

While the database does not answer, candles wait, bounded, and REST is asked again later. What is dropped comes back
through gap filling, which finds whatever is not stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from django.db import DatabaseError

from cdb_site.clock import Clock
from marketdata import operations
from marketdata.intervals import interval_s
from marketdata.metrics import CANDLE_LATENESS_S, CANDLES_CLOSED
from marketdata.mexc.errors import MexcProblem
from marketdata.mexc.rest import MexcRest
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from marketdata.screeners import history
from marketdata.screeners.ws.batches import ClosedBatches
from marketdata.screeners.ws.closing import GRACE_S, ClosingRule, Window
from marketdata.screeners.ws.confirming import Confirmations
from marketdata.screeners.ws.intake import SETTLED_S

log = logging.getLogger(__name__)

TURN_S = 0.02
CONFIRM_TURN_S = 0.05
OVERDUE_EVERY_S = 0.25
WALL_GRACE_S = 0.5
PAUSE_S = 0.5

InThread = Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]]


class CandleStorage:
    """`in_thread` runs blocking work where the database connection lives."""

    def __init__(
        self,
        *,
        interval: str,
        producer: str,
        clock: Clock,
        rest: MexcRest,
        in_thread: InThread,
        rule: ClosingRule,
        batches: ClosedBatches,
        confirmations: Confirmations,
    ) -> None:
        self.interval, self.length_s, self.producer = interval, interval_s(interval), producer
        self.clock, self.rest, self.in_thread = clock, rest, in_thread
        self.rule, self.batches, self.confirmations = rule, batches, confirmations
        self._looked_at = float("-inf")

    async def store_pushed(self) -> None:
        """Store what pushes closed, a batch at a time."""
        while True:
            await self.batches.any_wait.wait()
            await asyncio.sleep(TURN_S)
            batch = self.batches.take(self.clock.monotonic_s())
            if not batch:
                continue
            try:
                await self._store(batch, Candle.Source.WS)
            except DatabaseError as problem:
                log.warning("%d closed candles not stored: %s", len(batch), problem)
                self.batches.put_back(batch, self.clock.monotonic_s())
                await asyncio.sleep(PAUSE_S)

    async def confirm(self) -> None:
        """Ask REST for what is doubtful, one round at a time."""
        while True:
            await asyncio.sleep(CONFIRM_TURN_S if self.confirmations else self._idle_s())
            self._note_overdue()
            asked = self.confirmations.take(self.clock.monotonic_s())
            if asked:
                await self._ask(asked)

    def _idle_s(self) -> float:
        """Until it is looked for overdue windows again; none found meanwhile is to be asked for earlier."""
        return min(OVERDUE_EVERY_S, SETTLED_S / self.clock.anchor.rate)

    def _note_overdue(self) -> None:
        """At a high rate two market seconds are too short for a push to travel: wait as long on the wall clock."""
        now = self.clock.monotonic_s()
        if now - self._looked_at >= OVERDUE_EVERY_S:
            self._looked_at = now
            longer_s = max(0.0, WALL_GRACE_S * self.clock.anchor.rate - GRACE_S)
            self.confirmations.add(self.rule.overdue(self.clock.market_s() - longer_s), now)

    async def _ask(self, asked: list[Window]) -> None:
        """The windows are known to be over, whatever the market clock says."""
        opens: dict[str, list[int]] = {}
        for symbol, open_s in asked:
            opens.setdefault(symbol, []).append(open_s)
        over_s = max(self.clock.market_s(), max(open_s for _, open_s in asked) + self.length_s)
        try:
            ranges = history.missing_ranges(opens, self.length_s)
            candles = await history.fetch(self.rest, ranges, self.interval, over_s)
            wanted = set(asked)
            got = [candle for candle in candles if (candle.symbol, candle.open_s) in wanted]
            if got:
                await self._store(got, Candle.Source.REST)
        except (MexcProblem, DatabaseError) as problem:
            log.warning("%d candles not confirmed: %s", len(asked), problem)
            self.confirmations.postpone(asked, self.clock.monotonic_s())
        else:
            done = {(candle.symbol, candle.open_s) for candle in got}
            self.confirmations.answered(asked, done, self.clock.monotonic_s())

    async def _store(self, candles: list[ClosedCandle], source: str) -> None:
        interval, producer = self.interval, self.producer
        await self.in_thread(lambda: operations.store_closed_candles(interval, candles, source, producer))
        by = "push" if source == Candle.Source.WS else "rest"
        CANDLES_CLOSED.labels(by).inc(len(candles))
        self._measure(candles, by)

    def _measure(self, candles: Iterable[ClosedCandle], by: str) -> None:
        market_s, rate = self.clock.market_s(), self.clock.anchor.rate
        for candle in candles:
            CANDLE_LATENESS_S.labels(by).observe(max(0.0, (market_s - candle.open_s - self.length_s) / rate))
