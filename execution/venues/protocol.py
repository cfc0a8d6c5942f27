"""What every venue offers: take orders, and answer what became of an order known by our client_order_id.

A venue never touches our tables. `submit` may be called twice for the same client_order_id, after a crash between
sending and recording: the venue answers the second time what it answered the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An order as it goes to the venue."""

    client_order_id: str
    symbol: str
    side: str
    quantity: Decimal
    limit_price: Decimal | None
    reduce_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution as the venue reports it; `trade_id` is unique within the order."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    executed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The venue's final answer to one order: trades, or why it was rejected or canceled. `model` is what a paper fill
    was computed from."""

    client_order_id: str
    trades: tuple[Trade, ...] = ()
    rejected: str = ""
    canceled: str = ""
    venue_order_id: str = ""
    model: dict[str, Any] = field(default_factory=dict)


class Venue(Protocol):
    name: str

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        """Send orders; one report each. A ticket without a report got no answer."""
        ...

    def cancel(self, client_order_ids: Sequence[str], reason: str) -> list[Report]:
        """Cancel orders. One that was answered before keeps its answer; one that never came can not come any more."""
        ...

    def query(self, client_order_ids: Sequence[str]) -> dict[str, Report]:
        """What the venue knows of these orders; an absent one never reached it."""
        ...
