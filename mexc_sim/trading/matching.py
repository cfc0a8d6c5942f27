"""The matching engine of one pair: price, then time. Prices in ticks, quantities in steps, amounts in ticks x steps.

The other side of most matches is the street: the levels of the simulated market's book, which belong to nobody. At one
price the street comes first, for it stood there before; among orders the older one. What is taken of a level is gone
until the street is told anew.

    LIMIT                takes up to its price, the rest rests in the book
    LIMIT_MAKER          rests, or is canceled where it would take
    IMMEDIATE_OR_CANCEL  takes up to its price, the rest is canceled
    FILL_OR_KILL         takes all of its quantity up to its price, or nothing
    MARKET               takes at any price, of a quantity or for an amount; the rest is canceled
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def other(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class Kind(StrEnum):
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    IMMEDIATE_OR_CANCEL = "IMMEDIATE_OR_CANCEL"
    FILL_OR_KILL = "FILL_OR_KILL"
    MARKET = "MARKET"


class State(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    PARTIALLY_CANCELED = "PARTIALLY_CANCELED"


def state_of(whole: bool, some: bool, canceled: bool) -> State:
    """The state of an order of which the whole, or some, is filled."""
    if whole:
        return State.FILLED
    if canceled:
        return State.PARTIALLY_CANCELED if some else State.CANCELED
    return State.PARTIALLY_FILLED if some else State.NEW


@dataclass(slots=True, kw_only=True, eq=False)
class SimOrder:
    """`price` None: any. `quantity` None: as much as `amount` buys."""

    order_id: str
    side: Side
    kind: Kind
    price: int | None = None
    quantity: int | None = None
    amount: int | None = None
    filled: int = 0
    paid: int = 0
    canceled: bool = False

    @property
    def open(self) -> bool:
        return not self.canceled and self.filled != self.quantity

    @property
    def state(self) -> State:
        return state_of(self.filled == self.quantity, bool(self.filled), self.canceled)

    def wants(self, price: int) -> int:
        """How many steps it would take or give at this price; 0 when the price is beyond its own."""
        if self.canceled or not self._accepts(price):
            return 0
        if self.quantity is not None:
            return self.quantity - self.filled
        return (self.amount - self.paid) // price if self.amount is not None else 0

    def _accepts(self, price: int) -> bool:
        if self.price is None:
            return True
        return price <= self.price if self.side is Side.BUY else price >= self.price


class Match(NamedTuple):
    """One trade. An order that is None is the street."""

    price: int
    quantity: int
    taker: SimOrder | None
    maker: SimOrder | None


@dataclass(slots=True)
class Street:
    """(price, quantity) of both sides, best first; what is taken is taken out."""

    bids: list[tuple[int, int]] = field(default_factory=list)
    asks: list[tuple[int, int]] = field(default_factory=list)

    def of(self, side: Side) -> list[tuple[int, int]]:
        return self.bids if side is Side.BUY else self.asks


class MatchingBook:
    """The resting orders of one pair and the street beside them."""

    def __init__(self) -> None:
        self.street = Street()
        self._resting: dict[Side, list[tuple[int, int, SimOrder]]] = {Side.BUY: [], Side.SELL: []}
        self._arrivals = 0

    def submit(self, order: SimOrder) -> list[Match]:
        """Take an order: what it trades at once, in order. It rests, or is at its end, afterwards."""
        best = self._best(order.side.other)
        if order.kind is Kind.LIMIT_MAKER and best is not None and order.wants(best):
            order.canceled = True
            return []
        if order.kind is Kind.FILL_OR_KILL and not self._enough(order):
            order.canceled = True
            return []
        matches = list(self._take(order))
        if order.open:
            if order.kind in (Kind.LIMIT, Kind.LIMIT_MAKER) and order.price is not None:
                self._rest(order, order.price)
            else:
                order.canceled = True
        return matches

    def tell(self, street: Street) -> list[Match]:
        """The market has moved: resting orders that its new levels cross trade at their own prices, the best first."""
        self.street = street
        matches = []
        for side in Side:
            levels = street.of(side.other)
            for rank, _, order in list(self._resting[side]):
                while levels and (quantity := min(order.wants(levels[0][0]), levels[0][1])):
                    matches.append(self._match(abs(rank), quantity, None, order))
                    _reduce(levels, quantity)
        return matches

    def cancel(self, order: SimOrder) -> bool:
        """Take a resting order out; False when it is at its end."""
        if not order.open:
            return False
        order.canceled = True
        self._forget(order)
        return True

    def rest_again(self, order: SimOrder) -> None:
        """An order that rested when the exchange ended; one at its end is left alone."""
        if order.open and order.price is not None:
            self._rest(order, order.price)

    def resting(self, side: Side) -> list[SimOrder]:
        """In the order in which they trade."""
        return [order for _, _, order in self._resting[side]]

    def _best(self, side: Side) -> int | None:
        prices = [order.price for order in self.resting(side)[:1] if order.price is not None]
        prices += [price for price, _ in self.street.of(side)[:1]]
        if not prices:
            return None
        return max(prices) if side is Side.BUY else min(prices)

    def _enough(self, order: SimOrder) -> bool:
        other = order.side.other
        there = [(price, quantity) for price, quantity in self.street.of(other)]
        there += [(one.price, one.wants(one.price)) for one in self.resting(other) if one.price is not None]
        return sum(quantity for price, quantity in there if order.wants(price)) >= (order.quantity or 0)

    def _take(self, order: SimOrder) -> Iterator[Match]:
        other = order.side.other
        while (price := self._best(other)) is not None and (wanted := order.wants(price)):
            levels = self.street.of(other)
            if levels and levels[0][0] == price:
                quantity = min(wanted, levels[0][1])
                _reduce(levels, quantity)
                yield self._match(price, quantity, order, None)
            else:
                maker = self.resting(other)[0]
                yield self._match(price, min(wanted, maker.wants(price)), order, maker)

    def _match(self, price: int, quantity: int, taker: SimOrder | None, maker: SimOrder | None) -> Match:
        for order in (taker, maker):
            if order is not None:
                order.filled += quantity
                order.paid += price * quantity
        if maker is not None and not maker.open:
            self._forget(maker)
        return Match(price, quantity, taker, maker)

    def _rest(self, order: SimOrder, price: int) -> None:
        self._arrivals += 1
        rank = -price if order.side is Side.BUY else price
        insort(self._resting[order.side], (rank, self._arrivals, order))

    def _forget(self, order: SimOrder) -> None:
        self._resting[order.side] = [row for row in self._resting[order.side] if row[2] is not order]


def _reduce(levels: list[tuple[int, int]], quantity: int) -> None:
    price, there = levels[0]
    if there == quantity:
        levels.pop(0)
    else:
        levels[0] = (price, there - quantity)


def street(bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> Street:
    """The levels of a market's book, as it tells them."""
    return Street(list(bids), list(asks))
