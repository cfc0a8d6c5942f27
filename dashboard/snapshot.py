"""What a screen is given to begin with: one reading of the database at a noted number of the feed.

Only reads. Everything latest-wins (marks, quotes, heartbeats) comes from the feed itself, so that the numbers of a
snapshot and of the batches after it are the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from cdb_site import db
from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from dashboard.chart import fill_row
from dashboard.live.day import began_at
from dashboard.wire import Row, alert_row, decision_row, moment, order_row, signal_row, stored, text
from execution.models import Fill, Order
from execution.queries import PAPER
from risk.models import Decision
from signals_app.models import Signal

ORDERS, DECISIONS, SIGNALS, ALERTS = 100, 60, 60, 50
EQUITY_POINTS = 720
MINUTE_S = 60.0
EQUITY = """SELECT DISTINCT ON (date_bin(%(stretch)s, taken_at, %(since)s)) taken_at, equity FROM equity_snapshot
    WHERE account = %(account)s AND taken_at >= %(since)s
    ORDER BY date_bin(%(stretch)s, taken_at, %(since)s), taken_at DESC"""


def read(kinds: Collection[str] | None = None) -> dict[str, Any]:
    """The rows of the panels, newest first, in the shapes of `dashboard.wire`; of these kinds, or all."""
    readers: dict[str, Callable[[], Any]] = {
        "orders": orders,
        "decisions": decisions,
        "signals": signals,
        "alerts": alerts,
        "equity": equity,
    }
    return {kind: reader() for kind, reader in readers.items() if kinds is None or kind in kinds}


def orders() -> list[Row]:
    newest = list(Order.objects.order_by("-created_at")[:ORDERS])
    fills: dict[Any, list[Row]] = {}
    for fill in Fill.objects.filter(order__in=[order.order_id for order in newest]).order_by("fill_id"):
        fills.setdefault(fill.order_id, []).append(fill_row(fill))
    return [_order(order, fills.get(order.order_id, [])) for order in newest]


def _order(order: Order, fills: list[Row]) -> Row:
    filled = order.filled_quantity
    as_result = {
        **stored(order),
        "status": order.state,
        "avg_fill_price": text(order.filled_notional / filled) if filled else None,
        "realized_pnl": text(order.realized_pnl) if order.side == "SELL" else None,
        "fills": fills,
    }
    return order_row(as_result, moment(order.occurred_at))


def decisions() -> list[Row]:
    return [_decision(row) for row in Decision.objects.order_by("-decided_at").defer("inputs")[:DECISIONS]]


def _decision(row: Decision) -> Row:
    exposure = row.exposure_after / row.equity if row.exposure_after is not None and row.equity else None
    return decision_row(stored(row) | {"exposure": text(exposure)}, moment(row.occurred_at))


def signals() -> list[Row]:
    interval = timedelta(seconds=settings.ENVIRONMENT.interval_s)
    newest = Signal.objects.order_by("-created_at").defer("context")[:SIGNALS]
    return [signal_row(stored(row), moment(row.open_time + interval)) for row in newest]


def alerts() -> list[Row]:
    """All open alerts, then the newest closed ones: two questions, for an order by both would sort the whole table."""
    opened = list(Alert.objects.filter(~Q(state="CLOSED"))[:ALERTS])
    closed = Alert.objects.filter(state="CLOSED")[: ALERTS - len(opened)]
    return [alert_row(stored(row)) for row in (*opened, *closed)]


def equity() -> list[list[Any]]:
    """[epoch s, equity] of the account's day so far, oldest first; the last stored point of each stretch."""
    since, _ = began_at(SYSTEM.market_now())
    span_s = max(MINUTE_S, (SYSTEM.market_now() - since).total_seconds())
    asked = {"account": PAPER, "since": since, "stretch": timedelta(seconds=span_s / EQUITY_POINTS)}
    return [[taken.timestamp(), text(value)] for taken, value in db.select(EQUITY, asked)]
