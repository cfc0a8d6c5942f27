"""Whether anybody looks. What is read for screens alone rests while nobody does, and is whole before the next picture.

    a screen comes → `expect` wakes the parts → each reads anew and says `fresh` → the snapshot is made
    the last one leaves → LINGER_S later the parts rest

A person who reloads the page, or whose network was away for a moment, meets parts that never rested.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cdb_site.clock import SYSTEM

LINGER_S = 20.0
# A server that does not answer keeps no screen without a picture.
FRESH_WITHIN_S = 2.0


class Audience:
    """`parts` are the names of those that must be fresh. Screens come and go in the event loop, parts are threads."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._screens = 0
        self._until_s = float("-inf")
        self._resting = set(parts)
        self._came = threading.Event()
        self._all_fresh = threading.Event()

    @property
    def present(self) -> bool:
        with self._lock:
            return self._screens > 0 or SYSTEM.monotonic_s() < self._until_s

    def expect(self) -> None:
        """Somebody is about to look."""
        with self._lock:
            self._until_s = SYSTEM.monotonic_s() + LINGER_S
            self._came.set()

    def watching(self, screens: int) -> None:
        """So many screens are open now."""
        self.expect()
        with self._lock:
            self._screens = screens

    def rest(self, part: str, timeout_s: float) -> None:
        """Nobody is there: wait for somebody, at most so long. What the part knows counts as old from here on."""
        with self._lock:
            self._resting.add(part)
            self._all_fresh.clear()
            if self._screens or SYSTEM.monotonic_s() < self._until_s:
                return
            self._came.clear()
        self._came.wait(timeout_s)

    def fresh(self, part: str) -> None:
        """What the part knows is the newest, and is kept so."""
        with self._lock:
            self._resting.discard(part)
            if not self._resting:
                self._all_fresh.set()

    def wait_fresh(self) -> bool:
        """Until every part is fresh; False when that takes longer than FRESH_WITHIN_S."""
        return self._all_fresh.wait(FRESH_WITHIN_S)
