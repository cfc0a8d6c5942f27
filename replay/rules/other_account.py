"""The account as it would stand with other limits: beside the recorded one, and apart from it only where it must be.

A symbol is apart once a decision about it came out otherwise, or a fill of it is modelled; the books are apart once any
symbol is. What is not apart follows the record: so the same limits give the same day. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from execution.rules.accounting import ZERO, Booking, Holding, begun, book
from execution.rules.book_walk import Execution
from replay.rules.recorded_day import DayFill, DayOrder
from replay.rules.standing import booked, portfolio_of
from risk.rules.portfolio import Portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An order of the other account that is filled by the model at a wall time."""

    order: DayOrder
    at: datetime
    decision_price: Decimal | None


@dataclass(slots=True)
class OtherAccount:
    """`kept` are orders decided as recorded, which keep their recorded fills; `due` those that are modelled."""

    cash: Decimal
    paid_in: Decimal
    holdings: dict[str, Holding]
    kept: set[UUID] = field(default_factory=set)
    due: list[Due] = field(default_factory=list)
    apart: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    stops: dict[str, datetime] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    fees: Decimal = ZERO
    orders: int = 0

    @property
    def held(self) -> dict[str, Holding]:
        return {symbol: one for symbol, one in sorted(self.holdings.items()) if one.quantity}

    @property
    def is_apart(self) -> bool:
        return bool(self.apart)

    def take(self, fill: DayFill) -> None:
        """A recorded fill of an order that was decided as recorded."""
        self._book(fill.symbol, booked(self.holding(fill.symbol), fill), fill.fee)

    def pay(self, paid: Decimal) -> None:
        self.cash += paid
        self.paid_in += paid

    def fill(self, order: DayOrder, execution: Execution, at: datetime) -> None:
        """A modelled execution."""
        before = begun(self.holding(order.symbol), episode_id=order.order_id, opened_at=at)
        quantity = execution.quantity if order.side == "BUY" else min(execution.quantity, before.quantity)
        if not quantity:
            return
        booking = book(before, side=order.side, price=execution.price, quantity=quantity, fee=execution.fee)
        self._book(order.symbol, booking, execution.fee)

    def holding(self, symbol: str) -> Holding:
        return self.holdings.get(symbol, Holding(symbol=symbol))

    def _book(self, symbol: str, booking: Booking, fee: Decimal) -> None:
        self.holdings[symbol] = booking.holding
        self.cash += booking.cash
        self.fees += fee
        if not booking.holding.quantity:
            self.leaving.discard(symbol)

    def mark(self, symbol: str) -> Decimal:
        """The last price known of a symbol; what was never priced counts at its entry."""
        return self.marks.get(symbol) or self.holding(symbol).avg_entry_price

    def equity(self) -> Decimal:
        return self.cash + sum((one.quantity * self.mark(symbol) for symbol, one in self.held.items()), ZERO)

    def portfolio(self, seen: Iterable[DayOrder], marks: Mapping[str, Decimal], leaving: Iterable[str]) -> Portfolio:
        """With those of the recorded open orders that are its own too, and with what is due."""
        held = self.held
        orders = [order for order in seen if order.order_id in self.kept] + [one.order for one in self.due]
        priced = {symbol: marks.get(symbol) or self.mark(symbol) for symbol in held}
        return portfolio_of(self.cash, held, priced, orders, tuple(leaving))

    def withdraw(self, orders: Iterable[UUID], symbols: Iterable[str]) -> None:
        """Open buys are canceled: what had been kept of them is not filled here."""
        gone = set(orders)
        self.kept -= gone
        self.apart |= set(symbols)
