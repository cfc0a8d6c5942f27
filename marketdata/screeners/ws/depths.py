"""Levels of books on their way to the bus: of the few symbols that are near an order, five times a second what changed.

Fed by the limit-depth channel, which tells the best 20 levels whole. A push older than the known one never replaces it;
an older version is believed again once the known one has aged, because an exchange that restarted counts from the
beginning. What could not be sent is not sent later: the next push is newer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any

import redis

from cdb_site.bus import latest
from cdb_site.bus.schema import InvalidEvent
from cdb_site.clock import Clock, from_seconds, iso
from cdb_site.units import plain
from marketdata.metrics import MALFORMED
from marketdata.mexc.wire import DepthPush, Side

log = logging.getLogger(__name__)

TOPIC = "market_data.depth"
FLUSH_S = 0.2
BELIEVED_S = 30.0


class OutgoingDepths:
    """The newest levels of the symbols that are wanted, and which of them changed since the last flush."""

    def __init__(self) -> None:
        self._wanted: frozenset[str] = frozenset()
        self._known: dict[str, tuple[DepthPush, float]] = {}
        self._changed: set[str] = set()

    def watch(self, symbols: Collection[str]) -> None:
        """These symbols from now on; of the others nothing is kept."""
        self._wanted = frozenset(symbols)
        self._known = {symbol: known for symbol, known in self._known.items() if symbol in self._wanted}
        self._changed &= self._wanted

    def depth(self, push: DepthPush, wall_s: float) -> bool:
        """Whether it is newer than the known one."""
        if push.symbol not in self._wanted:
            return True
        known = self._known.get(push.symbol)
        if known is not None and 0 <= wall_s - known[1] < BELIEVED_S and not _newer(push, known[0]):
            return False
        self._known[push.symbol] = push, wall_s
        self._changed.add(push.symbol)
        return True

    def take_changed(self) -> list[dict[str, Any]]:
        """Payloads of the books that changed, in order of symbol; then nothing counts as changed."""
        changed, self._changed = self._changed, set()
        return [_payload(*self._known[symbol]) for symbol in sorted(changed)]


class DepthPublisher:
    """`board` is emptied with every flush. Redis that is away is told by who publishes quotes."""

    def __init__(self, *, board: OutgoingDepths, clock: Clock, producer: str) -> None:
        self.board, self.clock, self.producer = board, clock, producer

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            books = self.board.take_changed()
            if books:
                await self._publish(books)

    async def _publish(self, books: list[dict[str, Any]]) -> None:
        try:
            await asyncio.to_thread(self._send, books)
        except redis.RedisError as problem:
            log.debug("%d books not published: %s", len(books), problem)
        except InvalidEvent as problem:
            MALFORMED.labels("depth", "invalid").inc(len(books))
            log.warning("%d books dropped: %s", len(books), problem)

    def _send(self, books: list[dict[str, Any]]) -> None:
        latest.publish(TOPIC, {"books": books}, producer=self.producer, occurred_at=self.clock.market_now())


def _newer(push: DepthPush, known: DepthPush) -> bool:
    if push.version and known.version:
        return push.version > known.version
    return push.sent_ms >= known.sent_ms


def _payload(push: DepthPush, received_s: float) -> dict[str, Any]:
    return {
        "symbol": push.symbol,
        "bids": _levels(push.bids),
        "asks": _levels(push.asks),
        "event_at": iso(from_seconds(push.sent_ms / 1000)),
        "received_at": iso(from_seconds(received_s)),
    }


def _levels(side: Side) -> list[dict[str, str]]:
    return [{"price": plain(price), "quantity": plain(quantity)} for price, quantity in side]
