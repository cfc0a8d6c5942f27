"""Hands every batch to every open screen, in memory.

Lives in the server's event loop. A screen is a bounded queue of texts; one that does not keep up is marked and
closed by its socket, and costs the others nothing. `attach` notes the newest number and joins in one step, so that
a snapshot taken afterwards plus the queue miss nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque

from prometheus_client import Counter, Gauge

from dashboard.live.audience import Audience
from dashboard.live.feed import Batch, Feed, Ring

SOCKETS = Gauge("cdb_dashboard_sockets", "Open screens")
LAGGARDS = Counter("cdb_dashboard_laggards_total", "Screens closed because they stopped reading")
BATCHES = Counter("cdb_dashboard_batches_total", "Batches handed to the screens")

QUEUE_TEXTS_MAX = 400
QUEUE_BYTES_MAX = 8_000_000


class Screen:
    """What one socket still has to send. `overflowed`: it stopped taking; `stale`: it needs a new snapshot."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self.overflowed = False
        self.stale = False

    def offer(self, text: str) -> None:
        if self.overflowed:
            return
        self._texts.append(text)
        self._bytes += len(text)
        if len(self._texts) > QUEUE_TEXTS_MAX or self._bytes > QUEUE_BYTES_MAX:
            self.overflowed = True
            self.clear()
        self._wake.set()

    def must_start_anew(self) -> None:
        self.clear()
        self.stale = True
        self._wake.set()

    def clear(self) -> None:
        self._texts.clear()
        self._bytes = 0

    async def take(self) -> str | None:
        """The next text; None when the screen overflowed or went stale."""
        while not (self._texts or self.overflowed or self.stale):
            self._wake.clear()
            await self._wake.wait()
        if self.overflowed or self.stale:
            return None
        text = self._texts.popleft()
        self._bytes -= len(text)
        return text


class Hub:
    def __init__(self, feed: Feed, audience: Audience) -> None:
        self.feed, self.audience = feed, audience
        self.ring = Ring()
        self.seq = 0
        self.epoch = feed.epoch
        self._screens: set[Screen] = set()

    def deliver(self, batch: Batch) -> None:
        if batch.epoch != self.epoch:
            self.start_anew(batch.epoch, batch.seq_from - 1)
        self.ring.add(batch)
        self.seq = batch.seq_to
        BATCHES.inc()
        for screen in self._screens:
            screen.offer(batch.text)

    def start_anew(self, epoch: str, seq: int) -> None:
        """A new epoch began: what is queued is void, every screen gets a snapshot."""
        self.epoch, self.seq = epoch, seq
        self.ring.clear()
        for screen in self._screens:
            screen.must_start_anew()

    def attach(self, screen: Screen) -> int:
        """Join, and the number after which the screen's queue goes on."""
        self._screens.add(screen)
        self._count()
        return self.seq

    def detach(self, screen: Screen) -> None:
        self._screens.discard(screen)
        self._count()

    def _count(self) -> None:
        SOCKETS.set(len(self._screens))
        self.audience.watching(len(self._screens))

    def missed(self, epoch: str, seq: int) -> list[Batch] | None:
        """The batches after `seq` of `epoch`; None when a snapshot is needed."""
        return self.ring.since(seq, newest=self.seq) if epoch == self.epoch else None


FEED = Feed()
AUDIENCE = Audience(("reader", "facts"))
HUB = Hub(FEED, AUDIENCE)
