"""What today's loss and the drawdown are measured from: the UTC day's opening equity, and the peak of 24 hours.

Both change slowly and are read from PostgreSQL every two seconds, the opening at once on a new day of market time.
A decision records the levels it saw.
"""

from __future__ import annotations

import threading
from datetime import datetime
from functools import cache

from cdb_site.clock import SYSTEM, Clock
from risk import queries
from risk.rules.account_state import Levels

LIFETIME_S = 2.0


class LevelBoard:
    """The levels of one account in one process."""

    def __init__(self, account: str, clock: Clock = SYSTEM) -> None:
        self.account, self.clock = account, clock
        self._lock = threading.Lock()
        self._levels: Levels | None = None
        self._read_at = float("-inf")

    def at(self, market_now: datetime) -> Levels:
        """The levels that hold at a market time."""
        with self._lock:
            held, monotonic_s = self._levels, self.clock.monotonic_s()
            if held and held.day == market_now.date() and monotonic_s - self._read_at < LIFETIME_S:
                return held
            self._levels = read(self.account, market_now)
            self._read_at = monotonic_s
            return self._levels

    def forget(self) -> None:
        """Read again at the next look."""
        with self._lock:
            self._read_at = float("-inf")


def read(account: str, market_now: datetime) -> Levels:
    """The levels as PostgreSQL has them."""
    opening = queries.day_opening(account, market_now)
    return Levels(day=market_now.date(), opening=opening, peak=queries.peak_equity(account, market_now))


@cache
def process_levels(account: str) -> LevelBoard:
    """The levels shared by the decisions and the watcher of this process."""
    return LevelBoard(account)
