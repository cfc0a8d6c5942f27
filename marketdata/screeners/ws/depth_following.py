"""Keeping the levels of those books subscribed that are near an order, and letting go of the others.

Once a second it is looked again at what is held, as the risk manager last said, and at how far the watched symbols are
from a BUY. What cannot be read changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import redis
from django.db import DatabaseError

from cdb_site.clock import Clock
from marketdata import queries
from marketdata.intervals import interval_s, window_start_s
from marketdata.mexc import wire
from marketdata.screeners.holdings import held_symbols
from marketdata.screeners.ws.depths import OutgoingDepths
from marketdata.screeners.ws.nearness import DepthWishes
from marketdata.screeners.ws.quotes import OutgoingQuotes

log = logging.getLogger(__name__)

EVERY_S = 1.0

InThread = Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]]


class DepthFollower:
    """`in_thread` runs blocking work where the database connection lives."""

    def __init__(
        self,
        *,
        board: OutgoingQuotes,
        depths: OutgoingDepths,
        clock: Clock,
        in_thread: InThread,
        interval: str,
        lookback_s: int,
        threshold: Decimal,
    ) -> None:
        self.board, self.depths, self.clock, self.in_thread = board, depths, clock, in_thread
        self.interval, self.lookback_s = interval, lookback_s
        self.wishes = DepthWishes(threshold)
        self.wanted: list[str] = []
        self._held: frozenset[str] = frozenset()
        self._base: dict[str, Decimal] = {}
        self._base_s = -1

    @property
    def channels(self) -> list[list[str]]:
        """A group of its own for each: they fill what room the connections have."""
        return [[wire.depth_channel(symbol)] for symbol in self.wanted]

    async def run(self, changed: Callable[[], None]) -> None:
        """`changed` is called when others are wanted than before."""
        while True:
            await asyncio.sleep(EVERY_S)
            watched = list(self.board.ages(0.0))
            try:
                await self.in_thread(lambda: self._read(watched))  # noqa: B023
            except (DatabaseError, redis.RedisError) as problem:
                log.warning("which books are wanted was not read: %s", problem)
            wanted = sorted(
                self.wishes.wanted(
                    watched=watched,
                    held=self._held,
                    last=self.board.lasts(),
                    base=self._base,
                    now_s=self.clock.monotonic_s(),
                )
            )
            if wanted != self.wanted:
                self.wanted = wanted
                self.depths.watch(wanted)
                changed()

    def _read(self, watched: list[str]) -> None:
        """The closes to compare with are read once a window, and again as long as some are missing."""
        base_s = window_start_s(self.clock.market_s(), interval_s(self.interval)) - self.lookback_s
        if base_s != self._base_s or not self._base.keys() >= set(watched):
            self._base = queries.closes_at(watched, self.interval, base_s)
            self._base_s = base_s
        held = held_symbols(self.clock.wall_s())
        self._held = self._held if held is None else held
