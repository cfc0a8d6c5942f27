"""The newest orders of one symbol. Orders have no index by symbol, fills have: what was filled is found through them,
what is open through the index of the open ones, what ended unfilled among the newest of all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Q

from execution.models import Fill, Order
from execution.queries import PAPER
from execution.rules.states import OPEN

SHOWN = 15
LOOKED_AT = 2000


def newest_orders(symbol: str) -> list[dict[str, Any]]:
    """At most SHOWN, newest first, with the price paid and what it was dearer than decided, in basis points."""
    filled = Fill.objects.filter(account=PAPER, symbol=symbol).order_by("-fill_id").values_list("order_id", flat=True)
    newest = Order.objects.order_by("-created_at").values("pk")[:LOOKED_AT]
    still_open = Q(account=PAPER, symbol=symbol, state__in=sorted(map(str, OPEN)))
    wanted = set(filled[: 4 * SHOWN])
    wanted |= set(Order.objects.filter(still_open).values_list("pk", flat=True))
    wanted |= set(Order.objects.filter(pk__in=newest, symbol=symbol).values_list("pk", flat=True))
    rows = Order.objects.filter(pk__in=wanted).order_by("-created_at")[:SHOWN]
    return [_row(order) for order in rows]


def _row(order: Order) -> dict[str, Any]:
    price = order.filled_notional / order.filled_quantity if order.filled_quantity else None
    return {
        "order": order,
        "price": price,
        "slip_bps": _dearer(order, price),
        "partly": order.filled_quantity != order.quantity,
    }


def _dearer(order: Order, price: Decimal | None) -> Decimal | None:
    if price is None or not order.decision_price:
        return None
    moved = round((price / order.decision_price - 1) * 10_000, 1)
    return (moved if order.side == Order.Side.BUY else -moved) or Decimal(0)
