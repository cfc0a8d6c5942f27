"""The slow replay: candle by candle, symbol by symbol, in Decimal, without any search for what happens next.

It asks the live functions what to do at every close of every symbol, and keeps its own books of it: its own way from
candles to books, its own breakers, marks, peaks and trips. What it shares with the fast one are those functions alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from execution.rules.accounting import Holding, book, floor_to_step, notional
from execution.rules.fill_model import Book, DepthUnknown, Execution, fill
from proofs.slow_replay.slow_market import SlowMarket
from replay.rules.grid import CandleGrid
from replay.rules.settings import ReplaySettings
from risk.decision.requests import Request
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import KINDS, Observations, OpenBreaker, Slip
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.exiting import is_dust
from risk.rules.layers import DAILY_LOSS, STOP_LOSS
from risk.rules.portfolio import Mark, Portfolio, stop_price
from risk.rules.round_trips import Trip, TripFill, closed_trips
from risk.rules.watching import watch_market
from signals_app.rules.cross_section import CrossSection

DAY_S = 86_400
ZERO = Decimal(0)


@dataclass(slots=True)
class Made:
    """One decision and what its order got."""

    number: int
    at_s: int
    request: Request
    seen: DecisionInputs
    ruling: Ruling
    executions: list[Execution] = field(default_factory=list)
    done: bool = False


class Oracle:
    def __init__(self, grid: CandleGrid, settings: ReplaySettings) -> None:
        self.grid, self.settings, self.limits = grid, settings, settings.limits
        self.layers = {layer.number for layer in settings.layers}
        self.section = CrossSection(settings.strategy)
        self.section.set_universe(grid.symbols)
        self.section.skip_to(grid.first_period - 1)
        self.market = SlowMarket(grid, settings)
        self.cash, self.fees, self.turnover = settings.starting_cash, ZERO, ZERO
        self.holdings: dict[str, Holding] = {}
        self.fills: dict[str, list[TripFill]] = {symbol: [] for symbol in grid.symbols}
        self.decisions: list[Made] = []
        self.waiting: dict[str, Made] = {}
        self.entries: list[Made] = []
        self.placed: list[int] = []
        self.slips: list[Slip] = []
        self.last_stops: dict[str, datetime] = {}
        self.breakers: dict[tuple[str, str], OpenBreaker] = {}
        self.opened_at: dict[tuple[str, str], int] = {}
        self.opened: Counter[str] = Counter()
        self.good_since: Any = {}
        self.halted_at: int | None = None
        self.closed_out: int | None = None
        self.day = grid.opens_s(0) // DAY_S
        self.opening = settings.starting_cash
        self.points: list[Decimal] = []
        self.peak_from = 0
        self.curve: list[Decimal] = []
        self.unheld_sells = 0

    def run(self) -> Oracle:
        for column in range(self.grid.periods):
            self._column(column)
        return self

    # one candle

    def _column(self, column: int) -> None:
        self._arrive(column)
        self._stops(column)
        readings = self.market.close(column)
        self.section.add(self.grid.first_period + column, readings, at_s=0.0)
        self.points.append(self._portfolio(self.market.last).equity)
        placed = self._look(column, self._marks(column))
        self._day(column)
        placed = self._signals(column) or placed
        if placed:
            self._look(column, self.market.last)
        self.curve.append(self._portfolio(self.market.last).equity)

    def _arrive(self, column: int) -> None:
        orders = sorted(self.waiting.values(), key=lambda made: made.number) + self.entries
        self.entries = []
        for made in orders:
            symbol = made.seen.symbol
            candle = self.market.candle(symbol, column)
            if candle is None:
                continue
            self.waiting.pop(symbol, None)
            self._fill(made, self.market.book(symbol, candle.open, column - 1), self.grid.opens_s(column))

    def _stops(self, column: int) -> None:
        if STOP_LOSS.number not in self.layers:
            return
        markets, requests = {}, []
        for symbol in sorted(self.holdings):
            candle, held = self.market.candle(symbol, column), self.holdings[symbol]
            if candle is None or symbol in self.waiting:
                continue
            triggered = STOP_LOSS.triggered(
                bid=self.market.bid(symbol, candle.low),
                avg_entry_price=held.avg_entry_price,
                stop_loss_pct=self.limits.stop_loss_pct,
            )
            rules = self.settings.rules[symbol]
            stop = floor_to_step(stop_price(held.avg_entry_price, self.limits.stop_loss_pct), rules.price_tick)
            bid = min(self.market.bid(symbol, candle.open), stop)
            if not triggered or is_dust(held.quantity, rules, bid):
                continue
            book = Book(
                bid=bid, ask=bid, bid_quantity=None, ask_quantity=None,
                quote_volume_24h=self.market.turnover(symbol, column - 1),
            )  # fmt: skip
            markets[symbol] = SymbolMarket(rules=rules, book=book, book_age_ms=0)
            requests.append(("STOP", "SELL", symbol, Decimal(1)))
        for made in self._decide(requests, markets, column, self._peak(column - 1)):
            self._fill(made, markets[made.seen.symbol].book, self.grid.closes_s(column))

    def _marks(self, column: int) -> dict[str, Decimal]:
        if self.settings.marks == "CLOSE":
            return self.market.last
        candles = {symbol: self.market.candle(symbol, column) for symbol in self.holdings}
        return self.market.last | {symbol: candle.low for symbol, candle in candles.items() if candle}

    def _portfolio(self, marks: dict[str, Decimal]) -> Portfolio:
        return Portfolio(
            cash=self.cash,
            holdings=dict(self.holdings),
            marks={symbol: Mark(price=marks[symbol], source="CANDLE") for symbol in self.holdings},
            exiting={symbol: str(made.number) for symbol, made in self.waiting.items()},
            leaving=set(self.waiting),
        )

    def _peak(self, column: int) -> Decimal | None:
        day = -(-DAY_S // self.grid.interval_s)
        return max(self.points[max(column - day + 1, self.peak_from, 0) : column + 1], default=None)

    def _levels(self, peak: Decimal | None) -> Levels:
        return Levels(day=datetime.fromtimestamp(self.day * DAY_S, UTC).date(), opening=self.opening, peak=peak)

    def _state(self, portfolio: Portfolio, at_s: int) -> AccountState:
        whole = any(not symbol for _, symbol in self.breakers)
        return AccountState(
            trading_state="HALTED" if self.halted_at is not None else "REDUCING" if whole else "ACTIVE",
            limits=self.limits,
            portfolio=portfolio,
            breakers=tuple(sorted(self.breakers.values(), key=lambda row: row.key)),
            orders_last_minute=sum(placed > at_s - 60 for placed in self.placed),
            last_stops=self.last_stops,
        )

    # layers 1 and 2

    def _look(self, column: int, marks: dict[str, Decimal]) -> bool:
        at_s, portfolio = self.grid.closes_s(column), self._portfolio(marks)
        reached = DAILY_LOSS.number in self.layers and DAILY_LOSS.reached(
            equity=portfolio.equity, opening=self.opening, limit=self.limits.max_daily_drawdown_pct
        )
        dealt_with = self.halted_at is not None and (self.closed_out == self.day or not self.holdings)
        halts = reached and not dealt_with
        if halts:
            self.halted_at = at_s if self.halted_at is None else self.halted_at
            self.closed_out = self.day
            self.entries = []
        if 2 in self.layers:
            self._watch(column, portfolio)
        return self._sell_all(column) if halts else False

    def _watch(self, column: int, portfolio: Portfolio) -> None:
        at_s = self.grid.closes_s(column)
        seen = self._observations(column, portfolio)
        acts = watch_market(
            self._state(portfolio, at_s), seen, good_since=self.good_since, known_causes=(), now_s=float(at_s)
        )
        self.good_since = acts.good_since
        for row, _ in acts.released:
            del self.breakers[row.key], self.opened_at[row.key]
        for finding in acts.opened:
            self.breakers[finding.key] = OpenBreaker(id=0, kind=finding.kind, symbol=finding.symbol)
            self.opened_at[finding.key] = at_s
            self.opened[finding.kind] += 1

    def _observations(self, column: int, portfolio: Portfolio) -> Observations:
        shown = self.market.observed(column)
        slips, self.slips = tuple(self.slips), []
        return Observations(
            equity=portfolio.equity,
            peak_equity=self._peak(column),
            feed_age_s=shown.feed_age_s,
            quote_ages_s=shown.ages_s,
            spreads_bps=shown.spreads_bps,
            moves=shown.moves,
            orders_last_minute=sum(placed > self.grid.closes_s(column) - 60 for placed in self.placed),
            slips=slips,
            unseen=shown.unseen,
        )

    def _sell_all(self, column: int) -> bool:
        markets = {symbol: self.market.quoted(symbol, column) for symbol in self.holdings}
        requests = [
            ("HALT", "SELL", symbol, Decimal(1))
            for symbol in sorted(self.holdings)
            if symbol not in self.waiting
            and not is_dust(self.holdings[symbol].quantity, markets[symbol].rules, markets[symbol].book.bid)
        ]
        made = self._decide(requests, markets, column, self._peak(column))
        self._send(made, markets, column, at_once=True)
        return bool(made)

    def _day(self, column: int) -> None:
        at_s = self.grid.closes_s(column)
        new_day = at_s // DAY_S != self.grid.opens_s(column) // DAY_S
        equity = self._portfolio(self.market.last).equity
        if new_day:
            self.day, self.opening = at_s // DAY_S, equity
        lost = DAILY_LOSS.reached(equity=equity, opening=self.opening, limit=self.limits.max_daily_drawdown_pct)
        if self.halted_at is not None and not lost and self._due(self.halted_at, at_s, new_day):
            self.halted_at = None
        for key in [key for key in self.breakers if KINDS[key[0]].latched]:
            if self._due(self.opened_at[key], at_s, new_day):
                del self.breakers[key], self.opened_at[key]
                if key[0] == "DRAWDOWN":
                    self.peak_from = column + 1

    def _due(self, since: int, at_s: int, new_day: bool) -> bool:
        """After minutes it is tried at the first close from then on, and with every new day after."""
        after = self.settings.after_halt
        if isinstance(after, str):
            return after == "NEXT_DAY" and new_day
        due = since + 60 * after
        return at_s >= due and (new_day or at_s - self.grid.interval_s < due)

    # signals

    def _signals(self, column: int) -> bool:
        drafts = self.section.evaluate(self.grid.first_period + column, late=False).drafts
        requests = []
        for draft in drafts:
            if draft.side == "SELL" and draft.symbol not in self.holdings:
                self.unheld_sells += 1
            else:
                requests.append(("SIGNAL", draft.side, draft.symbol, draft.strength))
        markets = {symbol: self.market.quoted(symbol, column) for _, _, symbol, _ in requests}
        made = self._decide(requests, markets, column, self._peak(column))
        self._send(made, markets, column, at_once=self.settings.fill == "CLOSE")
        return bool(made)

    def _decide(
        self,
        requests: Sequence[tuple[str, str, str, Decimal]],
        markets: dict[str, SymbolMarket],
        column: int,
        peak: Decimal | None,
    ) -> list[Made]:
        """Decide a batch at the close of a column; stops have the marks of the close before."""
        at_s = self.grid.closes_s(column)
        now, placed = datetime.fromtimestamp(at_s, UTC), []
        batch = DecisionBatch(
            state=self._state(self._portfolio(self.market.last), at_s), markets=markets, levels=self._levels(peak),
            market_now=now, layers=self.settings.layers,
        )  # fmt: skip
        for kind, side, symbol, strength in requests:
            request = Request(
                decision_id=UUID(int=0), kind=kind, side=side, symbol=symbol, occurred_at=now, strength=strength
            )
            seen, ruling = batch.decide(request)
            made = Made(len(self.decisions) + 1, at_s, request, seen, ruling)
            self.decisions.append(made)
            if ruling.approved and not ruling.joined_order:
                placed.append(made)
                self.placed.append(at_s)
                if kind == "STOP":
                    self.last_stops[symbol] = now
        return placed

    def _send(self, orders: list[Made], markets: dict[str, SymbolMarket], column: int, *, at_once: bool) -> None:
        for made in orders:
            symbol = made.seen.symbol
            if at_once and self.market.last_at[symbol] == column:
                self._fill(made, markets[symbol].book, self.grid.closes_s(column))
            elif made.seen.side == "SELL":
                self.waiting[symbol] = made
            else:
                self.entries.append(made)

    # fills

    def _fill(self, made: Made, quoted: Book | None, at_s: int) -> None:
        assert quoted is not None
        symbol, side = made.seen.symbol, made.seen.side
        try:
            answer = fill(
                side=side, quantity=made.ruling.quantity, limit_price=made.ruling.limit_price,
                reduce_only=side == "SELL", book=quoted, rules=self.settings.rules[symbol], model=self.settings.model,
            )  # fmt: skip
        except DepthUnknown:
            if side == "SELL":
                self.waiting[symbol] = made
            return
        for execution in answer.executions:
            self._booked(made, execution, at_s)
        if answer.executions:
            value = sum(notional(each.price, each.quantity) for each in answer.executions)
            average = value / sum(each.quantity for each in answer.executions)
            worse = (average - made.seen.price) / made.seen.price * (1 if side == "BUY" else -1)
            self.slips.append(Slip(order_id=str(made.number), symbol=symbol, slippage=worse))

    def _booked(self, made: Made, execution: Execution, at_s: int) -> None:
        symbol, side = made.seen.symbol, made.seen.side
        made.executions.append(execution)
        booking = book(
            self.holdings.get(symbol, Holding(symbol=symbol)), side=side, price=execution.price,
            quantity=execution.quantity, fee=execution.fee,
        )  # fmt: skip
        self.cash += booking.cash
        self.fees += execution.fee
        self.turnover += notional(execution.price, execution.quantity)
        self.holdings[symbol] = booking.holding
        if not booking.holding.quantity:
            del self.holdings[symbol]
        self.fills[symbol].append(
            TripFill(
                fill_id=len(self.fills[symbol]),
                symbol=symbol,
                side=side,
                price=execution.price,
                quantity=execution.quantity,
                fee=execution.fee,
                executed_at=datetime.fromtimestamp(at_s, UTC),
                kind=made.seen.kind,
                decision_id=UUID(int=made.number),
                signal_id=None,
                decision_price=made.seen.price,
                limits_version=1,
            )  # fmt: skip
        )

    def trips(self) -> list[Trip]:
        """All trips, in the order of the decisions that ended them."""
        trips = [trip for fills in self.fills.values() for trip in closed_trips(fills)]
        return sorted(trips, key=lambda trip: trip.exit_decision_id.int)
