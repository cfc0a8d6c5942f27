"""A grid of candles as the market that a replayed account meets: last closes, books, turnovers, and what is missing.

Prices are read as the grid has them; only gaps are filled, each by the close before it. Turnovers are differences of
running sums, which may pass 64 bits and still differ by what was traded in between. Pure.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from execution.rules.fill_model import Book
from replay.rules.grid import CandleGrid
from replay.rules.quoting import Quoting
from replay.rules.settings import ReplaySettings
from risk.rules.account_state import SymbolMarket
from signals_app.rules.momentum import Floats, Ints

DAY_S = 86_400
LOW_64_BITS, LARGEST_EXACT, PIECE = (1 << 64) - 1, 1 << 53, 4096


class ReplayMarket:
    """`closes` are the last closes by column, `rows` those of the symbols; `day` is how many columns 24 hours are."""

    def __init__(self, grid: CandleGrid, settings: ReplaySettings) -> None:
        self.grid = grid
        self.closes = last_closes(grid.close)
        self.quotings = quotings_of(grid, settings)
        self.rows = {symbol: row for row, symbol in enumerate(grid.symbols)}
        self.units = [Decimal(1).scaleb(-places) for places in grid.price_places]
        self.day = -(-DAY_S // grid.interval_s)
        self._traded: dict[int, Ints] = {}

    def has_candle(self, row: int, column: int) -> bool:
        return self.grid.close.item(row, column) > 0

    def next_candle(self, row: int, column: int) -> int:
        """The first column from this one on at which the symbol has a candle; behind the last when it has none."""
        for first in range(column, self.grid.periods, DAY_S):
            there = self.grid.close[row, first : first + DAY_S] > 0
            if there.any():
                return first + int(there.argmax())
        return self.grid.periods

    def at_close(self, row: int, column: int) -> SymbolMarket:
        """What is quoted when a column closes; without a candle what was quoted last, and how old it is."""
        quoting, newest = self.quotings[row], column
        if quoting is None:
            return SymbolMarket()
        units, age_ms = self.grid.close.item(row, column), 0
        if not units:
            newest = self._last_candle(row, column)
            units, age_ms = self.grid.close.item(row, newest), (column - newest) * self.grid.interval_s * 1000
        return SymbolMarket(
            rules=quoting.rules, book=quoting.book(units, self.turnover(row, newest)), book_age_ms=age_ms
        )

    def at_open(self, row: int, column: int) -> Book:
        """The book when a candle opens, whose own volume is not known yet."""
        return self._quoting(row).book(self.grid.open.item(row, column), self.turnover(row, column - 1))

    def at_stop(self, row: int, column: int, stop_price: Decimal) -> SymbolMarket:
        """What a stop is sold at in a candle that touched it."""
        quoting = self._quoting(row)
        book = quoting.stop_book(self.grid.open.item(row, column), stop_price, self.turnover(row, column - 1))
        return SymbolMarket(rules=quoting.rules, book=book, book_age_ms=0)

    def turnover(self, row: int, column: int) -> Decimal:
        """Quote volume of the 24 hours up to a close; what a shorter recording has, scaled to a day."""
        known = min(column + 1, self.day)
        units = (self._traded_before(row, column + 1) - self._traded_before(row, column + 1 - known)) & LOW_64_BITS
        volume = Decimal(units).scaleb(-self.grid.volume_places[row])
        return volume if known == self.day else volume * self.day / known

    def _traded_before(self, row: int, column: int) -> int:
        """Volume units of all columns before one, from the sums that are kept of every fourth."""
        sums, volumes = self._traded.get(row), self.grid.quote_volume
        if sums is None:
            sums = self._traded[row] = sums_of_fours(volumes[row])
        fours, rest = divmod(column, 4)
        before: int = sums.item(fours)
        for last in range(column - rest, column):
            before += volumes.item(row, last)
        return before

    def _last_candle(self, row: int, column: int) -> int:
        while column > 0 and not self.grid.close.item(row, column):
            column -= 1
        return column

    def _quoting(self, row: int) -> Quoting:
        quoting = self.quotings[row]
        assert quoting is not None  # noqa: S101 - what is not listed is refused, so it is not held
        return quoting


def quotings_of(grid: CandleGrid, settings: ReplaySettings) -> list[Quoting | None]:
    """By row; None: the symbol is not listed."""
    return [
        Quoting(settings.rules[symbol], places, settings.spread_bps) if symbol in settings.rules else None
        for symbol, places in zip(grid.symbols, grid.price_places, strict=True)
    ]


def sums_of_fours(values: Ints) -> Ints:
    """Running sums of the values before every fourth one, the first of none: a quarter of the memory of all of them.
    They may pass 64 bits."""
    fours = len(values) // 4
    sums = np.zeros(fours + 1, np.int64)
    np.cumsum(values[: 4 * fours].reshape(fours, 4).sum(axis=1, dtype=np.int64), out=sums[1:])
    return sums


def last_closes(closes: Ints) -> Floats:
    """The last close at or before each column, a row per column; 0 before a symbol's first candle.

    Raises ValueError for a price that float64 does not hold exactly.
    """
    if closes.max(initial=0) > LARGEST_EXACT:
        raise ValueError(f"closes: {closes.max()} price units are more than {LARGEST_EXACT}; use fewer price places")
    by_column: Floats = np.empty(closes.shape[::-1])
    whole = filled(closes)
    for first in range(0, len(by_column), PIECE):
        by_column[first : first + PIECE] = whole[:, first : first + PIECE].T
    return by_column


def filled(closes: Ints) -> Ints:
    """Closes with every gap filled by the close before it; the same array where nothing is missing."""
    if not closes.size or closes.min() > 0:
        return closes
    whole = np.empty_like(closes)
    columns = np.arange(closes.shape[1])
    for row, ours in enumerate(closes):
        whole[row] = ours[np.maximum.accumulate(np.where(ours > 0, columns, 0))]
    return whole
