"""What each event changes on the screens. One function per topic; the reader hands every event to `fold`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cdb_site.bus.events import BusEvent
from cdb_site.clock import SYSTEM
from dashboard import wire
from dashboard.live.feed import Feed

Fold = Callable[[Feed, BusEvent], None]
AS_PLACED = {"status": "NEW", "filled_quantity": "0", "fee": "0", "fills": []}


def _quotes(feed: Feed, event: BusEvent) -> None:
    for quote in event.payload["quotes"]:
        feed.put("quotes", quote)


def _candles(feed: Feed, event: BusEvent) -> None:
    for row in wire.candle_rows(event.payload):
        feed.put("candles", row)


def _command(feed: Feed, event: BusEvent) -> None:
    """An order is seen from its placing on, and not first when the venue has answered."""
    if event.payload["command"] == "PLACE":
        feed.put("orders", wire.order_row({**AS_PLACED, **event.payload}, event.occurred_at))


def _order(feed: Feed, event: BusEvent) -> None:
    feed.put("orders", wire.order_row(event.payload, event.occurred_at))


def _decision(feed: Feed, event: BusEvent) -> None:
    feed.put("decisions", wire.decision_row(event.payload, event.occurred_at))


def _signal(feed: Feed, event: BusEvent) -> None:
    feed.put("signals", wire.signal_row(event.payload, event.occurred_at))


def alert_row(event: BusEvent) -> dict[str, Any]:
    return wire.alert_row(event.payload)


def _alert(feed: Feed, event: BusEvent) -> None:
    feed.put("alerts", alert_row(event))


def _portfolio(feed: Feed, event: BusEvent) -> None:
    feed.put("portfolio", event.payload)


def _health(feed: Feed, event: BusEvent) -> None:
    feed.put("health", {**event.payload, "received_s": SYSTEM.wall_s()})


FOLDS: dict[str, Fold] = {
    "market_data": _candles,
    "market_data.quotes": _quotes,
    "signals": _signal,
    "decisions": _decision,
    "orders": _command,
    "order_results": _order,
    "alerts": _alert,
    "portfolio": _portfolio,
    "health": _health,
}


def fold(feed: Feed, event: BusEvent) -> None:
    FOLDS[event.topic](feed, event)
