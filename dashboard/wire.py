"""The rows a screen shows, in the one shape in which they reach the browser.

A row comes from an event (live) or from a database row (snapshot); both ways end in the same dictionary, so that the
browser can lay one over the other by key and version. Decimals are plain texts, times ISO-8601 UTC, fractions
fractions: the browser formats, it does not calculate the books.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cdb_site.units import plain

Row = dict[str, Any]


def text(value: Decimal | str | None) -> str | None:
    """A decimal as the bus spells it; what came from the bus is text already."""
    return value if value is None or isinstance(value, str) else plain(value)


def moment(value: datetime | None) -> str | None:
    """ISO-8601 UTC, ending in Z."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch_s(iso: str) -> int:
    """Whole seconds since the epoch of an ISO time."""
    return int(datetime.fromisoformat(iso).timestamp())


def order_from_event(payload: Row, occurred_at: str) -> Row:
    return {
        "id": payload["order_id"],
        "version": payload["version"],
        "decision_id": payload["decision_id"],
        "signal_id": payload.get("signal_id"),
        "symbol": payload["symbol"],
        "side": payload["side"],
        "type": payload["order_type"],
        "kind": payload.get("kind"),
        "status": payload["status"],
        "quantity": payload["quantity"],
        "filled": payload["filled_quantity"],
        "avg_price": payload.get("avg_fill_price"),
        "limit_price": payload.get("limit_price"),
        "fee": payload["fee"],
        "realized_pnl": payload.get("realized_pnl"),
        "reason_code": payload.get("reason_code"),
        "at": occurred_at,
        "fills": payload["fills"],
    }


def decision_from_event(payload: Row, occurred_at: str, sentence: str) -> Row:
    copied = ("kind", "outcome", "reason_code", "symbol", "side", "quantity", "trading_state", "layers")
    optional = ("limits_version", "signal_id", "order_id", "price", "price_age_ms", "equity", "exposure")
    return {
        "id": payload["decision_id"],
        "version": 1,
        "wanted": payload["wanted_quantity"],
        "at": occurred_at,
        "sentence": sentence,
        **{name: payload[name] for name in copied},
        **{name: payload.get(name) for name in optional},
    }


def signal_from_event(payload: Row, occurred_at: str) -> Row:
    copied = ("symbol", "side", "momentum", "strength", "rank", "universe_size", "close", "expires_at")
    return {"id": payload["signal_id"], "version": 1, "at": occurred_at, **{name: payload[name] for name in copied}}


def alert_from_event(payload: Row, sentence: str, next_step: str) -> Row:
    copied = ("version", "code", "level", "state", "raised_at")
    return {
        "id": payload["alert_id"],
        "text": sentence,
        "next": next_step,
        "symbol": payload.get("symbol"),
        "acknowledged_by": payload.get("acknowledged_by"),
        "count": payload.get("count", 1),
        **{name: payload[name] for name in copied},
    }


def candle_rows(payload: Row) -> list[Row]:
    """One row per candle: `t` is its open time in epoch seconds, prices as texts."""
    opened_s = epoch_s(payload["open_time"])
    return [
        {
            "symbol": candle["symbol"],
            "t": opened_s,
            "o": candle["open"],
            "h": candle["high"],
            "l": candle["low"],
            "c": candle["close"],
            "v": candle["volume"],
        }
        for candle in payload["candles"]
    ]
