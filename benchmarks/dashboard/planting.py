"""The house that is looked at: thirty symbols with an hour of candles, and two thousand orders that add up.

A thousand round trips over three weeks, each a buy and a sale, booked with the books' own arithmetic.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.dashboard.events import SYMBOLS
from cdb_site.clock import SYSTEM
from execution.models import Account, Fill, Order, Position, TradingStateChange
from execution.rules.accounting import Holding, begun, book
from marketdata.models import Candle
from proofs.rig.crowd import Crowd
from signals_app.models import Ranking

TRIPS = 1000
CANDLES = 60
QUANTITY = Decimal(4)
ORDER = {"order_type": "LIMIT_IOC", "limit_price": Decimal(101), "decision_price": Decimal(100), "version": 3,
         "state": "FILLED", "kind": "SIGNAL"}  # fmt: skip


def plant() -> None:
    now = SYSTEM.wall_now().replace(second=0, microsecond=0)
    Crowd(list(SYMBOLS), int(now.timestamp()) // 60, 60.0).settle()
    _plant_market(now)
    account = Account.objects.get(account="paper")
    TradingStateChange.objects.create(account=account, state="ACTIVE", reason="the bench begins", changed_by="bench")
    _plant_trips(account, now)


def _plant_market(now: datetime) -> None:
    Ranking.objects.bulk_create(
        Ranking(symbol=symbol, ranked_at=now, rank=rank, momentum=Decimal(20 - rank) / 1000, quote_volume=1000)
        for rank, symbol in enumerate(SYMBOLS, start=1)
    )
    Candle.objects.bulk_create(_candle(symbol, minute, now) for symbol in SYMBOLS for minute in range(CANDLES))


def _candle(symbol: str, minute: int, now: datetime) -> Candle:
    price = 100 + Decimal(minute % 7) / 10
    return Candle(
        instrument_id=symbol, interval="1m", open_time=now - timedelta(minutes=CANDLES - minute), open=price,
        high=price + 1, low=price - 1, close=price, volume=10, quote_volume=price * 10, source="REST", received_at=now,
    )  # fmt: skip


def _plant_trips(account: Account, now: datetime) -> None:
    held: dict[str, Holding] = {}
    orders, fills = [], []
    for number in range(TRIPS):
        symbol, opened = SYMBOLS[number % len(SYMBOLS)], now - timedelta(minutes=30 * (TRIPS - number) + 20)
        moved = Decimal((number * 37) % 13 - 5) / 4
        legs = (("BUY", Decimal(100), opened), ("SELL", 100 + moved, opened + timedelta(minutes=11)))
        for side, price, at in legs:
            order, fill, held[symbol] = _leg(account, held.get(symbol), symbol, side, price, at)
            orders.append(order)
            fills.append(fill)
    Order.objects.bulk_create(orders, batch_size=500)
    Fill.objects.bulk_create(fills, batch_size=500)
    Position.objects.bulk_create(
        Position(
            account=account, symbol=holding.symbol, quantity=holding.quantity,
            avg_entry_price=holding.avg_entry_price, realized_pnl=holding.realized_pnl,
            episode_id=holding.episode_id, opened_at=holding.opened_at,
        )
        for holding in held.values()
    )  # fmt: skip


def _leg(
    account: Account, before: Holding | None, symbol: str, side: str, price: Decimal, at: datetime
) -> tuple[Order, Fill, Holding]:
    fee = price * QUANTITY / 2000
    holding = begun(before or Holding(symbol=symbol), episode_id=uuid.uuid4(), opened_at=at)
    booking = book(holding, side=side, price=price, quantity=QUANTITY, fee=fee)
    order_id = uuid.uuid4()
    both: dict[str, Any] = {"account": account, "symbol": symbol, "side": side, "quantity": QUANTITY, "fee": fee,
                            "realized_pnl": booking.realized_pnl}  # fmt: skip
    order = Order(
        order_id=order_id, client_order_id=order_id.hex, decision_id=order_id, reduce_only=side == "SELL",
        filled_quantity=QUANTITY, filled_notional=price * QUANTITY, occurred_at=at, created_at=at, closed_at=at,
        **ORDER, **both,
    )  # fmt: skip
    trade_id = f"bench-{order_id.hex[:12]}"
    fill = Fill(order=order, trade_id=trade_id, price=price, fee_asset="USDT", executed_at=at, **both)
    return order, fill, booking.holding
