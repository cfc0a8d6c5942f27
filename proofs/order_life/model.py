"""What orders and books must be, told from the facts alone: the pure model that the real ones are compared with.

It knows no table of states and no events. An order is what has been said of it: claimed, unanswered, ended, rejected,
and the set of its trades that are known. The books are sums over the trades as they became known, in fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class ModelTrade:
    """A trade at the venue."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal


@dataclass(slots=True, kw_only=True)
class ModelOrder:
    """One order: what was asked for, what is true at the venue, and what of that is known here."""

    name: str
    symbol: str
    side: str
    quantity: Decimal
    at_venue: list[ModelTrade] = field(default_factory=list)
    ended_there: str = ""
    claimed: bool = False
    unanswered: bool = False
    ended: str = ""
    known: dict[str, ModelTrade] = field(default_factory=dict)

    @property
    def left_at_venue(self) -> Decimal:
        return self.quantity - sum((trade.quantity for trade in self.at_venue), Decimal(0))

    @property
    def filled(self) -> Decimal:
        return sum((trade.quantity for trade in self.known.values()), Decimal(0))

    @property
    def state(self) -> str:
        if self.ended == "REJECTED":
            return "REJECTED"
        if self.filled == self.quantity:
            return "FILLED"
        if self.ended:
            return self.ended
        if self.unanswered:
            return "UNKNOWN"
        if self.filled:
            return "PARTIALLY_FILLED"
        return "SUBMITTED" if self.claimed else "NEW"

    @property
    def open(self) -> bool:
        return self.state in ("NEW", "SUBMITTED", "PARTIALLY_FILLED", "UNKNOWN")


@dataclass(slots=True)
class ModelPosition:
    """Units, what they cost together without fees, and the profit realised; in fractions, so nothing is rounded."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)

    def take(self, side: str, price: Decimal, quantity: Decimal) -> None:
        units, worth = Fraction(quantity), Fraction(price) * Fraction(quantity)
        if side == "BUY":
            self.quantity, self.cost = self.quantity + units, self.cost + worth
            return
        share = self.cost * units / self.quantity
        self.realized += worth - share
        self.quantity, self.cost = self.quantity - units, self.cost - share


@dataclass(slots=True, kw_only=True)
class ModelBooks:
    """Cash, fees and positions of one account."""

    cash: Fraction
    fees: Fraction = Fraction(0)
    positions: dict[str, ModelPosition] = field(default_factory=dict)

    def held(self, symbol: str) -> Fraction:
        return self.positions.get(symbol, ModelPosition()).quantity

    def hear(self, order: ModelOrder, trades: list[ModelTrade], *, open: bool, ended: str) -> bool:
        """Take what the venue says of an order. False: it sells more than is held, and must be set aside."""
        new = [trade for trade in trades if trade.trade_id not in order.known]
        if order.side == "SELL" and sum((Fraction(trade.quantity) for trade in new), Fraction(0)) > self.held(
            order.symbol
        ):
            return False
        for trade in new:
            order.known[trade.trade_id] = trade
            self._book(order, trade)
        order.unanswered = False
        if not open and not order.ended:
            order.ended = ended
        return True

    def _book(self, order: ModelOrder, trade: ModelTrade) -> None:
        worth = Fraction(trade.price) * Fraction(trade.quantity)
        self.cash += (-worth if order.side == "BUY" else worth) - Fraction(trade.fee)
        self.fees += Fraction(trade.fee)
        self.positions.setdefault(order.symbol, ModelPosition()).take(order.side, trade.price, trade.quantity)
