"""What the account is worth at every close, in float64, and exactly in Decimal wherever a decision asks for it.

    point(c)     cash + Σ quantity × last close at or before c, of what is held when column c closes, before its signals
    peak(c)      the highest point of the last 24 hours, found in float64, worth what it is in Decimal

Between two events nothing changes but the closes, so a stretch of columns is one multiplication a symbol held. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np

from execution.rules.accounting import ZERO
from signals_app.rules.momentum import Floats, Ints

Held = tuple[tuple[int, Decimal], ...]


class EquityPoints:
    """`closes` are a grid's last closes, a row per column; `units` are worth one of each symbol's."""

    def __init__(self, closes: Floats, units: Sequence[Decimal], cash: Decimal, *, window: int) -> None:
        self.closes, self.units, self.window = closes, units, window
        self.points: Floats = np.zeros(len(closes))
        self.exposure: Floats = np.zeros(len(closes))
        self.counts_from = 0
        self._ends: list[tuple[int, float, float]] = []
        self._quantities: dict[int, Decimal] = {}
        self._weights: Floats = np.zeros(len(units))
        self._cash = float(cash)
        self._since: list[int] = [0]
        self._books: list[tuple[Decimal, Held]] = [(cash, ())]
        self._tops: deque[tuple[int, int, float]] = deque()
        self._exact: tuple[int, Decimal] | None = None

    @property
    def holds_something(self) -> bool:
        return bool(self._quantities)

    def changed(self, first: int, cash: Decimal, quantities: Iterable[tuple[int, Decimal]]) -> None:
        """From column `first` on there is so much cash, and so much of these rows."""
        for row, quantity in quantities:
            self._weights[row] = float(quantity * self.units[row])
            if quantity:
                self._quantities[row] = quantity
            else:
                self._quantities.pop(row, None)
        if self._since[-1] == first:
            self._since.pop()
            self._books.pop()
        self._since.append(first)
        self._books.append((cash, tuple(self._quantities.items())))
        self._cash = float(cash)

    def stretch(self, first: int, after: int) -> Floats:
        """Value the columns from `first` up to `after`, in which nothing happens."""
        points = self.points[first:after]
        if self._quantities:
            worth = np.dot(self.closes[first:after], self._weights, out=self.exposure[first:after])
            np.add(worth, self._cash, out=points)
        else:
            points.fill(self._cash)
        return points

    def lows(self, low: Ints, first: int, after: int) -> Floats:
        """The same at the lows of the candles, or at the close before where there is none."""
        worth = np.full(after - first, self._cash)
        for row in self._quantities:
            lows = low[row, first:after]
            worth += self._weights[row] * np.where(lows > 0, lows, self.closes[first:after, row])
        return worth

    def worth(self, column: int) -> float:
        """The positions as they are now, at a column's closes."""
        return float(self.closes[column].dot(self._weights)) if self._quantities else 0.0

    def passed(self, first: int, after: int) -> None:
        """The points from `first` up to `after` stand, for the peak."""
        if after > first:
            self._stand(first + int(self.points[first:after].argmax()), after)

    def stands(self, column: int) -> float:
        """The point of a column at which something happens."""
        equity = self.points[column] = self._cash + self.worth(column)
        self._stand(column, column + 1)
        return equity

    def _stand(self, top: int, after: int) -> None:
        """The highest of some points that end before `after`: of those before it only what is higher still counts."""
        tops, point = self._tops, self.points.item(top)
        while tops and tops[-1][2] <= point:
            tops.pop()
        tops.append((top, after, point))

    def ends(self, column: int) -> float:
        """What such a column is left with so far; the curve shows the last, while its point was before the signals."""
        worth = self.worth(column)
        equity = self._cash + worth
        self._ends.append((column, equity, worth))
        return equity

    def top(self, column: int) -> int | None:
        """The column of the peak that counts at a column; None when none does."""
        first = max(column - self.window + 1, self.counts_from)
        while self._tops and self._tops[0][0] < first:
            _, after, _ = self._tops.popleft()
            if after > first:
                again = first + int(self.points[first:after].argmax())
                point = self.points.item(again)
                if not self._tops or point > self._tops[0][2]:
                    self._tops.appendleft((again, after, point))
        return self._tops[0][0] if self._tops else None

    def peak(self, column: int) -> Decimal | None:
        """The highest equity of the last 24 hours."""
        top = self.top(column)
        if top is None:
            return None
        if self._exact is None or self._exact[0] != top:
            self._exact = top, self.exactly(top)
        return self._exact[1]

    def exactly(self, column: int) -> Decimal:
        """The point of a column in Decimal."""
        cash, held = self._books[bisect_right(self._since, column) - 1]
        return cash + sum((quantity * self.price(row, column) for row, quantity in held), ZERO)

    def price(self, row: int, column: int) -> Decimal:
        """A symbol's last close at or before a column."""
        return Decimal(int(self.closes.item(column, row))) * self.units[row]

    def curve(self) -> tuple[Floats, Floats]:
        """(equity, exposure) of every column as it ended."""
        equity, exposure = self.points.copy(), self.exposure.copy()
        for column, ended, exposed in self._ends:
            equity[column], exposure[column] = ended, exposed
        return equity, exposure
