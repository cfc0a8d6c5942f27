"""What one process spent in the last window, kept by itself: the limiter's memory while Redis does not answer."""

from __future__ import annotations

import threading
from collections import deque

from cdb_site.clock import Clock

SLOT_MS = 100
# What counts is when a request arrives; two on their way may draw closer to each other.
SLACK_MS = 400


class Spending:
    """A sliding window of (when, weight). Milliseconds."""

    def __init__(self, window_ms: int, clock: Clock) -> None:
        self.window_ms, self.clock = window_ms + SLACK_MS, clock
        self._lock = threading.Lock()
        self._spent: deque[tuple[float, int]] = deque()
        self._paused_until = 0.0

    def take(self, weight: int, most: int) -> int:
        with self._lock:
            now = self.clock.monotonic_s() * 1000
            if now < self._paused_until:
                return int(self._paused_until - now) + 1
            while self._spent and self._spent[0][0] <= now - self.window_ms:
                self._spent.popleft()
            excess = sum(sum_ for _, sum_ in self._spent) + weight - most
            if excess <= 0:
                self._spent.append((now, weight))
                return 0
            for at, sum_ in self._spent:
                excess -= sum_
                if excess <= 0:
                    return int(at + self.window_ms - now) + 1
            return self.window_ms

    def pause(self, told_ms: int) -> int:
        with self._lock:
            now = self.clock.monotonic_s() * 1000
            self._paused_until = max(self._paused_until, now + told_ms)
            return int(self._paused_until - now)
