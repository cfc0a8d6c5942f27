"""Candles of many symbols as columns: one array per field, a row per symbol, a column per period, oldest first.

Prices are int64 counts of each symbol's smallest price unit (10^-price_places), quote volumes of 10^-volume_places of
the quote asset. A close of 0 is a candle that is missing; all fields of it are 0. A period is an open time divided by
the interval, so that columns follow each other without gaps. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from signals_app.rules.momentum import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleGrid:
    """`symbols` are in order, one row of each array; the arrays have one shape, symbols × periods. Of the
    symbols of `cut_volumes` volumes have more places than are held; what is over is cut off."""

    symbols: tuple[str, ...]
    interval_s: int
    first_period: int
    price_places: tuple[int, ...]
    volume_places: tuple[int, ...]
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    quote_volume: Ints
    cut_volumes: tuple[str, ...] = ()

    @property
    def periods(self) -> int:
        return int(self.close.shape[1])

    @property
    def candles(self) -> int:
        """How many cells there are, missing ones included."""
        return int(self.close.size)

    def opens_s(self, column: int) -> int:
        """When a column's candles open, seconds since the epoch, market time."""
        return (self.first_period + column) * self.interval_s

    def closes_s(self, column: int) -> int:
        return self.opens_s(column) + self.interval_s
