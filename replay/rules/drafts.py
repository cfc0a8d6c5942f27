"""Candidates as the signals they are: the drafts of a column, with the numbers that the live cross-section gives them.

A replay of a year has a million candidates and decides a few thousand of them, so momentum, strength, volume and the
rank of a SELL are worked out only for the columns that are asked for. Pure.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from marketdata.ticks import grid_text
from replay.rules.candidates import Candidates, CandleScan, exact_sums
from replay.rules.grid import CandleGrid
from signals_app.rules import momentum, ranking
from signals_app.rules.cross_section import SignalDraft
from signals_app.rules.momentum import Bools, Ints
from signals_app.rules.strategy import Strategy


class Drafting:
    """Drafts of the candidates of one grid, as `CrossSection` makes them. Universe as in `candidates`."""

    def __init__(self, grid: CandleGrid, strategy: Strategy, universe: Bools | None = None) -> None:
        self.grid, self.strategy = grid, strategy
        self.scan = CandleScan.of(grid, strategy, universe)

    def at(self, column: int, found: Candidates) -> list[SignalDraft]:
        """Every signal of a column, in the order in which they are decided."""
        first, after = np.searchsorted(found.column, (column, column + 1)).tolist()
        order = self._order(column) if after > first else np.zeros(0, np.int64)
        return [self._draft(found, at, order) for at in range(first, after)]

    def strength(self, column: int, row: int) -> Decimal:
        """Of a BUY: how much of a position it asks for."""
        return ranking.strength(self._momentum(column, row), self.strategy.threshold)

    def _draft(self, found: Candidates, at: int, order: Ints) -> SignalDraft:
        column, row, buy = int(found.column[at]), int(found.row[at]), bool(found.buy[at])
        return SignalDraft(
            symbol=self.grid.symbols[row],
            side="BUY" if buy else "SELL",
            momentum=self._momentum(column, row),
            strength=self.strength(column, row) if buy else Decimal(1),
            rank=int(order[row]),
            quote_volume=self._volume(column, row),
            closes=self._texts(column, row),
        )

    def _momentum(self, column: int, row: int) -> Decimal:
        closes = self.grid.close[row]
        return momentum.exact(int(closes[column]), int(closes[column - self.strategy.lookback_rows]))

    def _order(self, column: int) -> Ints:
        """Rank by row; what has none, or is outside the universe, is behind all that have one."""
        closes = self.scan.closes(column - self.strategy.lookback_rows, column + 1)
        values = momentum.approximate(closes[:, -1], closes[:, 0])
        members = self.scan.members(column, column + 1)
        if members is not None:
            values[~members[:, 0]] = np.nan
        ranks = ranking.ranks(values)
        return np.where(ranks == 0, np.count_nonzero(ranks) + 1, ranks)

    def _volume(self, column: int, row: int) -> Decimal:
        """Quote volume of the lookback."""
        first = max(0, column - self.strategy.lookback_rows + 1)
        units = exact_sums(self.grid.quote_volume[[row], first : column + 1])
        return Decimal(int(units[0])).scaleb(-self.grid.volume_places[row])

    def _texts(self, column: int, row: int) -> tuple[str, str, str, str]:
        """Previous base, base, previous close, close; empty where there is none that is compared."""
        lookback = self.strategy.lookback_rows
        compared = self.scan.closes(column - lookback - 1, column + 1)[row]
        known, closes = compared > 0, self.grid.close[row, column - lookback - 1 : column + 1].tolist()
        places = self.grid.price_places[row]
        first, second, third, last = (grid_text(closes[at], places) if known[at] else "" for at in (0, 1, -2, -1))
        return first, second, third, last
