"""A stretch of a grid of candles, with the candles before it that its first decisions look back on.

Signals are found once on the whole grid and cut as well, so that a stretch decides as the whole would have. Of the
candles before it no signal is played: they are there for lookbacks and for the turnover of the last 24 hours. Pure.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from replay.rules.candidates import Candidates
from replay.rules.grid import CandleGrid
from replay.rules.worth import DAY_S


def column_at(grid: CandleGrid, at_s: int) -> int:
    """The first column that opens at or after a time, within the grid."""
    return min(max(-(-at_s // grid.interval_s) - grid.first_period, 0), grid.periods)


def window(
    grid: CandleGrid, found: Candidates, first_s: int, after_s: int, lookback_s: int
) -> tuple[CandleGrid, Candidates]:
    """(candles, signals) from `first_s` up to `after_s`; the arrays are views of the grid's."""
    first, after = column_at(grid, first_s), column_at(grid, after_s)
    begin = column_at(grid, first_s - max(DAY_S, lookback_s + grid.interval_s))
    if begin == 0 and first == 0 and after == grid.periods:
        return grid, found
    return _cut_grid(grid, begin, after), _cut_signals(found, begin, first, after)


def _cut_grid(grid: CandleGrid, begin: int, after: int) -> CandleGrid:
    columns = slice(begin, after)
    return replace(
        grid,
        first_period=grid.first_period + begin,
        open=grid.open[:, columns],
        high=grid.high[:, columns],
        low=grid.low[:, columns],
        close=grid.close[:, columns],
        quote_volume=grid.quote_volume[:, columns],
    )


def _cut_signals(found: Candidates, begin: int, first: int, after: int) -> Candidates:
    """Those of the columns from `first` up to `after`, counted from `begin`."""
    ends = slice(*np.searchsorted(found.column, [first, after]))
    return Candidates(
        found.column[ends] - np.int32(begin),
        found.row[ends],
        found.buy[ends],
        found.rank[ends],
        tuple(one[slice(*np.searchsorted(one, [first, after]))] - np.int32(begin) for one in found.sells),
    )
