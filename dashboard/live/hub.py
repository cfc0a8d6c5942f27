"""Hands every batch to every open screen, in memory.

Lives in the server's event loop. Screens that want the same share a lane, whose text is made once. `attach` joins and
notes nothing else: a snapshot taken afterwards plus the queue miss nothing.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from dashboard.live.audience import Audience
from dashboard.live.feed import Batch, Feed
from dashboard.live.lanes import EVERYTHING, SHELL, ScreenLane
from dashboard.live.screen import Screen

SOCKETS = Gauge("cdb_dashboard_sockets", "Open screens")
LAGGARDS = Counter("cdb_dashboard_laggards_total", "Screens closed because they stopped reading")
BATCHES = Counter("cdb_dashboard_batches_total", "Batches handed to the screens")


class Hub:
    def __init__(self, feed: Feed, audience: Audience) -> None:
        self.feed, self.audience = feed, audience
        self.seq = 0
        self.epoch = feed.epoch
        self._lanes: dict[frozenset[str], ScreenLane] = {}
        self.lane(EVERYTHING)

    def lane(self, parts: frozenset[str]) -> ScreenLane:
        """The lane of screens with these wishes; it is kept, for who leaves may come back."""
        key = parts | SHELL
        if key not in self._lanes:
            self._lanes[key] = ScreenLane(key, epoch=self.epoch, seq=self.seq)
        return self._lanes[key]

    def deliver(self, batch: Batch) -> None:
        if batch.epoch != self.epoch:
            self.start_anew(batch.epoch, batch.seq_from - 1)
        self.seq = batch.seq_to
        BATCHES.inc()
        for lane in self._lanes.values():
            lane.deliver(batch)

    def start_anew(self, epoch: str, seq: int) -> None:
        """A new epoch began: what is queued is void, every screen gets a snapshot."""
        self.epoch, self.seq = epoch, seq
        for lane in self._lanes.values():
            lane.start_anew(epoch, seq)

    def attach(self, screen: Screen, parts: frozenset[str] = EVERYTHING) -> ScreenLane:
        """Join, and the lane whose batches the screen's queue goes on with."""
        lane = self.lane(parts)
        lane.screens.add(screen)
        self._count()
        return lane

    def detach(self, screen: Screen) -> None:
        for lane in self._lanes.values():
            lane.screens.discard(screen)
        self._count()

    def _count(self) -> None:
        screens = sum(len(lane.screens) for lane in self._lanes.values())
        SOCKETS.set(screens)
        self.audience.watching(screens)


FEED = Feed()
AUDIENCE = Audience(("reader", "facts"))
HUB = Hub(FEED, AUDIENCE)
