"""The account of a replay: goes from event to event of the candles, and decides each by the functions that decide live.

At a column, in this order:

    orders on their way   met by the candle's open: with fill OPEN what the close before decided; exits that waited
    stops                 of candles that touched them, sold at the stop or where the candle opened below
    look                  layers 1 and 2 at the marks; a loss at its limit sells everything at this close
    day                   a new UTC day has a new opening equity; what is due to be released is
    signals               SELLs, then BUYs, as one batch; filled when all are decided
    look                  again, where something was placed: at what the account did itself

Between two events nothing happens but the marks, which `EquityPoints` values as arrays. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import numpy as np

from execution.rules.accounting import ZERO
from execution.rules.fill_model import Book
from replay.rules.benchmark import held_from_start
from replay.rules.candidates import Candidates
from replay.rules.equity_points import EquityPoints
from replay.rules.grid import CandleGrid
from replay.rules.guide import Guide
from replay.rules.outcome import ReplayCurve, ReplayOutcome
from replay.rules.replay_desk import ReplayDesk, ReplayOrder, ReplayRequest
from replay.rules.replay_holds import ReplayHolds
from replay.rules.replay_market import DAY_S, ReplayMarket
from replay.rules.replay_standing import ReplayStanding
from replay.rules.settings import CLOSE, LOW, ReplaySettings
from replay.rules.symbol_breakers import MarketBreakers
from replay.rules.uncollected import uncollected
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import ACCOUNT, Observations
from risk.rules.exiting import is_dust
from risk.rules.layers import ABNORMAL_MARKET, DAILY_LOSS, STOP_LOSS
from risk.rules.portfolio import Portfolio, stop_price
from risk.rules.watching import close_out_step, loss_acted_on, loss_is_dealt_with
from signals_app.rules import momentum, ranking

Progress = Callable[[int, int], object]
NEAR = 1 + 1e-9


def play(
    grid: CandleGrid, found: Candidates, settings: ReplaySettings, progress: Progress | None = None
) -> ReplayOutcome:
    """Play one account over the candidates of a grid. `progress` is told columns done and how many there are.

    Raises ValueError without candles, or with a price that is too large.
    """
    if not grid.candles:
        raise ValueError("candles: there are none to play")
    with uncollected():
        return ReplayAccount(grid, found, settings).play(progress)


class ReplayAccount:
    """One account on one grid."""

    def __init__(self, grid: CandleGrid, found: Candidates, settings: ReplaySettings) -> None:
        self.grid, self.settings, self.limits = grid, settings, settings.limits
        self.watching = frozenset(layer.number for layer in settings.layers)
        self.market, self.desk = ReplayMarket(grid, settings), ReplayDesk(settings)
        watched = ABNORMAL_MARKET.number in self.watching
        breakers = MarketBreakers(grid, self.limits, self.market.quotings) if watched else None
        self.holds = ReplayHolds(settings.after_halt, breakers)
        self.points = EquityPoints(
            self.market.closes, self.market.units, settings.starting_cash, window=self.market.day
        )
        self.rows = self.market.rows
        self.guide = Guide(grid, found)
        self.standing = ReplayStanding(settings, self.market, self.desk, self.holds, self.points)
        self._closed_out, self._column = -1, 0
        self._loss_bar = self._bar_of(settings.starting_cash)
        self._most_orders = int(self.limits.max_orders_per_minute)
        self._drawdown_share = (1 - float(self.limits.max_drawdown_pct)) * NEAR
        self._decided_sells = self._disagreements = 0
        self._sold_unseen = False
        self._known_bar: float | None = None

    def play(self, progress: Progress | None) -> ReplayOutcome:
        column, periods = -1, self.grid.periods
        while column < periods:
            column = self._named_by_marks(column + 1, self._named(column + 1))
            if column < periods:
                self._play_column(column)
            if column == self.guide.day_ends < periods:
                self.guide.day_ended()
                if progress:
                    progress(column, periods)
        return self._outcome()

    def _named(self, first: int) -> int:
        """The first column from `first` on at which something is to be decided, leaving aside what marks do."""
        if self.desk.entries or self.holds.must_be_watched or self._sold_unseen:
            return first
        named = self.guide.named()
        for due_s in self.holds.due_at_s():
            due = self.guide.closing_at(due_s)
            named = min(named, due) if due >= first else named
        return named

    def _named_by_marks(self, first: int, after: int) -> int:
        """The first column before `after` whose marks could reach a limit, else `after`."""
        points = self.points.stretch(first, after)
        if first < after and self.points.holds_something:
            marked = points if self.settings.marks == CLOSE else self.points.lows(self.grid.low, first, after)
            self._known_bar = bar = self._bar(first, float(points[points.argmax()]))
            if marked[marked.argmin()] <= bar:
                after = first + int((marked <= bar).argmax())
        else:
            self._known_bar = None
        self.points.passed(first, after)
        return after

    def _bar(self, column: int, highest: float) -> float:
        """The equity at which layer 1 or the drawdown could act, a little higher; `highest` may be the peak itself."""
        loss = self._loss_bar if self._loss_is_watched() else float("-inf")
        if self.holds.market is None or self.holds.drawdown_is_open:
            return loss
        top = self.points.top(column)
        peak = highest if top is None else max(highest, float(self.points.points[top]))
        return max(loss, peak * self._drawdown_share)

    def _bar_of(self, opening: Decimal) -> float:
        return float(opening) * (1 - float(self.limits.max_daily_drawdown_pct)) * NEAR

    def _loss_is_watched(self) -> bool:
        """Whether a loss at its limit would be new."""
        dealt_with = self.holds.halted_at_s is not None and self._closed_out == self.standing.day
        return DAILY_LOSS.number in self.watching and not dealt_with

    def _play_column(self, column: int) -> None:
        """Everything that happens in one candle and at its close, in order."""
        self._column, self._sold_unseen = column, False
        if self.guide.wakes or self.desk.entries:
            self._arrive(column)
        if stopped := self.guide.stops_at(column):
            self._stop(column, stopped)
        equity = self.points.stands(column)
        low = self.settings.marks == LOW and self.points.holds_something
        marked = float(self.points.lows(self.grid.low, column, column + 1)[0]) if low else equity
        placed = self._could_act(column, marked, self._known_bar) and self._look(column, low=low)
        if column == self.guide.day_ends or self.holds.ends_by_minutes:
            self._begin_day(column)
        placed = self._signals(column) or placed
        ended = self.points.ends(column)
        if placed and self._could_act(column, ended, None):
            self._sold_unseen = self._look(column, low=False)
            self.points.ends(column)

    def _could_act(self, column: int, marked: float, bar: float | None) -> bool:
        """Whether a look could find anything to do. `bar` is what is known of it: of a stretch that ends here it holds
        for its end too, for a higher point is no loss and no fall."""
        if marked <= (self._bar(column, marked) if bar is None else bar) or self.desk.slips:
            return True
        if self.holds.open and self.holds.must_be_watched:
            return True
        many = self.desk.placed_lately > self._most_orders
        return many and self.desk.orders_last_minute(self.grid.closes_s(column)) > self.limits.max_orders_per_minute

    def _arrive(self, column: int) -> None:
        """Orders on their way meet the open of this candle: exits first; an entry without a candle lapses."""
        at_s = self.grid.opens_s(column)
        woken = [self.desk.waiting.pop(self.grid.symbols[row]) for row in self.guide.woken_at(column)]
        orders = sorted(woken, key=lambda order: order.number) + self.desk.entries
        self.desk.entries = []
        for order in orders:
            row = self.rows[order.symbol]
            if self.market.has_candle(row, column):
                self.desk.send(order, self.market.at_open(row, column), at_s)
        self._settled(column, orders)

    def _stop(self, column: int, rows: list[int]) -> None:
        """Sell at their stops what the candle touched; the marks are those of the close before."""
        symbols, stop_pct, at_s = self.grid.symbols, self.limits.stop_loss_pct, self.grid.closes_s(column)
        markets = {}
        for row in rows:
            entry = self.desk.books.holdings[symbols[row]].avg_entry_price
            markets[symbols[row]] = self.market.at_stop(row, column, stop_price(entry, stop_pct))
        requests = [self.desk.request("STOP", "SELL", symbols[row]) for row in rows]
        orders = self._decide(column, requests, markets, self.standing.portfolio(column - 1), column - 1)
        for order in orders:
            self.desk.send(order, _book(markets[order.symbol]), at_s)
        self._disagreements += len(requests) - len(orders)
        self._settled(column, orders)
        for row in rows:
            if symbols[row] in self.desk.books.holdings and row not in self.guide.wakes:
                self._follow(row, column + (not self.guide.sold_at(row, column)))

    def _look(self, column: int, *, low: bool) -> bool:
        """Layers 1 and 2 look at the account; True when that placed orders."""
        at_s, standing = self.grid.closes_s(column), self.standing
        levels, portfolio = standing.levels(column), standing.portfolio(column)
        marked = standing.at_lows(column, portfolio) if low else portfolio
        state = standing.state(column, at_s, marked, tuple(self.holds.open.values()))
        halts = False
        if DAILY_LOSS.number in self.watching and loss_acted_on(state, levels, {}):
            halted = self.holds.halted_at_s is not None
            halts = not loss_is_dealt_with(
                state, halted_for_it=halted, closed_out=self._closed_out == self.standing.day
            )
        if halts:
            self.holds.halt(at_s)
            self._closed_out = self.standing.day
            self.desk.entries = []
        if self.holds.market is not None:
            self._watch_market(column, state, levels, at_s)
        return self._sell_everything(column, portfolio) if halts else False

    def _watch_market(self, column: int, state: AccountState, levels: Levels, at_s: int) -> None:
        silent = self.holds.market is not None and self.holds.market.unseen(column)
        seen = Observations(
            equity=state.portfolio.equity,
            peak_equity=levels.peak,
            orders_last_minute=state.orders_last_minute,
            slips=self.desk.slipped(),
            unseen=frozenset({ACCOUNT}) if silent else frozenset(),
        )
        self.holds.look(state, seen, at_s)

    def _sell_everything(self, column: int, portfolio: Portfolio) -> bool:
        """A halt for loss: every position that is no dust and is not leaving already, at this close."""
        held = self.desk.books.holdings
        markets = {symbol: self.market.at_close(self.rows[symbol], column) for symbol in held}
        left = {symbol for symbol in held if not _is_dust(held[symbol].quantity, markets[symbol])}
        begun = close_out_step(left, orders_open=True, leaving=set(self.desk.waiting)).begun
        requests = [self.desk.request("HALT", "SELL", symbol) for symbol in begun]
        orders = self._decide(column, requests, markets, portfolio, column) if requests else []
        for order in orders:
            self._send_at_close(column, order, markets)
        self._settled(column + 1, orders)
        return bool(orders)

    def _begin_day(self, column: int) -> None:
        """After the last close of a UTC day its successor begins; what is due is released."""
        new_day, at_s = column == self.guide.day_ends, self.grid.closes_s(column)
        if new_day:
            self.standing.begin_day(at_s // DAY_S, column)
            self._loss_bar = self._bar_of(self.standing.opening)
        loss_lasts = False
        if self.holds.halted_at_s is not None:
            limit, equity = self.limits.max_daily_drawdown_pct, self.standing.portfolio(column).equity
            loss_lasts = DAILY_LOSS.reached(equity=equity, opening=self.standing.opening, limit=limit)
        before_s = at_s - self.grid.interval_s
        if self.holds.release_due(before_s, at_s, new_day=new_day, loss_lasts=loss_lasts):
            self.points.counts_from = column + 1

    def _signals(self, column: int) -> bool:
        """The batch of a close: SELLs of what is held, then BUYs; True when it placed orders."""
        symbols, held = self.grid.symbols, self.desk.books.holdings
        sold = [row for row in self.guide.sells_at(column) if symbols[row] in held]
        bought = self.guide.buys_at(column)
        if not sold and not bought:
            return False
        requests = [self.desk.request("SIGNAL", "SELL", symbols[row]) for row in sold]
        requests += [self.desk.request("SIGNAL", "BUY", symbols[row], self._strength(row, column)) for row in bought]
        markets = {symbols[row]: self.market.at_close(row, column) for row in (*sold, *bought)}
        orders = self._decide(column, requests, markets, self.standing.portfolio(column), column)
        self._decided_sells += len(sold)
        for order in orders:
            if self.settings.fill == CLOSE:
                self._send_at_close(column, order, markets)
            elif order.side == "BUY":
                self.desk.entries.append(order)
            else:
                self.desk.waiting[order.symbol] = order
        self._settled(column + 1, orders, also=sold)
        return bool(orders)

    def _send_at_close(self, column: int, order: ReplayOrder, markets: dict[str, SymbolMarket]) -> None:
        """An order whose symbol has no candle at this close waits for one."""
        if self.market.has_candle(self.rows[order.symbol], column):
            self.desk.send(order, _book(markets[order.symbol]), self.grid.closes_s(column))
        else:
            self.desk.waiting[order.symbol] = order

    def _strength(self, row: int, column: int) -> Decimal:
        close, base = self.grid.close.item(row, column), column - self.settings.strategy.lookback_rows
        value = momentum.exact(close, self.grid.close.item(row, base))
        return ranking.strength(value, self.settings.strategy.threshold)

    def _decide(
        self,
        column: int,
        requests: list[ReplayRequest],
        markets: dict[str, SymbolMarket],
        portfolio: Portfolio,
        marked: int,
    ) -> list[ReplayOrder]:
        """Decide a batch at a column's close, with what is known at the column it is marked at."""
        at_s = self.grid.closes_s(column)
        breakers = self.holds.breakers(marked, {request.symbol: self.rows[request.symbol] for request in requests})
        state = self.standing.state(marked, at_s, portfolio, breakers)
        return self.desk.decide(requests, state, markets, self.standing.levels(marked), at_s)

    def _settled(self, first: int, orders: list[ReplayOrder], also: Iterable[int] = ()) -> None:
        """After orders of these symbols: what is held from column `first` on, and when it is to be left."""
        books, changed = self.desk.books, []
        for row in {*also, *[self.rows[order.symbol] for order in orders]}:
            symbol = self.grid.symbols[row]
            self.guide.exits.pop(row, None)
            holding = books.holdings.get(symbol)
            if holding:
                if symbol in self.desk.waiting:
                    self.guide.wakes[row] = self.market.next_candle(row, self._column + 1)
                self._follow(row, first)
            changed.append((row, holding.quantity if holding else ZERO))
        if changed:
            self.points.changed(first, books.cash, changed)

    def _follow(self, row: int, first: int) -> None:
        """Let the guide look for the exit of a position; one that is leaving already has no stop any more."""
        level = least = 0
        quoting, holding = self.market.quotings[row], self.desk.books.holdings[self.grid.symbols[row]]
        if quoting is not None and STOP_LOSS.number in self.watching and row not in self.guide.wakes:
            stop = stop_price(holding.avg_entry_price, self.limits.stop_loss_pct)
            level, least = quoting.touched_at(stop), quoting.least_to_sell(holding.quantity, stop)
        self.guide.follow(row, first, level=level, least=least)

    def _outcome(self) -> ReplayOutcome:
        books, last = self.desk.books, self.grid.periods - 1
        equity, exposure = self.points.curve()
        curve = ReplayCurve(
            at_s=(self.grid.first_period + 1 + np.arange(self.grid.periods, dtype=np.int64)) * self.grid.interval_s,
            equity=equity,
            exposure=exposure,
            benchmark=held_from_start(self.market.closes.T, float(self.settings.starting_cash)),
        )
        return ReplayOutcome(
            starting_cash=self.settings.starting_cash,
            cash=books.cash,
            equity=self.standing.portfolio(last).equity,
            fees=books.fees,
            turnover=books.turnover,
            decisions=tuple(self.desk.decisions),
            trips=tuple(books.trips),
            curve=curve,
            unheld_sells=sum(map(len, self.guide.sells)) - self._decided_sells,
            disagreements=self._disagreements,
            breakers=dict(self.holds.opened),
        )


def _is_dust(quantity: Decimal, market: SymbolMarket) -> bool:
    return is_dust(quantity, market.rules, market.book.bid if market.book else None)


def _book(market: SymbolMarket) -> Book:
    assert market.book is not None  # noqa: S101 - what has a candle is quoted
    return market.book
