"""What the engine knows of the market besides candles: its universe and pauses.

The timer reads them once a second, so that no candle waits for it. A pause that is younger than that withholds no
signal yet: the risk manager, which reads pauses under its lock, refuses the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdb_site.clock import Clock
from marketdata import queries as market

READ_AFTER_S = 1.0
KEPT_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Read at one moment: the watched symbols, and why others are paused, by symbol."""

    universe: list[str]
    paused: Mapping[str, str]
    read_at: float


class Surroundings:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._known: Known | None = None

    def refresh(self) -> None:
        """Read anew what is a second old."""
        self._younger_than(READ_AFTER_S)

    def known(self) -> Known:
        """As they were at most two seconds ago."""
        return self._younger_than(KEPT_S)

    def read(self) -> Known:
        """As they are now."""
        now = self.clock.wall_now()
        self._known = Known(market.universe(), market.paused(now), self.clock.monotonic_s())
        return self._known

    def _younger_than(self, seconds: float) -> Known:
        known = self._known
        return known if known and self.clock.monotonic_s() - known.read_at < seconds else self.read()
