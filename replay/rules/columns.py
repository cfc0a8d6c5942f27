"""One symbol's candles as whole numbers, a row a field and a column a period, on their way into a grid.

Prices count units of 10^-price_places, quote volumes of 10^-volume_places, exactly: nothing is rounded. Parts of one
symbol (months, files) may count in different units; in a grid they share the coarsest unit that holds all of them, so
that a grid depends on the candles alone, never on how they were stored. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from replay.rules.grid import CandleGrid
from signals_app.rules.momentum import INT64_MAX, Ints

FIELDS = ("open", "high", "low", "close", "quote_volume")
PRICES, VOLUME = slice(0, 4), 4
LOOKED_AT = 64


class ColumnsError(ValueError):
    """Candles that do not go into columns. The text names the symbol, the field and the remedy."""


class Columns(NamedTuple):
    """Neighbouring periods of one symbol from `first_period` on. `values` is FIELDS × periods; 0 where none is."""

    first_period: int
    price_places: int
    volume_places: int
    values: Ints

    @property
    def end_period(self) -> int:
        return self.first_period + int(self.values.shape[1])


class Periods(NamedTuple):
    """Periods from `first` to before `end`."""

    first: int
    end: int

    @property
    def width(self) -> int:
        return self.end - self.first


def grid_of(
    symbols: Sequence[str], interval_s: int, span: Periods, parts_of: Callable[[str], Iterable[Columns]]
) -> CandleGrid:
    """The grid of these symbols, in order. `parts_of` is asked for one symbol after the other; what of its parts lies
    outside the span is left away. Raises ColumnsError."""
    ordered = tuple(sorted(symbols))
    fields = {name: np.zeros((len(ordered), span.width), np.int64) for name in FIELDS}
    places = [
        _fill([fields[name][row] for name in FIELDS], symbol, span, list(parts_of(symbol)))
        for row, symbol in enumerate(ordered)
    ]
    return CandleGrid(
        symbols=ordered,
        interval_s=interval_s,
        first_period=span.first,
        price_places=tuple(price for price, _ in places),
        volume_places=tuple(volume for _, volume in places),
        **fields,
    )


def too_large(symbol: str, field: str) -> ColumnsError:
    return ColumnsError(
        f"{symbol} {field}: its numbers do not fit into 64 bits, exactly, in any one unit. Correct the candle that has "
        "too many digits, or leave the symbol out."
    )


def _fill(rows: Sequence[Ints], symbol: str, span: Periods, parts: Sequence[Columns]) -> tuple[int, int]:
    """Put the parts into the symbol's rows. Returns the places its prices and its volumes are counted in."""
    price_places = max((part.price_places for part in parts), default=0)
    volume_places = max((part.volume_places for part in parts), default=0)
    for part in parts:
        first, end = max(part.first_period, span.first), min(part.end_period, span.end)
        taken = part.values[:, max(0, first - part.first_period) : max(0, end - part.first_period)]
        for number, name in enumerate(FIELDS):
            finer = volume_places - part.volume_places if number == VOLUME else price_places - part.price_places
            target = rows[number][max(0, first - span.first) : max(0, end - span.first)]
            target[:] = finer_units(taken[number], finer, symbol, name) if finer else taken[number]
    return coarsest(rows[PRICES], price_places), coarsest(rows[VOLUME:], volume_places)


def finer_units(values: Ints, places: int, symbol: str, field: str) -> Ints:
    """The same numbers in units smaller by 10^places. Raises ColumnsError."""
    if values.size and int(values.max()) > INT64_MAX // 10**places:
        raise too_large(symbol, field)
    finer: Ints = values * 10**places
    return finer


def coarsest(rows: Sequence[Ints], places: int) -> int:
    """Take away the last places that are 0 in all numbers of the rows. Returns how many are left."""
    while places and not any((row[:LOOKED_AT] % 10).any() or (row % 10).any() for row in rows):
        for row in rows:
            row //= 10
        places -= 1
    return places
