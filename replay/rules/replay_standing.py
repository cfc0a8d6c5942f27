"""How a replayed account stands at a column, as a decision and a look of the layers see it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from replay.rules.equity_points import EquityPoints
from replay.rules.replay_desk import ReplayDesk
from replay.rules.replay_holds import ReplayHolds
from replay.rules.replay_market import DAY_S, ReplayMarket
from replay.rules.settings import ReplaySettings
from risk.rules.account_state import AccountState, Levels
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.portfolio import Mark, Portfolio


class ReplayStanding:
    """`day` counts UTC days since the epoch, `opening` is its opening equity."""

    def __init__(
        self,
        settings: ReplaySettings,
        market: ReplayMarket,
        desk: ReplayDesk,
        holds: ReplayHolds,
        points: EquityPoints,
    ) -> None:
        self.limits, self.market, self.desk, self.holds, self.points = settings.limits, market, desk, holds, points
        self.day, self.opening = market.grid.opens_s(0) // DAY_S, settings.starting_cash
        self._known_levels: Levels | None = None

    def begin_day(self, day: int, column: int) -> None:
        """A new UTC day begins after a column's close, with what the account is worth there."""
        self.day, self.opening = day, self.portfolio(column).equity
        self._known_levels = None

    def state(self, column: int, at_s: int, portfolio: Portfolio, breakers: tuple[OpenBreaker, ...]) -> AccountState:
        return AccountState(
            trading_state=self.holds.trading_state(column),
            limits=self.limits,
            portfolio=portfolio,
            breakers=breakers,
            orders_last_minute=self.desk.orders_last_minute(at_s),
            last_stops=self.desk.last_stops,
        )

    def levels(self, column: int) -> Levels:
        peak = self.points.peak(column)
        if self._known_levels is None or self._known_levels.peak is not peak:
            day = datetime.fromtimestamp(self.day * DAY_S, UTC).date()
            self._known_levels = Levels(day=day, opening=self.opening, peak=peak)
        return self._known_levels

    def portfolio(self, column: int) -> Portfolio:
        """The account with the last closes at a column as marks."""
        rows, price = self.market.rows, self.points.price
        return self._marked_at({symbol: price(rows[symbol], column) for symbol in self.desk.books.holdings})

    def at_lows(self, column: int, portfolio: Portfolio) -> Portfolio:
        """The account at the lows of the candles that have one."""
        rows, units = self.market.rows, self.market.units
        lows = {symbol: self.market.grid.low.item(rows[symbol], column) for symbol in portfolio.holdings}
        return self._marked_at(
            {
                symbol: low * units[rows[symbol]] if low else portfolio.marks[symbol].price
                for symbol, low in lows.items()
            }
        )

    def _marked_at(self, prices: dict[str, Decimal]) -> Portfolio:
        waiting = self.desk.waiting
        return Portfolio(
            cash=self.desk.books.cash,
            holdings=self.desk.books.holdings,
            marks={symbol: Mark(price=price, source="CANDLE") for symbol, price in prices.items()},
            exiting={symbol: str(order.number) for symbol, order in waiting.items()},
            leaving=set(waiting),
        )
