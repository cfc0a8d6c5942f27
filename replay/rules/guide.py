"""What happens next on a grid: found by array search, so that a replay jumps from event to event.

    a batch of BUYs      the next column with a candidate
    exit of a position   the first candle whose low's bid is at or below the stop, or the first close at which momentum
                         crosses down through the exit, whichever is first; in one candle the stop is
    an order that waits  the next candle of its symbol
    a new UTC day        after the last column of the one before

Where a loss or a fall from the peak could reach its limit in between, `EquityPoints` tells. The guide names; what it
names is decided by the functions that decide live. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from replay.rules.candidates import Candidates
from replay.rules.grid import CandleGrid
from signals_app.rules.momentum import Ints

DAY_S = 86_400
BLOCK = 64


class Exit(NamedTuple):
    """The column at which a position is to be left; `stop`: because its candle touched the stop."""

    column: int
    stop: bool


class Guide:
    """`exits` and `wakes` by row: when what is held is to be left, and when an order that waits may be filled."""

    def __init__(self, grid: CandleGrid, found: Candidates) -> None:
        self.grid, self.sells = grid, [columns.tolist() for columns in found.sells]
        self.exits: dict[int, Exit] = {}
        self.wakes: dict[int, int] = {}
        self._buys = list(zip(found.column[found.buy].tolist(), found.row[found.buy].tolist(), strict=True))
        self._next_buy = 0
        self._days = iter([*_last_columns(grid).tolist(), grid.periods])
        self.day_ends = next(self._days)
        self._lowest = [_lowest(low) for low in grid.low]

    def named(self) -> int:
        """The next column; that behind the last when there is none."""
        named: int = self.day_ends
        if self._next_buy < len(self._buys):
            named = min(named, self._buys[self._next_buy][0])
        for exit in self.exits.values():
            if exit.column < named:
                named = exit.column
        return min(named, *self.wakes.values()) if self.wakes else named

    def closing_at(self, after_s: int) -> int:
        """The first column that closes at or after a market time."""
        periods = -(-after_s // self.grid.interval_s)
        return periods - self.grid.first_period - 1

    def stops_at(self, column: int) -> list[int]:
        return sorted(row for row, exit in self.exits.items() if exit.column == column and exit.stop)

    def sells_at(self, column: int) -> list[int]:
        return sorted(row for row, exit in self.exits.items() if exit.column == column and not exit.stop)

    def buys_at(self, column: int) -> list[int]:
        """Rows of the BUYs of a column, once."""
        rows = []
        while self._next_buy < len(self._buys) and self._buys[self._next_buy][0] == column:
            rows.append(self._buys[self._next_buy][1])
            self._next_buy += 1
        return rows

    def woken_at(self, column: int) -> list[int]:
        """Rows whose order may be filled at a column's open, once."""
        rows = [row for row, wakes in self.wakes.items() if wakes == column]
        for row in rows:
            del self.wakes[row]
        return rows

    def follow(self, row: int, first: int, *, level: int, least: int) -> None:
        """A position is held from column `first` on, until its stop is touched or momentum crosses down.

        `level` is the highest low that touches the stop, 0: it has none; `least` the lowest open at which it can be
        sold.
        """
        sells, periods = self.sells[row], self.grid.periods
        at = bisect_left(sells, first)
        sold = sells[at] if at < len(sells) else periods
        touched = self._touched(row, first, min(sold + 1, periods), level, least) if level else periods
        self.exits[row] = Exit(touched, True) if touched < min(sold + 1, periods) else Exit(sold, False)

    def _touched(self, row: int, first: int, after: int, level: int, least: int) -> int:
        """The first column of `first` up to `after` whose candle touches the stop, else `after`. A low of 0 is a
        missing candle."""
        lowest = self._lowest[row]
        for block in range(first // BLOCK, -(-after // BLOCK)):
            if lowest[block] <= level:
                begin, end = max(first, block * BLOCK), min(after, (block + 1) * BLOCK)
                low = self.grid.low[row, begin:end]
                hit = (low <= level) & (low > 0) & (self.grid.open[row, begin:end] >= least)
                if hit.any():
                    return begin + int(hit.argmax())
        return after

    def sold_at(self, row: int, column: int) -> bool:
        """Whether a column has a crossing down."""
        at = bisect_left(self.sells[row], column)
        return at < len(self.sells[row]) and self.sells[row][at] == column

    def day_ended(self) -> None:
        self.day_ends = next(self._days)


def _last_columns(grid: CandleGrid) -> Ints:
    """Columns after which a UTC day ends."""
    days = (grid.first_period + np.arange(grid.periods + 1, dtype=np.int64)) * grid.interval_s // DAY_S
    return np.flatnonzero(np.diff(days))


def _lowest(low: Ints) -> list[int]:
    """The lowest low of each block of columns, 0 where one is missing."""
    whole = len(low) // BLOCK * BLOCK
    lowest = low[:whole].reshape(-1, BLOCK).min(axis=1).tolist()
    return lowest if whole == len(low) else [*lowest, int(low[whole:].min())]
