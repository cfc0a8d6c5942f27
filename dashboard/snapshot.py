"""What a screen is given to begin with: one reading of the database at a noted number of the feed.

Only reads. Everything latest-wins (marks, quotes, heartbeats) comes from the feed itself, so that the numbers of a
snapshot and of the batches after it are the same numbers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, F, When

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from dashboard.wire import Row, alert_row, decision_row, moment, order_row, signal_row, stored, text
from execution.models import Fill, Order
from marketdata.models import Candle, Instrument
from risk.models import Decision, EquitySnapshot
from signals_app.models import Signal

ORDERS, DECISIONS, SIGNALS, ALERTS = 100, 60, 60, 50
SPARK_CANDLES, CHART_CANDLES, EQUITY_POINTS = 40, 240, 720


def read() -> dict[str, Any]:
    """The rows of every panel, newest first, in the shapes of `dashboard.wire`."""
    return {
        "orders": orders(),
        "decisions": decisions(),
        "signals": signals(),
        "alerts": alerts(),
        "sparks": sparks(),
        "equity": equity(),
    }


def orders() -> list[Row]:
    newest = list(Order.objects.order_by("-created_at")[:ORDERS])
    fills: dict[Any, list[Row]] = {}
    for fill in Fill.objects.filter(order__in=[order.order_id for order in newest]).order_by("fill_id"):
        fills.setdefault(fill.order_id, []).append(_fill(fill))
    return [_order(order, fills.get(order.order_id, [])) for order in newest]


def _fill(fill: Fill) -> Row:
    columns = stored(fill)
    return {name: columns[name] for name in ("trade_id", "price", "quantity", "fee", "fee_asset", "executed_at")}


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
    """All open alerts, then the newest closed ones."""
    open_first = Case(When(state="CLOSED", then=1), default=0)
    return [alert_row(stored(row)) for row in Alert.objects.order_by(open_first, "-raised_at")[:ALERTS]]


def sparks() -> dict[str, list[list[float]]]:
    """Symbol → [open time in epoch s, close] of its last candles, oldest first; for pictures, hence floats."""
    since = SYSTEM.market_now() - timedelta(seconds=settings.ENVIRONMENT.interval_s * (SPARK_CANDLES + 1))
    rows = Candle.objects.filter(interval=settings.ENVIRONMENT.INTERVAL, open_time__gte=since).order_by("open_time")
    lines: dict[str, list[list[float]]] = {}
    for symbol, opened, close in rows.values_list("instrument_id", "open_time", "close"):
        lines.setdefault(symbol, []).append([opened.timestamp(), float(close)])
    return lines


def equity() -> list[list[Any]]:
    """[epoch s, equity] oldest first."""
    newest = EquitySnapshot.objects.order_by("-taken_at").values_list("taken_at", "equity")[:EQUITY_POINTS]
    return [[taken.timestamp(), text(value)] for taken, value in reversed(newest)]


def chart(symbol: str) -> dict[str, Any]:
    """Candles and fills of one symbol, oldest first; prices as floats for the picture."""
    instrument = Instrument.objects.filter(symbol=symbol).first()
    rows = Candle.objects.filter(instrument_id=symbol, interval=settings.ENVIRONMENT.INTERVAL)
    newest = rows.order_by("-open_time")[:CHART_CANDLES]
    candles = [
        [int(row.open_time.timestamp()), *map(float, (row.open, row.high, row.low, row.close, row.volume))]
        for row in reversed(newest)
    ]
    fills = Fill.objects.filter(symbol=symbol).order_by(F("fill_id").desc())[:200]
    return {
        "symbol": symbol,
        "tick": text(instrument.price_tick) if instrument else None,
        "candles": candles,
        "fills": [{"order_id": str(fill.order_id), "side": fill.side, **_fill(fill)} for fill in reversed(fills)],
    }
