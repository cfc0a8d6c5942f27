"""What a simulated market is: instruments, and their deals as a function of market time.

A source knows every deal of any window it covers without remembering anything; candles, 24-hour figures, book
and quotes are all derived from these deals. Prices are whole ticks (int64), quantities whole steps and quote
volumes whole units of 10^-quote_places, so that what REST, WebSocket and a restart tell about one candle is the
same number. Arrays have one row per instrument, in the order of `listings`. A window is one candle of the
source's interval; it has `slots_per_window` slots of equal length, with at most one deal in each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]
Flags = NDArray[np.bool_]
ALL = slice(None)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One simulated pair. Places are decimal places: tick = 10^-price_places, step = 10^-quantity_places.

    `top_quantity` is what usually lies at the best price, in steps; a pair that is not `tradable` is listed and
    quoted, but its spot trading is not allowed.
    """

    symbol: str
    base_asset: str
    quote_asset: str
    price_places: int
    quantity_places: int
    quote_places: int
    min_quantity: str
    min_notional: str
    spread_bps: float
    top_quantity: int
    tradable: bool = True


class Deals(NamedTuple):
    """Columns of deals, each shaped (instruments, slots), slots in order of time.

    `at_ms` is market time and ascends within its slot's bounds; `price` in ticks; `quantity` in steps, 0 where
    nothing was traded; `buyer` where the taker bought; `spread` between best bid and ask then, in ticks, >= 1.
    """

    at_ms: Units
    price: Units
    quantity: Units
    buyer: Flags
    spread: Units


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
    slots_per_window: int
    label: str
    kind: str
    span: Span

    def deals(self, start_s: int, end_s: int, rows: slice = ALL) -> Deals:
        """All deals of the whole windows [start_s, end_s), of the instruments in `rows`. Pure."""
        ...


def no_candles(rows: int, open_s: Units) -> Candles:
    """Absent candles at the open times given."""
    nothing = np.zeros((rows, len(open_s)), dtype=np.int64)
    return Candles(open_s, *(nothing for _ in range(6)))
