"""What the exchange sends and nobody can use: counted by reason, sampled to the log, and told as a rate.

The log has the first of a reason and then at most one in ten seconds, with how many there were. The flow of unusable
messages is a condition from a few per second on, and is over when it nearly stopped.
"""

from __future__ import annotations

import logging
from collections import Counter, deque

from cdb_site.clock import Clock
from marketdata.metrics import MALFORMED

log = logging.getLogger(__name__)

LOG_EVERY_S = 10.0
WINDOW_S = 5.0
BEGINS_PER_S = 3.0
ENDS_PER_S = 0.5
SHOWN_BYTES = 60


class Malformed:
    """`where` is the label of the metric."""

    def __init__(self, where: str, clock: Clock) -> None:
        self.where, self.clock = where, clock
        self.last_reason = ""
        self.flowing = False
        self._counts: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}
        self._seconds: deque[tuple[int, int]] = deque()

    def count(self, reason: str, body: bytes) -> None:
        """Never raises."""
        now = self.clock.monotonic_s()
        MALFORMED.labels(self.where, reason).inc()
        self._counts[reason] += 1
        self.last_reason = reason
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + 1)
        else:
            self._seconds.append((second, 1))
            self._forget(now)
        if now - self._logged_at.get(reason, float("-inf")) >= LOG_EVERY_S:
            self._logged_at[reason] = now
            log.warning("unusable message (%s), %d so far: %s", reason, self._counts[reason], body[:SHOWN_BYTES].hex())

    def per_s(self) -> float:
        """Unusable messages per second, over the last seconds."""
        self._forget(self.clock.monotonic_s())
        return sum(count for _, count in self._seconds) / WINDOW_S

    def holds(self) -> bool:
        """Whether they come in a flow. Begins and ends at different rates, so it does not flicker."""
        self.flowing = self.per_s() > (ENDS_PER_S if self.flowing else BEGINS_PER_S)
        return self.flowing

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - WINDOW_S - 1:
            self._seconds.popleft()
