"""The window of closes: candles x symbols in one ring, the newest candles overwriting the oldest.

A *period* is an open time divided by the interval: consecutive candles have consecutive periods, gaps are missing ones.
Closes are int64 price units (0: no candle, negative: a price out of range); quote volumes stay the texts they came as,
because only the few symbols that signal need their sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals_app.rules.momentum import UNUSABLE, Ints
from signals_app.rules.price_units import places_of, units_of

FIRST_CAPACITY = 64
NO_VOLUME = "0"

Reading = tuple[str, str, str]


class Closes:
    """`length` periods of every symbol seen. `limit` is the largest price, in units, that is compared exactly."""

    def __init__(self, length: int, limit: int) -> None:
        self.length = length
        self.limit = limit
        self.head: int | None = None
        self.symbols: list[str] = []
        self.rows: dict[str, int] = {}
        self.places: list[int] = []
        self._closes: Ints = np.zeros((length, FIRST_CAPACITY), np.int64)
        self._volumes = np.full((length, FIRST_CAPACITY), NO_VOLUME, object)

    def add(self, period: int, readings: Iterable[Reading]) -> Ints:
        """Take (symbol, close, quote volume) texts of one period; the first reading of a candle stays.

        Returns the rows that were new, none when the period is older than the window.
        """
        if self.head is not None and period <= self.head - self.length:
            return np.zeros(0, np.int64)
        self._advance(period)
        rows, units, volumes = self._parse(readings)
        slot = period % self.length
        new = self._closes[slot, rows] == 0
        if not new.all():
            rows, units, volumes = rows[new], units[new], volumes[new]
        self._closes[slot, rows] = units
        self._volumes[slot, rows] = volumes
        return rows

    def row(self, symbol: str) -> int:
        """The symbol's row, a new one when it was never seen."""
        row = self.rows.get(symbol)
        if row is None:
            row = self.rows[symbol] = len(self.symbols)
            self.symbols.append(symbol)
            self.places.append(0)
            if row == self._closes.shape[1]:
                self._grow()
        return row

    def column(self, period: int) -> Ints:
        """Closes of one period by row; zeros outside the window."""
        if self.head is None or not self.head - self.length < period <= self.head:
            return np.zeros(len(self.symbols), np.int64)
        return self._closes[period % self.length, : len(self.symbols)]

    def volume(self, row: int, first_period: int, last_period: int) -> Decimal:
        """Quote volume of one symbol over the periods, both included."""
        column = self._volumes[:, row]
        texts = [column[period % self.length] for period in range(first_period, last_period + 1)]
        return sum(map(Decimal, texts), Decimal(0))

    def _parse(self, readings: Iterable[Reading]) -> tuple[Ints, Ints, NDArray[Any]]:
        """Rows, price units and volume texts. This loop is the price of every candle: it calls as little as it can."""
        known, places, limit = self.rows, self.places, self.limit
        rows, prices, volumes = [], [], []
        for symbol, close, volume in readings:
            row = known.get(symbol)
            if row is None:
                row = self.row(symbol)
            whole, _, fraction = close.partition(".")
            price = int(whole + fraction) if len(fraction) == places[row] else self._units(row, close)
            rows.append(row)
            prices.append(price if 0 < price <= limit else UNUSABLE)
            volumes.append(volume)
        return np.array(rows, np.int64), np.array(prices, np.int64), np.array(volumes, object)

    def _units(self, row: int, close: str) -> int:
        units = units_of(close, self.places[row])
        if units is None:
            self._refine(row, places_of(close))
            units = units_of(close, self.places[row])
        return units or 0

    def _refine(self, row: int, places: int) -> None:
        """Make the unit of a symbol finer."""
        factor = 10 ** (places - self.places[row])
        self.places[row] = places
        column = self._closes[:, row]
        too_large = column > self.limit // factor
        column[too_large] = UNUSABLE
        if factor <= self.limit:
            column[column > 0] *= factor

    def _advance(self, period: int) -> None:
        if self.head is None or period - self.head >= self.length:
            self._closes[:] = 0
            self._volumes[:] = NO_VOLUME
            self.head = period
        elif period > self.head:
            slots = np.arange(self.head + 1, period + 1) % self.length
            self._closes[slots] = 0
            self._volumes[slots] = NO_VOLUME
            self.head = period

    def _grow(self) -> None:
        self._closes = np.hstack([self._closes, np.zeros_like(self._closes)])
        self._volumes = np.hstack([self._volumes, np.full_like(self._volumes, NO_VOLUME)])
