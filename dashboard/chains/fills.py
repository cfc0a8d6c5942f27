"""The fills of one order as a table: each against the decision price, and their sum.

vs decision = price ÷ decision price − 1 for a buy, its negative for a sell: more than 0 is worse than decided
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from dashboard import formats
from execution.models import Fill, Order

BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    fill: Fill
    value: Decimal
    slipped_bps: Decimal | None
    book: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSum:
    """All fills of an order together; `realized` is None for a buy."""

    quantity: Decimal
    value: Decimal
    fee: Decimal
    slipped_bps: Decimal | None
    realized: Decimal | None

    @property
    def average(self) -> Decimal:
        return self.value / self.quantity


def fill_rows(fills: Sequence[Fill], order: Order | None) -> list[FillRow]:
    return [
        FillRow(
            fill=fill,
            value=fill.price * fill.quantity,
            slipped_bps=slipped_bps(fill.side, fill.price, order),
            book=_book(fill),
        )
        for fill in fills
    ]


def fill_sum(fills: Sequence[Fill], order: Order | None) -> FillSum | None:
    """None without fills."""
    if not fills:
        return None
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    value = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
    selling = fills[0].side == "SELL"
    return FillSum(
        quantity=quantity,
        value=value,
        fee=sum((fill.fee for fill in fills), Decimal(0)),
        slipped_bps=slipped_bps(fills[0].side, value / quantity, order),
        realized=sum((fill.realized_pnl for fill in fills), Decimal(0)) if selling else None,
    )


def slipped_bps(side: str, price: Decimal, order: Order | None) -> Decimal | None:
    if order is None or not order.decision_price:
        return None
    return (price / order.decision_price - 1) * BPS * (1 if side == "BUY" else -1)


def _book(fill: Fill) -> str:
    """Where in the book it was made, as far as the venue told."""
    best = _figure(fill.model, "ask" if fill.side == "BUY" else "bid")
    if best is None or not fill.price:
        return ""
    quoted = _figure(fill.model, "ask_quantity" if fill.side == "BUY" else "bid_quantity")
    if abs(fill.price / best - 1) * BPS < Decimal("0.05"):
        if quoted is None:
            return _("at the best price")
        return _("at the best price, %(quantity)s quoted") % {"quantity": formats.quantity(quoted)}
    impact = abs(fill.price / best - 1) * BPS
    return _("beyond the best price, impact %(bps)s") % {"bps": formats.of_unit(impact, "BPS")}


def _figure(model: dict[str, Any], name: str) -> Decimal | None:
    return Decimal(model[name]) if model.get(name) else None
