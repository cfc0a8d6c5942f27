"""The candles of a grid as an exchange would have shown them, one at a time, in Decimal: quotes, books, gaps.

It keeps what was shown last of each symbol, and tells at every close what somebody who watches the market observes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from execution.rules.accounting import ceil_to_step, floor_to_step
from execution.rules.fill_model import Book
from marketdata.ticks import grid_text, spread_bps
from replay.rules.grid import CandleGrid
from replay.rules.settings import ReplaySettings
from risk.rules.account_state import SymbolMarket
from risk.rules.price_moves import MinuteMoves

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class ShownCandle:
    open: Decimal
    low: Decimal
    close: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMarket:
    """What a close shows of the market, as `Observations` has it."""

    feed_age_s: Decimal
    ages_s: Mapping[str, Decimal]
    spreads_bps: Mapping[str, Decimal]
    moves: Mapping[str, Decimal]
    unseen: frozenset[str]


class SlowMarket:
    """`last` are the last closes, `last_at` their columns."""

    def __init__(self, grid: CandleGrid, settings: ReplaySettings) -> None:
        self.grid, self.limits, self.rules = grid, settings.limits, settings.rules
        self.half_spread = settings.spread_bps / 20_000
        self.moves = MinuteMoves()
        self.last: dict[str, Decimal] = {}
        self.last_at: dict[str, int] = {}
        self.feed_at = self.alive_since = -1

    def candle(self, symbol: str, column: int) -> ShownCandle | None:
        row = self.grid.symbols.index(symbol)
        if not self.grid.close[row, column]:
            return None
        unit = Decimal(1).scaleb(-self.grid.price_places[row])
        values = (int(field[row, column]) * unit for field in (self.grid.open, self.grid.low, self.grid.close))
        return ShownCandle(*values)

    def bid(self, symbol: str, price: Decimal) -> Decimal:
        tick = self.rules[symbol].price_tick
        return max(floor_to_step(price * (1 - self.half_spread), tick), tick).quantize(tick)

    def ask(self, symbol: str, price: Decimal) -> Decimal:
        tick = self.rules[symbol].price_tick
        return ceil_to_step(price * (1 + self.half_spread), tick).quantize(tick)

    def turnover(self, symbol: str, column: int) -> Decimal:
        row, day = self.grid.symbols.index(symbol), -(-DAY_S // self.grid.interval_s)
        first = max(0, column - day + 1)
        total = sum(int(units) for units in self.grid.quote_volume[row, first : column + 1])
        traded, known = Decimal(total).scaleb(-self.grid.volume_places[row]), column + 1 - first
        return traded if known == day else traded * day / known

    def book(self, symbol: str, price: Decimal, column: int) -> Book:
        return Book(
            bid=self.bid(symbol, price), ask=self.ask(symbol, price), bid_quantity=None, ask_quantity=None,
            quote_volume_24h=self.turnover(symbol, column),
        )  # fmt: skip

    def quoted(self, symbol: str, column: int) -> SymbolMarket:
        if symbol not in self.rules:
            return SymbolMarket()
        at = self.last_at[symbol]
        return SymbolMarket(
            rules=self.rules[symbol],
            book=self.book(symbol, self.last[symbol], at),
            book_age_ms=(column - at) * self.grid.interval_s * 1000,
        )

    def close(self, column: int) -> list[tuple[str, str, str]]:
        """Take the candles of a column; their readings, as signals are evaluated from them."""
        at_s, readings = self.grid.closes_s(column), []
        for row, symbol in enumerate(self.grid.symbols):
            candle = self.candle(symbol, column)
            if candle is None:
                continue
            self.last[symbol], self.last_at[symbol], self.feed_at = candle.close, column, column
            self.moves.record(symbol, float(at_s), candle.close)
            text = grid_text(int(self.grid.close[row, column]), self.grid.price_places[row])
            readings.append((symbol, text, str(int(self.grid.quote_volume[row, column]))))
        return readings

    def observed(self, column: int) -> ShownMarket:
        step = self.grid.interval_s
        feed_age = Decimal((column - self.feed_at) * step)
        silent = feed_age > self.limits.max_data_silence_s
        self.alive_since = -1 if silent else column if self.alive_since < 0 else self.alive_since
        alive = Decimal((column - self.alive_since) * step)
        ages = {symbol: Decimal((column - at) * step) for symbol, at in self.last_at.items()}
        fresh = [symbol for symbol, age in ages.items() if age <= self.limits.max_price_age_s]
        moves = self.moves.moves()
        young = min(self.limits.max_data_silence_s, self.limits.max_price_age_s)
        unseen = {symbol for symbol in self.grid.symbols if symbol not in ages or ages[symbol] > young}
        spreads = {name: self._spread(name) for name in fresh if name in self.rules}
        return ShownMarket(
            feed_age_s=feed_age,
            ages_s={} if silent else {symbol: min(age, alive) for symbol, age in ages.items()},
            spreads_bps={name: spread for name, spread in spreads.items() if spread is not None},
            moves={symbol: moves[symbol] for symbol in fresh},
            unseen=frozenset(unseen | {""} | set(self.grid.symbols) if feed_age > young else unseen),
        )

    def _spread(self, symbol: str) -> Decimal | None:
        return spread_bps(self.bid(symbol, self.last[symbol]), self.ask(symbol, self.last[symbol]))
