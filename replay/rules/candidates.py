"""Where a market could be traded: every signal that the candles of a grid say, found without a loop over them.

    BUY    momentum crosses up through the threshold, of a symbol of the universe of that candle, rank <= top_n and the
           lookback's quote volume >= min_volume
    SELL   momentum crosses down through the exit, of any symbol

The grid goes through `momentum.crossings` in blocks of columns, so that memory stays bounded; ranks and volumes are
looked at only where momentum crosses up. They are what `CrossSection` drafts candle by candle, exactly: prices and
volumes are compared as integers. A price that 64 bits do not compare exactly is not evaluated, as live. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, gcd
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from replay.rules.grid import CandleGrid
from signals_app.rules import momentum, ranking
from signals_app.rules.momentum import INT64_MAX, UNUSABLE, Bools, Codes, Ints, Level
from signals_app.rules.strategy import Strategy

Indices = NDArray[np.int32]
BLOCK_CELLS = 1 << 18
PIECE_CELLS = 1 << 20


class Candidates(NamedTuple):
    """Signals in the order in which they are decided: by column, SELL before BUY, by row. `rank` is a BUY's among the
    universe; a SELL was not ranked and has 0. `sells` has the same SELLs row by row: the columns, ascending."""

    column: Indices
    row: Indices
    buy: Bools
    rank: Indices
    sells: tuple[Indices, ...]


class _BlockSignals(NamedTuple):
    """Signals of one block, as places in the order of decisions, and the rank of each."""

    places: Ints
    ranks: Indices


def candidates(grid: CandleGrid, strategy: Strategy, universe: Bools | None = None) -> Candidates:
    """All signals of a grid. `universe` is symbols x periods, None: every symbol always.

    Raises ValueError where symbols are not in order, for then equal momenta would be ranked otherwise than live, or
    where the universe has another shape than the candles.
    """
    if list(grid.symbols) != sorted(set(grid.symbols)):
        raise ValueError("symbols: must be in order, each once; build the grid with sorted symbols")
    if universe is not None and universe.shape != grid.close.shape:
        raise ValueError(f"universe: shape {universe.shape}, that of the candles is {grid.close.shape}")
    scan = CandleScan.of(grid, strategy, universe)
    found = list(scan.blocks())
    return _in_order(
        np.concatenate([np.zeros(0, np.int64), *(block.places for block in found)]),
        np.concatenate([np.zeros(0, np.int32), *(block.ranks for block in found)]),
        rows=len(grid.symbols),
    )


def _in_order(places: Ints, ranks: Indices, *, rows: int) -> Candidates:
    """Take places apart: column x 2 + (1 for a BUY), x rows + row."""
    sides, row = np.divmod(places, max(rows, 1))
    column, buy = (sides >> 1).astype(np.int32), (sides & 1).astype(np.bool_)
    sold_rows, sold_columns = row[~buy].astype(np.uint16 if rows < 1 << 16 else np.int64), column[~buy]
    by_row = np.argsort(sold_rows, kind="stable")
    ends = np.cumsum(np.bincount(sold_rows, minlength=rows))[:-1]
    return Candidates(column, row.astype(np.int32), buy, ranks, tuple(np.split(sold_columns[by_row], ends))[:rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleScan:
    """A grid as the rules look at it. `unit` is how many of a symbol's price units are one unit that is compared,
    `least_volume` the fewest volume units a BUY needs; both by row."""

    grid: CandleGrid
    strategy: Strategy
    universe: Bools | None
    threshold: Level
    exit: Level
    limit: int
    unit: Ints
    least_volume: tuple[int, ...]

    @classmethod
    def of(cls, grid: CandleGrid, strategy: Strategy, universe: Bools | None) -> CandleScan:
        threshold, exit = Level.of(strategy.threshold), Level.of(strategy.exit)
        limit = min(threshold.price_limit, exit.price_limit)
        least = Fraction(strategy.min_volume)
        return cls(
            grid=grid,
            strategy=strategy,
            universe=universe,
            threshold=threshold,
            exit=exit,
            limit=limit,
            unit=_units(grid, limit),
            least_volume=tuple(ceil(least * Fraction(10) ** places) for places in grid.volume_places),
        )

    def closes(self, first: int, after: int) -> Ints:
        """Closes of the columns from `first` up to `after`, UNUSABLE where too large; nothing before the first one."""
        closes = self.grid.close[:, max(first, 0) : after]
        if self.unit.max(initial=1) > 1:
            closes = closes // self.unit[:, np.newaxis]
        if closes.max(initial=0) > self.limit:
            closes = np.where(closes > self.limit, UNUSABLE, closes)
        return np.pad(closes, ((0, 0), (-first, 0))) if first < 0 else closes

    def members(self, first: int, after: int) -> Bools | None:
        return None if self.universe is None else self.universe[:, first:after]

    def blocks(self) -> Iterator[_BlockSignals]:
        """The signals of one block of columns after the other; the sides of the exits are carried on."""
        lookback, width = self.strategy.lookback_rows, max(1, BLOCK_CELLS // max(1, len(self.grid.symbols)))
        before: Codes | None = None
        for first in range(0, self.grid.periods if self.grid.symbols else 0, width):
            after = min(first + width, self.grid.periods)
            closes = self.closes(first - lookback - 1, after)
            crossed = momentum.crossings(closes, lookback, self.threshold, self.exit, before)
            before = crossed.exit_state
            yield self._found(closes, crossed, first, after)

    def _found(self, closes: Ints, crossed: momentum.Crossings, first: int, after: int) -> _BlockSignals:
        rows, members = len(closes), self.members(first, after)
        sell_columns, sell_rows = _by_column(crossed.sells)
        columns, chosen = _by_column(crossed.buys if members is None else crossed.buys & members)
        ranks = self._ranks(closes, members, columns, chosen)
        good = (ranks <= self.strategy.top_n) & self._traded(columns + first, chosen)
        sells = (sell_columns + first) * 2 * rows + sell_rows
        buys = ((columns + first) * 2 + 1)[good] * rows + chosen[good]
        places = np.concatenate([sells, buys])
        order = np.argsort(places, kind="stable")
        return _BlockSignals(places[order], np.concatenate([np.zeros_like(sells), ranks[good]])[order].astype(np.int32))

    def _ranks(self, closes: Ints, members: Bools | None, columns: Ints, chosen: Ints) -> Ints:
        """Rank of the chosen row at each column of a block, in pieces: every symbol's momentum is looked at."""
        now, base = columns + self.strategy.lookback_rows + 1, columns + 1
        ranks = np.zeros(len(columns), np.int64)
        for piece in _pieces(len(columns), len(closes)):
            values = momentum.approximate(closes[:, now[piece]], closes[:, base[piece]])
            if members is not None:
                values[~members[:, columns[piece]]] = np.nan
            ranks[piece] = ranking.rank_of(values, chosen[piece])
        return ranks

    def _traded(self, columns: Ints, chosen: Ints) -> Bools:
        """Whether the lookback's quote volume is enough, exactly."""
        lookback, enough = self.strategy.lookback_rows, np.ones(len(columns), np.bool_)
        if self.strategy.min_volume <= 0 or not len(columns):
            return enough
        windows = sliding_window_view(self.grid.quote_volume, lookback, axis=1)
        least = np.array(self.least_volume, object)
        if max(self.least_volume) <= INT64_MAX:
            least = least.astype(np.int64)
        for piece in _pieces(len(columns), lookback):
            sums = exact_sums(windows[chosen[piece], columns[piece] - lookback + 1])
            enough[piece] = sums >= least[chosen[piece]]
        return enough


