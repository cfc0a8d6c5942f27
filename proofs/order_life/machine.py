"""Random lives of orders on a real database, each step compared with the pure model.

The venue trades, ends and rejects as it likes; what it says arrives late, twice, out of order, without the newest
trades, or after the order's end. Orders are placed, claimed, sent without an answer. After every step each order's
state and each figure of the books must be the model's; at the end the books are rebuilt from the fills.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import count
from uuid import UUID, uuid4

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import booleans, integers, sampled_from

from cdb_site import db
from cdb_site.bus import outbox
from cdb_site.clock import SYSTEM
from execution import booking, claims, operations, placing, queries, rebuild
from execution.rules.orders import OrderDraft
from execution.venues.protocol import Report, Trade
from proofs.order_life.model import ModelBooks, ModelOrder, ModelTrade

CASH = Decimal(1_000_000)
SYMBOLS = ("AAAUSDT", "BBBUSDT")
AT = datetime(2026, 1, 1, tzinfo=UTC)
CLOSE_ENOUGH = Fraction(1, 10**9)
STORED = """SELECT client_order_id, state, filled_quantity FROM "order" WHERE account_id = %s"""
BOOKS = "SELECT symbol, quantity, avg_entry_price, realized_pnl FROM position WHERE account_id = %s"
_numbers = count(1)

steps: Counter[str] = Counter()
"""How often each rule was taken, over all lives."""
after_life: list[Callable[[str], None]] = []


class OrderLives(RuleBasedStateMachine):
    """One account of its own."""

    @initialize()
    def open(self) -> None:
        self.account = f"proof-{uuid4().hex[:12]}"
        operations.open_account(self.account, quote_asset="USDT", deposit=CASH, clock=SYSTEM)
        self.books = ModelBooks(cash=Fraction(CASH))
        self.orders: list[ModelOrder] = []
        self.told: list[tuple[ModelOrder, list[ModelTrade], str]] = []

    def _one(self, number: int, fits: Callable[[ModelOrder], bool]) -> ModelOrder | None:
        chosen = [order for order in self.orders if fits(order)]
        return chosen[number % len(chosen)] if chosen else None

    @rule(symbol=sampled_from(SYMBOLS), quantity=integers(1, 8))
    def buy(self, symbol: str, quantity: int) -> None:
        self._place(symbol, "BUY", Decimal(quantity) / 4)

    @rule(symbol=sampled_from(SYMBOLS))
    def sell(self, symbol: str) -> None:
        """All that is held, and one exit at a time, as risk decides."""
        held = self.books.held(symbol)
        leaving = any(order.open and order.side == "SELL" and order.symbol == symbol for order in self.orders)
        if held and not leaving:
            self._place(symbol, "SELL", Decimal(held.numerator) / held.denominator)

    def _place(self, symbol: str, side: str, quantity: Decimal) -> None:
        steps["place"] += 1
        decision_id = uuid4()
        draft = OrderDraft(
            decision_id=decision_id,
            signal_id=None,
            account=self.account,
            symbol=symbol,
            kind="SIGNAL",
            side=side,
            quantity=quantity,
            limit_price=Decimal(200) if side == "BUY" else None,
            decision_price=Decimal(100),
            reserved_notional=200 * quantity if side == "BUY" else Decimal(0),
            occurred_at=AT,
            valid_for_s=Decimal(3600) if side == "BUY" else None,
        )
        with outbox.unit_of_work("execution") as unit:
            queries.account(self.account, lock=True)
            placing.place(unit, [draft], [None])
        self.orders.append(ModelOrder(name=decision_id.hex, symbol=symbol, side=side, quantity=quantity))

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99))
    def claim(self, number: int) -> None:
        """Twice is once."""
        if order := self._one(number, lambda order: order.state in ("NEW", "SUBMITTED")):
            steps["claim"] += 1
            self._claimed(order)

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99))
    def no_answer(self, number: int) -> None:
        if order := self._one(number, lambda order: order.claimed):
            steps["no_answer"] += 1
            claims.no_answer(self.account, [str(UUID(hex=order.name))], clock=SYSTEM)
            order.unanswered |= order.state == "SUBMITTED"

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99), price=integers(80, 120), quarters=integers(1, 8))
    def trade_at_venue(self, number: int, price: int, quarters: int) -> None:
        if order := self._one(number, lambda one: one.claimed and not one.ended_there and one.left_at_venue > 0):
            self._trade(order, price, min(Decimal(quarters) / 4, order.left_at_venue))

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99), ending=sampled_from(("CANCELED", "EXPIRED", "REJECTED")))
    def end_at_venue(self, number: int, ending: str) -> None:
        order = self._one(number, lambda order: order.claimed and not order.ended_there)
        if order and (ending != "REJECTED" or not order.at_venue):
            steps["end"] += 1
            order.ended_there = ending

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99), price=integers(80, 120))
    def trade_and_tell(self, number: int, price: int) -> None:
        """The usual life: the whole order trades, and we hear of it."""
        if order := self._one(number, lambda order: order.open):
            self._claimed(order)
            self._trade_rest(order, price)
            self._tell(order, lacking=0)

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99), price=integers(80, 120))
    def end_with_trades_unseen(self, number: int, price: int) -> None:
        """It trades and ends, and the venue's list does not show the trades yet."""
        if order := self._one(number, lambda order: order.open and not order.ended_there):
            self._claimed(order)
            self._trade_rest(order, price)
            order.ended_there = "CANCELED"
            self._tell(order, lacking=len(order.at_venue))

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99))
    def show_unseen(self, number: int) -> None:
        """The list is complete at last."""
        if order := self._one(number, lambda order: len(order.known) < len(order.at_venue)):
            self._tell(order, lacking=0)

    def _claimed(self, order: ModelOrder) -> None:
        claims.claim(self.account, [str(UUID(hex=order.name))], clock=SYSTEM, causes={})
        order.claimed = True

    def _trade_rest(self, order: ModelOrder, price: int) -> None:
        if order.left_at_venue > 0 and not order.ended_there:
            self._trade(order, price, order.left_at_venue)

    def _trade(self, order: ModelOrder, price: int, quantity: Decimal) -> None:
        steps["trade"] += 1
        fee = Decimal(price) * quantity / 1000
        order.at_venue.append(ModelTrade(f"t{next(_numbers)}", Decimal(price), quantity, fee))

    @precondition(lambda self: self.orders)
    @rule(number=integers(0, 99), lacking=integers(0, 2))
    def tell(self, number: int, lacking: int) -> None:
        """The venue says how an order stands, perhaps without its newest trades."""
        if order := self._one(number, lambda order: order.claimed):
            self._tell(order, lacking=lacking)

    def _tell(self, order: ModelOrder, *, lacking: int) -> None:
        trades = order.at_venue[: max(0, len(order.at_venue) - lacking)]
        ended = order.ended_there or ("FILLED" if order.left_at_venue == 0 and not lacking else "")
        self.told.append((order, list(trades), ended))
        self._hear(order, trades, ended)

    @precondition(lambda self: self.told)
    @rule(number=integers(0, 999), twice=booleans())
    def tell_again(self, number: int, twice: bool) -> None:
        """Anything that was said before arrives once more."""
        order, trades, ended = self.told[number % len(self.told)]
        for _ in range(1 + twice):
            self._hear(order, trades, ended)

    def _hear(self, order: ModelOrder, trades: list[ModelTrade], ended: str) -> None:
        steps["hear"] += 1
        report = Report(
            client_order_id=order.name,
            trades=tuple(_trade(one) for one in trades),
            open=not ended,
            canceled={"CANCELED": "CANCEL_REQUESTED", "EXPIRED": "ORDER_DEADLINE_PASSED"}.get(ended, ""),
            rejected="VENUE_MINIMUM_NOTIONAL" if ended == "REJECTED" else "",
        )
        booking.record(self.account, {str(UUID(hex=order.name)): report}, clock=SYSTEM, causes={})
        if not self.books.hear(order, trades, open=not ended, ended=ended):
            steps["set_aside"] += 1

    @invariant()
    def orders_are_the_models(self) -> None:
        stored = {name: (state, filled) for name, state, filled in db.select(STORED, (self.account,))}
        assert stored == {order.name: (order.state, order.filled) for order in self.orders}

    @invariant()
    def books_are_the_models(self) -> None:
        row = queries.account(self.account)
        assert (Fraction(row.cash), Fraction(row.fees)) == (self.books.cash, self.books.fees)
        stored = {symbol: rest for symbol, *rest in db.select(BOOKS, (self.account,))}
        assert set(stored) == set(self.books.positions)
        for symbol, (quantity, average, realized) in stored.items():
            model = self.books.positions[symbol]
            assert Fraction(quantity) == model.quantity
            assert abs(Fraction(average) * model.quantity - model.cost) < CLOSE_ENOUGH
            assert abs(Fraction(realized) - model.realized) < CLOSE_ENOUGH

    def teardown(self) -> None:
        if hasattr(self, "books"):
            assert rebuild.differences(self.account) == []
            for look in after_life:
                look(self.account)


def _trade(one: ModelTrade) -> Trade:
    return Trade(
        trade_id=one.trade_id, price=one.price, quantity=one.quantity, fee=one.fee, fee_asset="USDT", executed_at=AT
    )
