"""Rows of the exchange's private answers and frames as plain values, strictly.

Pure. Unlike the market's, nothing here is left out: a row that is malformed, or holds what is no number, raises
MalformedRow naming the field. A field that is absent is not zero. Times are epoch milliseconds of the exchange's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from execution.venues.protocol import Trade
from marketdata.mexc.rows import SURPRISES, name, number

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_MAX_MS = 1 << 42
NEW, PARTIALLY_FILLED = "NEW", "PARTIALLY_FILLED"
FILLED, CANCELED, PARTIALLY_CANCELED = "FILLED", "CANCELED", "PARTIALLY_CANCELED"
OPEN_STATES, ENDS = frozenset({NEW, PARTIALLY_FILLED}), frozenset({FILLED, CANCELED, PARTIALLY_CANCELED})
LIMIT, LIMIT_MAKER, MARKET = "LIMIT", "LIMIT_MAKER", "MARKET"
IMMEDIATE_OR_CANCEL, FILL_OR_KILL = "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"
KINDS = frozenset({LIMIT, LIMIT_MAKER, MARKET, IMMEDIATE_OR_CANCEL, FILL_OR_KILL})
RESTING = frozenset({LIMIT, LIMIT_MAKER})
SIDES = frozenset({"BUY", "SELL"})


class MalformedRow(ValueError):
    """A row that cannot be used, and the field for which."""


class ExchangeOrder(NamedTuple):
    """How an order stands. Base units; `client_order_id` is empty for one that somebody placed without."""

    symbol: str
    order_id: str
    client_order_id: str
    side: str
    kind: str
    status: str
    quantity: Decimal
    filled: Decimal

    @property
    def ended(self) -> bool:
        return self.status in ENDS


class ExchangeTrade(NamedTuple):
    symbol: str
    order_id: str
    client_order_id: str
    side: str
    trade: Trade


class ExchangeBalance(NamedTuple):
    asset: str
    free: Decimal
    locked: Decimal


def order_row(row: Mapping[str, Any]) -> ExchangeOrder:
    """A row of GET or DELETE /order, or of /openOrders. Raises MalformedRow."""
    return checked(
        ExchangeOrder(
            symbol=field(row, "symbol", name),
            order_id=field(row, "orderId", _id),
            client_order_id=field(row, "clientOrderId", _perhaps_id, absent=""),
            side=field(row, "side", _one_of(SIDES)),
            kind=field(row, "type", _one_of(KINDS)),
            status=field(row, "status", _one_of(OPEN_STATES | ENDS)),
            quantity=field(row, "origQty" if "origQty" in row else "Qty", amount),
            filled=field(row, "executedQty", amount),
        )
    )


def checked(row: ExchangeOrder) -> ExchangeOrder:
    """Raises MalformedRow where the figures contradict each other. A market purchase for an amount has no quantity."""
    if row.quantity and row.filled > row.quantity:
        raise MalformedRow(f"executedQty: {row.filled} of {row.quantity} filled")
    if row.status == FILLED and not row.filled:
        raise MalformedRow("executedQty: filled with nothing")
    return row


def placed_id(row: Mapping[str, Any]) -> str:
    """The exchange's id of an order that it has just taken. Raises MalformedRow."""
    return field(row, "orderId", _id)


def trade_row(row: Mapping[str, Any]) -> ExchangeTrade:
    """A row of /myTrades. Raises MalformedRow."""
    return ExchangeTrade(
        symbol=field(row, "symbol", name),
        order_id=field(row, "orderId", _id),
        client_order_id=field(row, "clientOrderId", _perhaps_id, absent=""),
        side="BUY" if field(row, "isBuyer", _flag) else "SELL",
        trade=Trade(
            trade_id=field(row, "id", _id),
            price=field(row, "price", above_zero),
            quantity=field(row, "qty", above_zero),
            fee=field(row, "commission", amount),
            fee_asset=field(row, "commissionAsset", name),
            executed_at=field(row, "time", moment),
            maker=field(row, "isMaker", _flag),
        ),
    )


def balances(body: Mapping[str, Any]) -> dict[str, ExchangeBalance]:
    """The answer of /account by asset. Raises MalformedRow."""
    found = {}
    for row in field(body, "balances", _list):
        asset = field(row, "asset", name)
        found[asset] = ExchangeBalance(asset, field(row, "free", amount), field(row, "locked", amount))
    return found


def field(row: Any, key: str, read: Callable[[Any], T], *, absent: T | None = None) -> T:
    """What `read` makes of a field. `absent` is what its absence means, if that means anything."""
    try:
        value = row[key] if absent is None else row.get(key)
        return absent if value is None and absent is not None else read(value)
    except SURPRISES as problem:
        raise MalformedRow(f"{key}: {problem!r}"[:200]) from problem


def amount(text: Any) -> Decimal:
    """A number that is there and not below zero."""
    if text is None or text == "":
        raise ValueError("absent")
    value = number(text)
    if value < 0:
        raise ValueError(f"below zero: {value}")
    return value


def above_zero(text: Any) -> Decimal:
    value = amount(text)
    if not value:
        raise ValueError("zero")
    return value


def moment(told_ms: Any) -> datetime:
    if isinstance(told_ms, bool) or not isinstance(told_ms, int) or not 0 < told_ms < EPOCH_MAX_MS:
        raise ValueError(f"no time: {told_ms!r}"[:60])
    return EPOCH + timedelta(milliseconds=told_ms)


def _one_of(choices: frozenset[str]) -> Callable[[Any], str]:
    def read(text: Any) -> str:
        if text not in choices:
            raise ValueError(f"none of {sorted(choices)}: {str(text)[:40]!r}")
        return str(text)

    return read


def _id(text: Any) -> str:
    """Some endpoints spell ids as numbers."""
    return str(text) if isinstance(text, int) and not isinstance(text, bool) else name(text)


def _perhaps_id(text: Any) -> str:
    return name(text) if text else ""


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"neither true nor false: {str(value)[:20]!r}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"no list but {type(value).__name__}")
    return value
