"""What flows through a busy house, in the shapes that its services send: one cycle of fifty events.

Forty-four quotes, two filled orders, two decisions, a signal and a mark of the account. Each event carries the time at
which it was due, so that whoever shows it late cannot hide that behind a late sender.
"""

from __future__ import annotations

import uuid
from typing import Any

from cdb_site.bus.events import encode, make
from cdb_site.bus.topics import topic
from cdb_site.clock import from_seconds, iso
from proofs.rig.crowd import names

SYMBOLS = names(30)
HELD = SYMBOLS[:5]
CYCLE = 50
ORDERS_AT, DECISIONS_AT, SIGNAL_AT, MARK_AT = (10, 35), (20, 45), 25, 0
LAYERS = ("DAILY_LOSS", "ABNORMAL_MARKET", "TOTAL_EXPOSURE", "POSITION_SIZE", "STOP_LOSS")


def event(number: int, due_s: float, order_id: str) -> tuple[str, bytes]:
    """(Key of the stream, body) of the n-th event, due at this wall second; `order_id` is for one that is an order."""
    place, symbol, at = number % CYCLE, SYMBOLS[number * 7 % len(SYMBOLS)], iso(from_seconds(due_s))
    if place == MARK_AT:
        name, producer, payload = "portfolio", "risk", _mark(number, at)
    elif place in ORDERS_AT:
        name, producer, payload = "order_results", "execution", _order(number, symbol, order_id, at)
    elif place in DECISIONS_AT:
        name, producer, payload = "decisions", "risk", _decision(symbol, at)
    elif place == SIGNAL_AT:
        name, producer, payload = "signals", "signal", _signal(symbol, at)
    else:
        name, producer, payload = "market_data.quotes", "ws", {"quotes": [_quote(number, symbol, at)]}
    made = make(name, payload, key=f"bench:{number}:{at}", producer=producer, occurred_at=from_seconds(due_s))
    return topic(name).key, encode(made)


def is_order(number: int) -> bool:
    return number % CYCLE in ORDERS_AT


def _price(number: int) -> str:
    return f"{100 + number % 97 / 100:.2f}"


def _quote(number: int, symbol: str, at: str) -> dict[str, Any]:
    price = _price(number)
    return {
        "symbol": symbol,
        "bid": price,
        "ask": f"{float(price) + 0.01:.2f}",
        "last": price,
        "event_at": at,
        "received_at": at,
        "bid_quantity": "5",
        "ask_quantity": "5",
        "quote_volume_24h": "1000000",
        "change_24h": "0.01",
    }


def _order(number: int, symbol: str, order_id: str, at: str) -> dict[str, Any]:
    price = _price(number)
    fill = {"trade_id": str(number), "price": price, "quantity": "4", "fee": "0.2", "fee_asset": "USDT"}
    return {
        "order_id": order_id,
        "client_order_id": order_id.replace("-", ""),
        "decision_id": order_id,
        "account": "paper",
        "symbol": symbol,
        "side": "BUY" if number % 20 else "SELL",
        "order_type": "LIMIT_IOC",
        "status": "FILLED",
        "version": 3,
        "quantity": "4",
        "filled_quantity": "4",
        "fills": [fill | {"executed_at": at}],
        "fee": "0.2",
        "avg_fill_price": price,
        "limit_price": "101",
        "decision_price": "100",
        "kind": "SIGNAL",
        "realized_pnl": None if number % 20 else "1.5",
    }


def _decision(symbol: str, at: str) -> dict[str, Any]:
    layers = [
        {
            "layer": number,
            "code": code,
            "verdict": "PASS",
            "quantity_before": "4",
            "quantity_after": "4",
            "observed": "0.05",
            "limit": "0.5",
            "unit": "FRACTION",
        }
        for number, code in enumerate(LAYERS, start=1)
    ]
    return {
        "decision_id": str(uuid.uuid4()),
        "kind": "SIGNAL",
        "outcome": "APPROVED",
        "reason_code": "SIGNAL_APPROVED",
        "params": {},
        "account": "paper",
        "symbol": symbol,
        "side": "BUY",
        "signal_id": str(uuid.uuid4()),
        "wanted_quantity": "4",
        "quantity": "4",
        "trading_state": "ACTIVE",
        "limits_version": 1,
        "layers": layers,
        "price": "100",
        "price_age_ms": 20,
        "decided_at": at,
    }


def _signal(symbol: str, at: str) -> dict[str, Any]:
    return {
        "signal_id": str(uuid.uuid4()),
        "strategy": "momentum",
        "symbol": symbol,
        "interval": "1m",
        "open_time": at,
        "side": "BUY",
        "momentum": "0.012",
        "strength": "0.4",
        "rank": 3,
        "universe_size": len(SYMBOLS),
        "close": "100",
        "base_close": "99",
        "quote_volume": "100000",
        "expires_at": at,
    }


def _mark(number: int, at: str) -> dict[str, Any]:
    price = _price(number)
    positions = [
        {
            "symbol": symbol,
            "quantity": "4",
            "avg_entry_price": "100",
            "mark_price": price,
            "mark_source": "BOOK",
            "notional": f"{4 * float(price):.2f}",
            "unrealized_pnl": f"{4 * float(price) - 400:.2f}",
            "stop_price": "98",
            "version": 1,
        }
        for symbol in HELD
    ]
    worth = 4 * float(price) * len(HELD)
    return {
        "account": "paper",
        "marked_at": at,
        "equity": f"{8000 + worth:.2f}",
        "cash": "8000",
        "positions_value": f"{worth:.2f}",
        "exposure": f"{worth / (8000 + worth):.4f}",
        "day_opening_equity": "10000",
        "day_pnl": f"{worth - 2000:.2f}",
        "drawdown": "0",
        "trading_state": "ACTIVE",
        "positions": positions,
        "version": 1,
    }
