"""The rows a screen shows, in the one shape in which they reach the browser.

A row comes from an event (live) or from a database row read as one (snapshot); both ways lead through the same
function, so that the browser can lay one over the other by key and version. Decimals are plain texts, times ISO-8601
UTC, fractions fractions: the browser formats, it does not calculate the books. Sentences go out in every language
(`text`, `text_de`): all screens are sent the same text, and each keeps its own (`js/words.js`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model

from cdb_site.alerts.catalog import next_step
from cdb_site.alerts.catalog import sentence as alert_sentence
from cdb_site.languages import ENGLISH, GERMAN
from cdb_site.units import plain
from risk.rules.reasons import sentence as reason_sentence

Row = dict[str, Any]


def text(value: Decimal | str | None) -> str | None:
    """A decimal as the bus spells it; what came from the bus is text already."""
    return value if value is None or isinstance(value, str) else plain(value)


def moment(value: datetime | None) -> str | None:
    """ISO-8601 UTC, ending in Z."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def stored(row: Model) -> Row:
    """The loaded columns of a database row as an event would carry them: texts, ISO times, plain JSON."""
    return {name: _plain(value) for name, value in vars(row).items() if not name.startswith("_")}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, datetime):
        return moment(value)
    return str(value) if isinstance(value, UUID) else value


def epoch_s(iso: str) -> int:
    """Whole seconds since the epoch of an ISO time."""
    return int(datetime.fromisoformat(iso).timestamp())


def order_row(order: Row, at: str | None) -> Row:
    """`order`: the payload of an order's result or of its placing, or its stored row read as one."""
    copied = ("version", "decision_id", "symbol", "side", "quantity", "fee", "fills")
    optional = ("signal_id", "kind", "limit_price", "decision_price", "realized_pnl")
    return {
        "id": order["order_id"],
        "type": order["order_type"],
        "status": order["status"],
        "filled": order["filled_quantity"],
        "avg_price": order.get("avg_fill_price"),
        "reason_code": order.get("reason_code") or None,
        "at": at,
        **{name: order[name] for name in copied},
        **{name: order.get(name) for name in optional},
    }


def decision_row(decision: Row, at: str | None) -> Row:
    """`decision`: the payload of a decision, or its stored row read as one."""
    copied = ("kind", "outcome", "reason_code", "symbol", "side", "quantity", "trading_state", "layers")
    optional = ("limits_version", "signal_id", "order_id", "price", "price_age_ms", "equity", "exposure")
    return {
        "id": decision["decision_id"],
        "version": 1,
        "wanted": decision["wanted_quantity"],
        "at": at,
        "sentence": reason_sentence(decision["reason_code"], decision["params"], ENGLISH),
        "sentence_de": reason_sentence(decision["reason_code"], decision["params"], GERMAN),
        **{name: decision[name] for name in copied},
        **{name: decision.get(name) for name in optional},
    }


def signal_row(signal: Row, at: str | None) -> Row:
    """`signal`: the payload of a signal, or its stored row read as one."""
    copied = ("symbol", "side", "momentum", "strength", "rank", "universe_size", "close", "expires_at")
    return {"id": signal["signal_id"], "version": 1, "at": at, **{name: signal[name] for name in copied}}


def alert_row(alert: Row) -> Row:
    """`alert`: the payload of an alert, or its stored row read as one."""
    copied = ("version", "code", "level", "state", "raised_at")
    code, params = alert["code"], alert["params"]
    return {
        "id": alert["alert_id"],
        "text": alert_sentence(code, params, ENGLISH),
        "text_de": alert_sentence(code, params, GERMAN),
        "next": next_step(code, ENGLISH),
        "next_de": next_step(code, GERMAN),
        "symbol": params.get("symbol"),
        "acknowledged_by": alert.get("acknowledged_by") or None,
        "count": alert.get("count", 1),
        **{name: alert[name] for name in copied},
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
