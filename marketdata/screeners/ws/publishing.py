"""Quotes on their way to the bus: ten times a second what changed, newest values only.

One flush is under way at a time, in a thread; while Redis does not answer, the sockets are read on and the board
keeps the newest. What could not be sent leaves with a later flush, as it is then.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import redis

from cdb_site.bus import latest
from cdb_site.bus.runtime import Progress
from cdb_site.bus.schema import InvalidEvent
from cdb_site.clock import Clock
from marketdata.metrics import MALFORMED, QUOTE_DELAY_S, QUOTES_FLUSH_S
from marketdata.screeners.ws.quotes import OutgoingQuotes

log = logging.getLogger(__name__)

FLUSH_S = 0.1
LOG_EVERY_S = 10.0
PATIENCE_S = 5.0


class QuotePublisher:
    def __init__(self, *, board: OutgoingQuotes, clock: Clock, progress: Progress, producer: str) -> None:
        self.board, self.clock, self.progress, self.producer = board, clock, progress, producer
        self._failing_since: float | None = None
        self._logged_at = float("-inf")

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            quotes, oldest_ms = self.board.take_changed()
            if quotes:
                QUOTE_DELAY_S.observe(max(0.0, self.clock.market_s() - oldest_ms / 1000))
                await self._publish(quotes)

    async def _publish(self, quotes: list[dict[str, Any]]) -> None:
        started_at = self.clock.monotonic_s()
        try:
            await asyncio.to_thread(self._send, quotes)
        except redis.RedisError as problem:
            self.board.put_back(quote["symbol"] for quote in quotes)
            self._failed(started_at, problem)
        except InvalidEvent as problem:
            MALFORMED.labels("quotes", "invalid").inc(len(quotes))
            log.warning("%d quotes dropped: %s", len(quotes), problem)
        else:
            self._failing_since = None
            self.progress.content("quotes")
            QUOTES_FLUSH_S.observe(self.clock.monotonic_s() - started_at)

    def _send(self, quotes: list[dict[str, Any]]) -> None:
        occurred_at = self.clock.market_now()
        latest.publish_quotes(quotes, producer=self.producer, occurred_at=occurred_at)

    def _failed(self, started_at: float, problem: redis.RedisError) -> None:
        now = self.clock.monotonic_s()
        self._failing_since = started_at if self._failing_since is None else self._failing_since
        failing_s = now - self._failing_since
        if failing_s > PATIENCE_S:
            self.progress.complain("quotes", f"quotes not published for {failing_s:.1f} s: {problem}")
        if now - self._logged_at >= LOG_EVERY_S:
            self._logged_at = now
            log.warning("quotes not published: %s", problem)
