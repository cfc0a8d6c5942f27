"""What the WS screener tells Prometheus of itself, several times a second: frames, sockets, channels, ages.

Counting per frame is done by the intake in plain numbers; here they become metrics.
"""

from __future__ import annotations

from cdb_site.clock import Clock
from marketdata import metrics
from marketdata.mexc.feed import MarketFeed
from marketdata.screeners.ws.batches import ClosedBatches
from marketdata.screeners.ws.confirming import Confirmations
from marketdata.screeners.ws.intake import Intake


def nothing_came_yet(clock: Clock) -> None:
    """Until there is a feed its age counts from now: what never came is not fresh."""
    begun_s = clock.monotonic_s()
    metrics.FEED_AGE_S.set_function(lambda: clock.monotonic_s() - begun_s)


class Measuring:
    def __init__(self, *, intake: Intake, feed: MarketFeed, clock: Clock) -> None:
        self.intake, self.feed, self.clock = intake, feed, clock
        self._dropped = 0
        metrics.FEED_AGE_S.set_function(lambda: clock.monotonic_s() - intake.data_at)

    def tell(self) -> None:
        intake = self.intake
        for kind, count in intake.counted.items():
            metrics.WS_MESSAGES.labels(kind).inc(count)
        for kind, count in intake.stale.items():
            metrics.STALE.labels(kind).inc(count)
        intake.counted.clear()
        intake.stale.clear()
        ages = sorted(intake.board.ages(self.clock.monotonic_s()).values()) or [0.0]
        metrics.QUOTE_AGE_S.labels("median").set(ages[len(ages) // 2])
        metrics.QUOTE_AGE_S.labels("oldest").set(ages[-1])
        self._tell_sockets()
        self._tell_waiting(intake.batches, intake.confirmations)

    def _tell_sockets(self) -> None:
        connections = self.feed.connections
        acknowledged, refused = sum(item.acknowledged for item in connections), len(self.feed.refused)
        wanted = sum(len(item.channels) for item in connections)
        metrics.SOCKETS_OPEN.set(sum(item.connected for item in connections))
        metrics.SUBSCRIPTIONS.labels("acknowledged").set(acknowledged)
        metrics.SUBSCRIPTIONS.labels("refused").set(refused)
        metrics.SUBSCRIPTIONS.labels("waiting").set(max(0, wanted - acknowledged - refused))

    def _tell_waiting(self, batches: ClosedBatches, confirmations: Confirmations) -> None:
        metrics.CANDLES_WAITING.labels("storing").set(batches.waiting)
        metrics.CANDLES_WAITING.labels("confirming").set(len(confirmations))
        dropped = batches.dropped + confirmations.dropped
        metrics.CANDLES_DROPPED.inc(dropped - self._dropped)
        self._dropped = dropped
