"""A day of an account that decides live, written down as it goes: what a test plays again.

The account is kept by the builder's own few lines, not by what is tested; prices are whole numbers, fees nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from cdb_site.limit_table import LIMITS
from execution.rules.accounting import Holding
from execution.rules.fill_model import Book
from replay.rules.recorded_day import (
    DayBooking,
    DayDecision,
    DayFacts,
    DayFill,
    DayLevels,
    DayOrder,
    HoldChange,
    RecordedDay,
    Spell,
)
from replay.rules.tape_quotes import TapeQuote
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.limits import Limits
from risk.rules.portfolio import Mark, Portfolio
from tests.builders import make_book, make_rules

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = UUID(int=7)
DELAY_S = 0.5
CASH = Decimal(10_000)


def limits(**changes: str) -> Limits:
    values = {limit.name: limit.default for limit in LIMITS}
    return Limits(version=1, **(values | {name: Decimal(value) for name, value in changes.items()}))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as a test makes it."""

    decision_id: UUID
    kind: str
    side: str
    symbol: str
    strength: Decimal = Decimal(1)
    expires_at: datetime | None = None
    open_time: datetime | None = None


@dataclass
class DayBuilder:
    """Seconds are counted from BEGUN."""

    limits: Limits = field(default_factory=limits)
    cash: Decimal = CASH
    held: dict[str, Holding] = field(default_factory=dict)
    decisions: list[DayDecision] = field(default_factory=list)
    bookings: list[DayBooking] = field(default_factory=list)
    orders: dict[UUID, DayOrder] = field(default_factory=dict)
    quotes: list[TapeQuote] = field(default_factory=list)
    holds: list[HoldChange] = field(default_factory=lambda: [HoldChange(owner="OPERATOR", state="ACTIVE", at=at(-60))])
    breakers: list[Spell[OpenBreaker]] = field(default_factory=list)
    found: dict[int, tuple[Decimal, str]] = field(default_factory=dict)
    stops: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    marks: dict[str, Decimal] = field(default_factory=dict)
    open: dict[str, DayOrder] = field(default_factory=dict)
    state: str = "ACTIVE"

    def quote(self, second: float, price: int, symbol: str = "AAAUSDT") -> Book:
        """A quote of the tape: bid and ask at one price."""
        book = make_book(bid=str(price), ask=str(price), bid_quantity="1000", ask_quantity="1000")
        self.quotes.append(TapeQuote(at(second), symbol, book))
        self.marks[symbol] = Decimal(price)
        return book

    def ask(self, second: float, side: str, price: int, symbol: str = "AAAUSDT", kind: str = "SIGNAL") -> Ruling:
        """A request at a price, decided and written down; what it ordered fills DELAY_S later at that price."""
        book, moment = self.quote(second - 0.01, price, symbol), at(second)
        request = self._request(kind, side, symbol, moment)
        market = SymbolMarket(rules=make_rules(fee="0"), book=book, book_age_ms=10)
        batch = DecisionBatch(
            state=self._account(moment),
            markets={symbol: market},
            levels=Levels(day=moment.date(), opening=CASH, peak=None, paid_in=CASH),
            market_now=moment,
        )
        marks = {name: self.marks[name] for name in self.held}
        seen, ruling = batch.decide(request)
        placed = ruling.approved and not ruling.joined_order
        self.decisions.append(
            DayDecision(
                decision_id=request.decision_id,
                number=len(self.decisions) + 1,
                version=1 + len(self.bookings),
                at=moment,
                market_now=moment,
                request=request,
                market=market,
                marks=marks,
                inputs=seen,
                outcome=ruling.outcome,
                reason_code=ruling.reason_code,
                quantity=ruling.quantity,
                order_id=request.decision_id if placed else None,
            )
        )
        if placed:
            self._place(request, ruling, moment)
            self._fill(self.orders[request.decision_id], price, at(second + DELAY_S))
        return ruling

    def breaker(self, number: int, kind: str, begun: float, ended: float, observed: str, symbol: str = "") -> None:
        row = OpenBreaker(id=number, kind=kind, symbol=symbol)
        self.breakers.append(Spell(value=row, begun=at(begun), ended=at(ended)))
        self.found[number] = Decimal(observed), ""

    def hold(self, second: float, owner: str, state: str) -> None:
        self.holds.append(HoldChange(owner=owner, state=state, at=at(second)))
        self.state = state

    def day(self) -> RecordedDay:
        return RecordedDay(
            account="paper",
            quote_asset="USDT",
            day=BEGUN.date(),
            version=1,
            cash=CASH,
            paid_in=CASH,
            holdings={},
            bookings=tuple(self.bookings),
            orders=self.orders,
            decisions=tuple(self.decisions),
            facts=DayFacts(
                holds=tuple(sorted(self.holds, key=lambda change: change.at)),
                breakers=tuple(self.breakers),
                found=self.found,
                limits=((at(-60), self.limits),),
                orders_placed=tuple(order.placed_at for order in self.orders.values()),
                stops=tuple(self.stops),
                levels=DayLevels(opening=Decimal(0), provisional_until=None),
            ),
        )

    def _request(self, kind: str, side: str, symbol: str, moment: datetime) -> Asked:
        name = uuid5(NAMES, f"{kind} {side} {symbol} {moment.isoformat()}")
        opened = moment - timedelta(minutes=1) if kind == "SIGNAL" else None
        return Asked(decision_id=name, kind=kind, side=side, symbol=symbol, open_time=opened)

    def _account(self, moment: datetime) -> AccountState:
        recent = [order for order in self.orders.values() if order.placed_at > moment - timedelta(minutes=1)]
        rows = [spell.value for spell in self.breakers if spell.begun <= moment and (spell.ended or moment) >= moment]
        stops = {symbol: stopped for symbol, stopped, _ in self.stops}
        return AccountState(
            trading_state=self.state,
            limits=self.limits,
            portfolio=Portfolio(
                cash=self.cash,
                holdings=dict(sorted(self.held.items())),
                marks={symbol: Mark(price=self.marks[symbol], source="BOOK") for symbol in self.held},
            ),
            breakers=tuple(rows),
            orders_last_minute=len(recent),
            last_stops=stops,
        )

    def _place(self, request: Asked, ruling: Ruling, moment: datetime) -> None:
        if request.kind == "STOP":
            self.stops.append((request.symbol, moment, moment))
        self.orders[request.decision_id] = DayOrder(
            order_id=request.decision_id,
            symbol=request.symbol,
            side=request.side,
            quantity=ruling.quantity,
            limit_price=ruling.limit_price,
            reserved=ruling.reserved,
            taker_fee=Decimal(0),
            placed_at=moment,
            closed_at=None,
            last_fill_id=None,
        )

    def _fill(self, order: DayOrder, price: int, moment: datetime) -> None:
        number, value = len(self.bookings) + 1, order.quantity * price
        before = self.held.get(order.symbol, Holding(symbol=order.symbol))
        if order.side == "BUY":
            total = before.quantity + order.quantity
            average = (before.quantity * before.avg_entry_price + value) / total
            self.held[order.symbol] = Holding(symbol=order.symbol, quantity=total, avg_entry_price=average)
            gain = Decimal(0)
        else:
            gain = (price - before.avg_entry_price) * order.quantity
            del self.held[order.symbol]
        cash = -value if order.side == "BUY" else value
        self.cash += cash
        fill = DayFill(
            fill_id=number,
            order_id=order.order_id,
            episode_id=order.order_id,
            symbol=order.symbol,
            side=order.side,
            price=Decimal(price),
            quantity=order.quantity,
            fee=Decimal(0),
            base_fee=Decimal(0),
            dust=Decimal(0),
            realized_pnl=gain,
            cash=cash,
            executed_at=moment,
        )
        self.bookings.append(DayBooking(version=number + 1, at=moment, fills=(fill,)))
        self.orders[order.order_id] = replace(order, closed_at=moment, last_fill_id=number)


class ListedTape:
    """The quotes of a builder."""

    def __init__(self, quotes: list[TapeQuote]) -> None:
        self._quotes = sorted(quotes, key=lambda quote: quote.at)

    def quotes(self, begun: datetime, ended: datetime) -> Iterator[TapeQuote]:
        return (quote for quote in self._quotes if begun < quote.at <= ended)


def at(second: float) -> datetime:
    return BEGUN + timedelta(seconds=second)


def altered(day: RecordedDay, number: int, **changes: Any) -> RecordedDay:
    """The day with one decision altered."""
    rows = [replace(row, **changes) if row.number == number else row for row in day.decisions]
    return replace(day, decisions=tuple(rows))
