"""What a simulated market is: instruments, and their candles as a function of market time.

A source knows closed candles and the forming one, for any moment it covers, without remembering anything.
Prices are whole ticks (int64), quantities whole steps and quote volumes whole units of 10^-quote_places, so
that what REST, WebSocket and a restart tell about one candle is the same number. Arrays have one row per
instrument, in the order of `listings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One simulated pair. Places are decimal places: tick = 10^-price_places, step = 10^-quantity_places."""

    symbol: str
    base_asset: str
    quote_asset: str
    price_places: int
    quantity_places: int
    quote_places: int
    min_quantity: str
    min_notional: str
    spread_bps: float


class Candles(NamedTuple):
    """Columns of candles, each shaped (instruments, candles); `open_s` is shaped (candles,). Absent: open == 0."""

    open_s: Units
    open: Units
    high: Units
    low: Units
    close: Units
    volume: Units
    quote_volume: Units


@dataclass(frozen=True, kw_only=True)
class Span:
    """What the source covers, in market seconds; None: without end. Originals are ISO texts for the page."""

    first_s: int
    end_s: int | None
    original_from: str = ""
    original_to: str = ""


class MarketSource(Protocol):
    listings: tuple[Listing, ...]
    interval_s: int
    label: str
    kind: str
    span: Span

    def closed(self, start_s: int, end_s: int) -> Candles:
        """All candles of the source's interval that open in [start_s, end_s), as they are when closed."""
        ...

    def forming(self, at_s: float) -> Candles:
        """One column: the candle whose window contains `at_s`, as traded up to then."""
        ...
