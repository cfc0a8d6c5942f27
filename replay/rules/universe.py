"""Which symbols could be bought when: the universe as it was, for every candle of a grid.

    recorded   from each recorded choice until the next
    by volume  chosen anew at every full hour by the quote volume of the 24 h before it, as `marketdata` chooses live:
               the `size` most liquid, a member staying within the band; nobody of whom nothing was traded

A column is decided at its close, so a choice counts for it from that moment on. Only what lies before a choice makes
it: candles that closed by then. A shorter past counts as it is. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from marketdata.universe.rules import most_liquid
from replay.rules.grid import CandleGrid
from signals_app.rules.momentum import Bools, Floats, Ints

HOUR_S, DAY_S = 3600, 86_400

Choices = Sequence[tuple[int, Collection[str]]]


def recorded_members(grid: CandleGrid, choices: Choices) -> Bools:
    """Symbols × periods out of choices (market second, symbols), oldest first; nobody before the first of them."""
    members = np.zeros(grid.close.shape, np.bool_)
    ends = [*(column_of(grid, at_s) for at_s, _ in choices[1:]), grid.periods]
    for (at_s, chosen), end in zip(choices, ends, strict=False):
        first = column_of(grid, at_s)
        if end > first:
            members[:, first:end] = np.isin(grid.symbols, list(chosen))[:, np.newaxis]
    return members


def column_of(grid: CandleGrid, at_s: int) -> int:
    """The first column that closes at or after a moment; within the grid or just behind it."""
    return min(max(-(-at_s // grid.interval_s) - 1 - grid.first_period, 0), grid.periods)


def members_by_volume(grid: CandleGrid, size: int) -> Bools:
    """Symbols × periods: chosen every hour. Before the first full hour with a candle behind it nobody is chosen."""
    members = np.zeros(grid.close.shape, np.bool_)
    columns = _hours(grid)
    volumes = volumes_before(grid, columns)
    before: Collection[str] = ()
    for number, first in enumerate(columns.tolist()):
        end = int(columns[number + 1]) if number + 1 < len(columns) else grid.periods
        before = _chosen(grid.symbols, volumes[:, number], size, before)
        members[:, first:end] = np.isin(grid.symbols, list(before))[:, np.newaxis]
    return members


def volumes_before(grid: CandleGrid, columns: Ints) -> Floats:
    """Quote volume by symbol in the 24 h before each of the columns opens."""
    since = np.maximum(columns - DAY_S // grid.interval_s, 0)
    volumes = np.zeros((len(grid.symbols), len(columns)))
    for row, traded in enumerate(grid.quote_volume):
        sums = np.concatenate([[0], np.cumsum(traded, dtype=np.longdouble)])
        volumes[row] = (sums[columns] - sums[since]) / 10.0 ** grid.volume_places[row]
    return volumes


def _chosen(symbols: Sequence[str], volumes: Floats, size: int, before: Collection[str]) -> Collection[str]:
    traded = [(symbol, volume) for symbol, volume in zip(symbols, volumes.tolist(), strict=True) if volume > 0]
    ranked = sorted(traded, key=lambda item: (-item[1], item[0]))
    return frozenset(most_liquid([symbol for symbol, _ in ranked], size, before))


def _hours(grid: CandleGrid) -> Ints:
    """The columns that open at a full hour, or the first after one; every column of candles of an hour or more."""
    opens_s = (np.arange(grid.periods) + grid.first_period) * grid.interval_s
    return np.flatnonzero(opens_s // HOUR_S != (opens_s - grid.interval_s) // HOUR_S)
