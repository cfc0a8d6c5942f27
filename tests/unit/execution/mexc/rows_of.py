"""Rows as the exchange spells them, and the values they are read as, for the tests of each part."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from execution.venues.mexc.rows import IMMEDIATE_OR_CANCEL, LIMIT, NEW, ExchangeOrder, ExchangeTrade, moment
from execution.venues.protocol import Trade

NAME, ORDER_ID = "c" * 32, "C02__1"


def told_order(**changes: Any) -> dict[str, Any]:
    row = {
        "symbol": "SOLUSDT", "orderId": ORDER_ID, "orderListId": -1, "clientOrderId": NAME, "price": "25",
        "origQty": "10", "executedQty": "4", "cummulativeQuoteQty": "100", "status": "PARTIALLY_FILLED",
        "timeInForce": None, "type": "LIMIT", "side": "BUY", "time": 1_795_000_200_000, "updateTime": 1_795_000_200_001,
    }  # fmt: skip
    return row | changes


def told_trade(**changes: Any) -> dict[str, Any]:
    row = {
        "symbol": "SOLUSDT", "id": "505X1", "orderId": ORDER_ID, "price": "25.01", "qty": "4", "quoteQty": "100.04",
        "commission": "0.002", "commissionAsset": "SOL", "time": 1_795_000_200_001, "isBuyer": True, "isMaker": False,
        "clientOrderId": NAME,
    }  # fmt: skip
    return row | changes


def make_order_row(
    filled: str = "0", *, status: str = NEW, quantity: str = "10", kind: str = IMMEDIATE_OR_CANCEL, **changes: Any
) -> ExchangeOrder:
    row = ExchangeOrder("SOLUSDT", ORDER_ID, NAME, "BUY", kind, status, Decimal(quantity), Decimal(filled))
    return row._replace(**changes)


def make_trade_row(
    trade_id: str, quantity: str, *, price: str = "25", at_ms: int = 1_795_000_200_000, **changes: Any
) -> ExchangeTrade:
    trade = Trade(
        trade_id=trade_id,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal("0.001"),
        fee_asset="SOL",
        executed_at=moment(at_ms),
    )
    return ExchangeTrade("SOLUSDT", ORDER_ID, NAME, "BUY", trade)._replace(**changes)


__all__ = ["LIMIT", "NAME", "ORDER_ID", "make_order_row", "make_trade_row", "told_order", "told_trade"]
