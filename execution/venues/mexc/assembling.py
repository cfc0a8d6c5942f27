"""What is known of one order, put together from pushes and REST rows in whatever order and number they come.

Pure. An order is at its end for us only when the exchange said so and the trades we know add up to what it says is
filled; until then its Report is open, and REST is asked for what is missing. What is told twice is known once, and
what is older than what is known changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from execution.venues.mexc.rows import RESTING, ExchangeOrder, ExchangeTrade
from execution.venues.protocol import Report, Trade

ZERO = Decimal(0)
CANCELED_THERE = "VENUE_CANCELED"


class Contradiction(Exception):
    """The exchange's own figures of an order do not fit together: nothing is reported of it."""


@dataclass(slots=True, kw_only=True, eq=False)
class KnownOrder:
    """`filled` is what the exchange says is filled, in base units; `cancel_reason` why we asked it to cancel, and
    `cancel_taken` whether it said yes. `told` is what was reported last."""

    client_order_id: str
    symbol: str = ""
    order_id: str = ""
    side: str = ""
    kind: str = ""
    ended: bool = False
    quantity: Decimal = ZERO
    filled: Decimal = ZERO
    trades: dict[str, Trade] = field(default_factory=dict)
    cancel_reason: str = ""
    cancel_taken: bool = False
    told: Report | None = None

    @property
    def at_exchange(self) -> bool:
        """Whether the exchange is known to have it."""
        return bool(self.order_id)

    @property
    def traded(self) -> Decimal:
        return sum((trade.quantity for trade in self.trades.values()), ZERO)

    @property
    def complete(self) -> bool:
        """Whether all trades of the state that is known are known."""
        return self.at_exchange and self.kind != "" and self.traded == self.filled

    @property
    def whole(self) -> bool:
        """Whether it is at its end and nothing is missing."""
        return self.ended and self.complete

    @property
    def rests(self) -> bool:
        """Whether it is known to wait at the exchange, with nothing missing of what it did."""
        return self.complete and not self.ended and self.kind in RESTING

    @property
    def settled(self) -> bool:
        """Whether there is nothing to wait for: it is at its end, or waits at the exchange as it should."""
        return self.whole or (self.rests and not self.cancel_taken)

    def hear_order(self, row: ExchangeOrder) -> None:
        """A state of the order. Raises Contradiction where it is another order's."""
        self._same(row.symbol, row.order_id, row.side)
        self.kind = row.kind
        if row.quantity:
            self.quantity = row.quantity
        self.filled = max(self.filled, row.filled)
        self.ended = self.ended or row.ended

    def hear_trade(self, row: ExchangeTrade) -> None:
        """One of its trades. Raises Contradiction where it is another order's, or told differently before."""
        self._same(row.symbol, row.order_id, row.side)
        known = self.trades.setdefault(row.trade.trade_id, row.trade)
        if (known.price, known.quantity) != (row.trade.price, row.trade.quantity):
            raise Contradiction(f"trade {row.trade.trade_id} of {self.client_order_id} is told differently")
        if not self.ended:
            # A trade that overtook the order's own push.
            self.filled = max(self.filled, self.traded)

    def _same(self, symbol: str, order_id: str, side: str) -> None:
        known = self.symbol or symbol, self.order_id or order_id, self.side or side
        if known != (symbol, order_id, side):
            raise Contradiction(f"{self.client_order_id} is {known} and {(symbol, order_id, side)}")
        self.symbol, self.order_id, self.side = known

    def report(self) -> Report | None:
        """How it stands; None when the exchange is not known to have it. Raises Contradiction."""
        if not self.at_exchange:
            return None
        traded = self.traded
        if (self.ended and traded > self.filled) or (self.quantity and traded > self.quantity):
            raise Contradiction(f"{self.client_order_id}: trades of {traded}, but {self.filled} of {self.quantity}")
        whole = self.whole
        return Report(
            client_order_id=self.client_order_id,
            trades=tuple(sorted(self.trades.values(), key=lambda trade: (trade.executed_at, trade.trade_id))),
            canceled=self._why_canceled() if whole else "",
            venue_order_id=self.order_id,
            open=not whole,
        )

    def _why_canceled(self) -> str:
        """Empty for one that filled, and for one that is not made to rest: its remainder lapses by itself."""
        if self.filled == self.quantity:
            return ""
        if self.cancel_reason and (self.cancel_taken or self.kind in RESTING):
            return self.cancel_reason
        return CANCELED_THERE if self.kind in RESTING else ""
