"""How an account stood at each of a day's decisions: its cash, its positions, what its open orders set aside. Pure.

Bookings are taken in up to the version that a decision saw, and each is booked again by the books' own arithmetic: what
a fill realised and moved in cash must come out as it was stored. An order that ended without a fill changed no version:
around its end it may have been seen as open or as ended, and the account is tried both ways.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import combinations
from typing import NamedTuple

from execution.rules.accounting import Booking, Holding, begun, book
from replay.rules.concurrent import CONCURRENT
from replay.rules.recorded_day import DayBooking, DayDecision, DayFill, DayOrder, RecordedDay
from risk.rules.portfolio import Mark, Portfolio

# So many orders that end at once are tried each way; more are taken as ended.
TRIED_MOST = 4
PLACES = Decimal("1e-18")
HALF_UP = Context(prec=60, rounding=ROUND_HALF_UP)


class Misbooked(NamedTuple):
    """A figure of a fill that booking it again does not give."""

    fill_id: int
    field: str
    stored: object
    again: object


class DayStanding:
    """One account as a day goes on."""

    def __init__(self, day: RecordedDay) -> None:
        self.version, self.cash, self.paid_in = day.version, day.cash, day.paid_in
        self.holdings: dict[str, Holding] = dict(day.holdings)
        self.misbooked: list[Misbooked] = []
        self.booked = 0
        self._bookings, self._next = day.bookings, 0
        self._orders = day.orders
        self.open: dict[object, DayOrder] = {order.order_id: order for order in _open_before(day)}

    def advance(self, version: int | None = None) -> None:
        """Take in the bookings up to a version of the account; None: all of the day."""
        while self._next < len(self._bookings):
            booking = self._bookings[self._next]
            if version is not None and booking.version > version:
                return
            self._take(booking)
            self._next += 1

    def _take(self, booking: DayBooking) -> None:
        self.version = booking.version
        self.cash += booking.paid
        self.paid_in += booking.paid
        for fill in booking.fills:
            self._book(fill)
            order = self.open.get(fill.order_id)
            if order and order.closed_at is not None and order.last_fill_id == fill.fill_id:
                del self.open[fill.order_id]

    def _book(self, fill: DayFill) -> None:
        booking = booked(self.holdings.get(fill.symbol, Holding(symbol=fill.symbol)), fill)
        self.holdings[fill.symbol] = booking.holding
        self.cash += booking.cash
        self.booked += 1
        for name, stored, again in (
            ("realized_pnl", fill.realized_pnl, booking.realized_pnl),
            ("cash", fill.cash, booking.cash),
        ):
            if stored != again:
                self.misbooked.append(Misbooked(fill.fill_id, name, stored, again))

    def placed(self, decision: DayDecision) -> None:
        """A decision placed its order."""
        order = self._orders.get(decision.order_id) if decision.order_id else None
        if order is not None:
            self.open[order.order_id] = order

    @property
    def held(self) -> dict[str, Holding]:
        """What is held, in order of symbol."""
        return {symbol: one for symbol, one in sorted(self.holdings.items()) if one.quantity}

    def open_orders(self, at: datetime) -> Iterator[list[DayOrder]]:
        """The orders that may have been seen as open at a wall time, the likeliest first: all that may have ended
        had."""
        for orders in self._open_at(at):
            yield [_as_read(order, at) for order in orders]

    def _open_at(self, at: datetime) -> Iterator[list[DayOrder]]:
        live = [order for order in self.open.values() if not _ended(order, at - CONCURRENT)]
        ending = [order for order in live if _ended(order, at + CONCURRENT)][:TRIED_MOST]
        racing = {order.order_id for order in ending}
        surely = [order for order in live if order.order_id not in racing and not _ended(order, at + CONCURRENT)]
        for count in range(len(ending) + 1):
            for chosen in combinations(ending, count):
                yield [*surely, *chosen]


def _open_before(day: RecordedDay) -> Iterator[DayOrder]:
    """The orders that were open before the first booking: none whose last fill was booked before it."""
    first = day.decisions[0].at if day.decisions else None
    to_come = {fill.fill_id for booking in day.bookings for fill in booking.fills}
    for order in day.orders.values():
        filled = order.closed_at is not None and order.last_fill_id is not None and order.last_fill_id not in to_come
        if not filled and (first is None or order.placed_at < first):
            yield order


def _ended(order: DayOrder, at: datetime) -> bool:
    """Whether it ended without a fill before a wall time; one that was filled ends with its booking."""
    return order.last_fill_id is None and order.closed_at is not None and order.closed_at <= at


def _as_read(order: DayOrder, at: datetime) -> DayOrder:
    """What a stored order reserves has the places of its column; within its own batch it has all of them."""
    if order.placed_at == at:
        return order
    return replace(order, reserved=order.reserved.quantize(PLACES, context=HALF_UP))


def booked(holding: Holding, fill: DayFill) -> Booking:
    """One fill, booked on a position."""
    before = begun(holding, episode_id=fill.episode_id, opened_at=fill.executed_at)
    return book(
        before,
        side=fill.side,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        base_fee=fill.base_fee,
        dust=fill.dust,
    )


def portfolio_of(
    cash: Decimal,
    held: Mapping[str, Holding],
    marks: Mapping[str, Decimal],
    orders: Sequence[DayOrder],
    leaving: Collection[str],
) -> Portfolio:
    """Cash, positions and open orders as a decision sees them."""
    reserved: defaultdict[str, Decimal] = defaultdict(Decimal)
    buys = [order for order in orders if order.side == "BUY"]
    for order in buys:
        reserved[order.symbol] += order.reserved
    return Portfolio(
        cash=cash,
        holdings=held,
        marks={symbol: Mark(price=marks[symbol], source="BOOK") for symbol in held},
        reserved=dict(reserved),
        exiting={order.symbol: str(order.order_id) for order in orders if order.side == "SELL"},
        leaving=set(leaving),
        taker_fees={order.symbol: order.taker_fee for order in buys},
    )