def _units(grid: CandleGrid, limit: int) -> Ints:
    """The unit in which the closes of each row are compared: 1, but where a price is too large for that the coarsest
    power of ten that divides every close, as the cross-section counts in the finest place that was shown."""
    units = np.ones(len(grid.symbols), np.int64)
    for row in np.flatnonzero(grid.close.max(axis=1, initial=0) > limit).tolist():
        common = gcd(int(np.gcd.reduce(grid.close[row])), 10 ** grid.price_places[row])
        units[row] = next(10**zeros for zeros in range(18, -1, -1) if common % 10**zeros == 0)
    return units


def exact_sums(windows: Ints) -> NDArray[np.int64] | NDArray[np.object_]:
    """The sum of each row, of numbers from 0: in 64 bits where these are certain to hold it, else as Python's."""
    holds = windows.shape[1] * int(windows.max(initial=0)) <= INT64_MAX
    sums: NDArray[np.int64] | NDArray[np.object_] = (windows if holds else windows.astype(object)).sum(axis=1)
    return sums


def _by_column(chosen: Bools) -> tuple[Ints, Ints]:
    """(columns, rows) of what is chosen, column by column."""
    columns, rows = np.divmod(np.flatnonzero(chosen.T), max(1, len(chosen)))
    return columns, rows


def _pieces(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` items, each as large as its table with `width` columns may be."""
    step = max(1, PIECE_CELLS // max(1, width))
    return (slice(at, at + step) for at in range(0, count, step))
