"""What an order is before it is a row: the draft a decision hands over, and how a row and its events read.

`client_order_id` is the decision's id as 32 hex digits, so the same decision can never be two orders at the venue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cdb_site.units import text
from execution.rules.mode import PAPER_VENUE
from execution.rules.states import OrderState

DEADLINE_PASSED = "ORDER_DEADLINE_PASSED"
CLAIM_GRACE_S = Decimal(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An approved order. Quantity in base units; prices and `reserved_notional` in the quote asset. `valid_for_s` wall
    seconds after it was placed an entry is not claimed any more, and one that rests is taken back; an exit has no end.
    """

    decision_id: UUID
    signal_id: UUID | None
    account: str
    symbol: str
    kind: str
    side: str
    quantity: Decimal
    limit_price: Decimal | None
    decision_price: Decimal | None
    reserved_notional: Decimal
    occurred_at: datetime
    valid_for_s: Decimal | None = None
    rests: bool = False

    @property
    def client_order_id(self) -> str:
        return self.decision_id.hex

    @property
    def order_type(self) -> str:
        if self.limit_price is None or self.side == "SELL":
            return "MARKET"
        return "LIMIT" if self.rests else "LIMIT_IOC"

    @property
    def reduce_only(self) -> bool:
        return self.side == "SELL"


@dataclass(slots=True, kw_only=True, eq=False)
class LiveOrder:
    """An order row under the account lock, with the columns that booking needs."""

    order_id: UUID
    client_order_id: str
    decision_id: UUID
    signal_id: UUID | None
    account: str
    symbol: str
    kind: str
    side: str
    order_type: str
    reduce_only: bool
    quantity: Decimal
    limit_price: Decimal | None
    decision_price: Decimal | None
    filled_quantity: Decimal
    filled_notional: Decimal
    fee: Decimal
    realized_pnl: Decimal
    state: str
    version: int
    occurred_at: datetime
    reason_code: str = ""
    venue_order_id: str = ""
    venue: str = PAPER_VENUE

    @property
    def leaves_quantity(self) -> Decimal:
        """What may still fill, in base units."""
        return self.quantity - self.filled_quantity

    @property
    def avg_fill_price(self) -> Decimal | None:
        return self.filled_notional / self.filled_quantity if self.filled_quantity else None

    @property
    def slippage(self) -> Decimal | None:
        """Fraction paid worse than the decision price; negative when better."""
        if not self.filled_quantity or not self.decision_price:
            return None
        difference = (self.filled_notional / self.filled_quantity - self.decision_price) / self.decision_price
        return difference if self.side == "BUY" else -difference


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOfSymbol:
    """An order that may still fill, as far as leaving its symbol goes."""

    side: str
    state: str
    cancel_requested: bool


def live(draft: OrderDraft) -> LiveOrder:
    """The order of a draft as it is placed: NEW."""
    return LiveOrder(
        order_id=draft.decision_id,
        client_order_id=draft.client_order_id,
        decision_id=draft.decision_id,
        signal_id=draft.signal_id,
        account=draft.account,
        symbol=draft.symbol,
        kind=draft.kind,
        side=draft.side,
        order_type=draft.order_type,
        reduce_only=draft.reduce_only,
        quantity=draft.quantity,
        limit_price=draft.limit_price,
        decision_price=draft.decision_price,
        filled_quantity=Decimal(0),
        filled_notional=Decimal(0),
        fee=Decimal(0),
        realized_pnl=Decimal(0),
        state=OrderState.NEW,
        version=1,
        occurred_at=draft.occurred_at,
    )


def place_command(draft: OrderDraft, order: LiveOrder) -> dict[str, Any]:
    """The PLACE payload of topic `orders`, with the state the order is born in."""
    return {
        "command": "PLACE",
        "order_id": str(draft.decision_id),
        "client_order_id": draft.client_order_id,
        "decision_id": str(draft.decision_id),
        "signal_id": str(draft.signal_id) if draft.signal_id else None,
        "account": draft.account,
        "symbol": draft.symbol,
        "kind": draft.kind,
        "side": draft.side,
        "order_type": draft.order_type,
        "status": order.state,
        "quantity": text(draft.quantity),
        "limit_price": text(draft.limit_price),
        "decision_price": text(draft.decision_price),
        "reduce_only": draft.reduce_only,
        "version": order.version,
    }


def cancel_command(order: LiveOrder) -> dict[str, Any]:
    """The CANCEL payload of topic `orders`."""
    return {
        "command": "CANCEL",
        "order_id": str(order.order_id),
        "client_order_id": order.client_order_id,
        "decision_id": str(order.decision_id),
        "signal_id": str(order.signal_id) if order.signal_id else None,
        "account": order.account,
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order.order_type,
        "quantity": text(order.quantity),
        "reduce_only": order.reduce_only,
        "version": order.version,
    }


def result(order: LiveOrder, fills: list[dict[str, Any]]) -> dict[str, Any]:
    """The `order_results` payload of an order after a change, with the fills that changed it."""
    return {
        "order_id": str(order.order_id),
        "client_order_id": order.client_order_id,
        "decision_id": str(order.decision_id),
        "signal_id": str(order.signal_id) if order.signal_id else None,
        "account": order.account,
        "symbol": order.symbol,
        "kind": order.kind,
        "side": order.side,
        "order_type": order.order_type,
        "status": order.state,
        "version": order.version,
        "quantity": text(order.quantity),
        "filled_quantity": text(order.filled_quantity),
        "avg_fill_price": text(_rounded(order.avg_fill_price)),
        "limit_price": text(order.limit_price),
        "decision_price": text(order.decision_price),
        "fee": text(order.fee),
        "realized_pnl": text(order.realized_pnl),
        "slippage": text(_rounded(order.slippage)),
        "reason_code": order.reason_code or None,
        "fills": fills,
    }


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 12)
