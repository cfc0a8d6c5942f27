"""One symbol's candles as whole numbers, a row a field and a column a period, on their way into a grid.

Prices count units of 10^-price_places, quote volumes of 10^-volume_places. Parts of one symbol (months, files) may
count in different units; in a grid they share the coarsest unit that holds all of them, so that a grid depends on the
candles alone, never on how they were stored. Prices are exact, or refused. Volumes are exact where a day of the largest
can be summed in 64 bits; else they are cut to the places where it can, and the grid names the symbol. Pure.
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
DAY_S = 86_400


class ColumnsError(ValueError):
    """Candles that do not go into columns. The text names the symbol, the field and the remedy."""


class Columns(NamedTuple):
    """Neighbouring periods of one symbol from `first_period` on. `values` is FIELDS × periods; 0 where none is. `cut`:
    the volumes had more places."""

    first_period: int
    price_places: int
    volume_places: int
    values: Ints
    cut: bool = False

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
    filled = [
        _fill([fields[name][row] for name in FIELDS], symbol, interval_s, span, list(parts_of(symbol)))
        for row, symbol in enumerate(ordered)
    ]
    return CandleGrid(
        symbols=ordered,
        interval_s=interval_s,
        first_period=span.first,
        price_places=tuple(one.price_places for one in filled),
        volume_places=tuple(one.volume_places for one in filled),
        cut_volumes=tuple(symbol for symbol, one in zip(ordered, filled, strict=True) if one.cut),
        **fields,
    )


def too_large(symbol: str, field: str) -> ColumnsError:
    return ColumnsError(
        f"{symbol} {field}: its numbers do not fit into 64 bits, exactly, in any one unit. Correct the candle that has "
        "too many digits, or leave the symbol out."
    )


class _Filled(NamedTuple):
    """What a symbol's rows count in."""

    price_places: int
    volume_places: int
    cut: bool


def _fill(rows: Sequence[Ints], symbol: str, interval_s: int, span: Periods, parts: Sequence[Columns]) -> _Filled:
    """Put the parts into the symbol's rows."""
    parts = [_within(part, span) for part in parts]
    price_places = max((part.price_places for part in parts), default=0)
    volume_places = held_places(
        symbol, interval_s, [(int(part.values[VOLUME].max(initial=0)), part.volume_places) for part in parts]
    )
    cut = False
    for part in parts:
        first = part.first_period - span.first
        for number, name in enumerate(FIELDS):
            places, wanted = (
                (part.volume_places, volume_places) if number == VOLUME else (part.price_places, price_places)
            )
            units = in_units(part.values[number], wanted - places, symbol, name)
            rows[number][first : first + len(units)] = units
        cut = cut or part.cut or is_cut(part.values[VOLUME], part.volume_places - volume_places)
    return _Filled(coarsest(rows[PRICES], price_places), coarsest(rows[VOLUME:], volume_places), cut)


def _within(part: Columns, span: Periods) -> Columns:
    """What of a part lies in the span."""
    first, end = max(part.first_period, span.first), min(part.end_period, span.end)
    values = part.values[:, max(0, first - part.first_period) : max(0, end - part.first_period)]
    return part._replace(first_period=first, values=values)


def held_places(symbol: str, interval_s: int, largest: Sequence[tuple[int, int]]) -> int:
    """The most places, of those there are, in which a day of the largest volumes is summed in 64 bits. `largest`: of
    each part, in units of so many places. Raises ColumnsError where not even whole numbers are held."""
    most = INT64_MAX // max(1, DAY_S // interval_s)
    for wanted in range(max((places for _, places in largest), default=0), -1, -1):
        if all(units * 10**wanted // 10**places <= most for units, places in largest):
            return wanted
    raise too_large(symbol, FIELDS[VOLUME])


def in_units(values: Ints, finer: int, symbol: str, field: str) -> Ints:
    """The same numbers in units smaller by 10^finer; in larger ones, if that is below 0, what is over is cut off."""
    if not finer:
        return values
    return finer_units(values, finer, symbol, field) if finer > 0 else values // 10**-finer


def is_cut(values: Ints, places: int) -> bool:
    """Whether something is lost where so many places are cut off."""
    return places > 0 and bool((values % 10**places).any())


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
