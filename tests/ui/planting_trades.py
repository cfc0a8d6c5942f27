"""Plants a history of trades that adds up: round trips of five weeks, one position half sold, and orders that came to
nothing; by the tested site's hand, beside what `planting` plants.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

SYMBOLS = ("CCCUSDT", "DDDUSDT", "EEEUSDT")
TRIPS = 60
HOSTILE = '<b>"EXIT"</b>'
ENDS = ("SIGNAL", "SIGNAL", "SIGNAL", "STOP", "SIGNAL", "OPERATOR", "STOP", "HALT")


@dataclass(kw_only=True)
class Trader:
    """Books fills with the books' own arithmetic, oldest first, and keeps the account's sums."""

    account: Any
    held: dict[str, Any] = field(default_factory=dict)
    realized: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)

    def fill(
        self, symbol: str, side: str, quantity: str, price: str, at: datetime, *, kind: str = "SIGNAL", reason: str = ""
    ) -> None:
        from execution.models import Fill
        from execution.rules.accounting import Holding, begun, book

        value = Decimal(price) * Decimal(quantity)
        fee = value / 2000
        before = begun(self.held.get(symbol, Holding(symbol=symbol)), episode_id=uuid.uuid4(), opened_at=at)
        booking = book(before, side=side, price=Decimal(price), quantity=Decimal(quantity), fee=fee)
        self.held[symbol] = booking.holding
        self.realized += booking.realized_pnl
        self.fees += fee
        order = self.order(
            symbol, side, quantity, at, kind=kind, state="FILLED", filled_quantity=Decimal(quantity),
            filled_notional=value, fee=fee, realized_pnl=booking.realized_pnl, reason_code=reason,
        )  # fmt: skip
        Fill.objects.create(
            order=order, trade_id=f"trade-{order.pk.hex[:12]}", account=self.account, symbol=symbol, side=side,
            price=Decimal(price), quantity=Decimal(quantity), fee=fee, fee_asset="USDT",
            realized_pnl=booking.realized_pnl, executed_at=at,
        )  # fmt: skip

    def order(self, symbol: str, side: str, quantity: str, at: datetime, *, kind: str, state: str, **more: Any) -> Any:
        from execution.models import Order

        order_id = uuid.uuid4()
        values = {
            "limit_price": Decimal(101),
            "decision_price": Decimal(100),
            "valid_for_s": Decimal(60) if side == "BUY" else None,
        }
        return Order.objects.create(
            order_id=order_id, client_order_id=order_id.hex, decision_id=order_id, account=self.account, symbol=symbol,
            kind=kind, side=side, order_type="LIMIT_IOC", reduce_only=side == "SELL", quantity=Decimal(quantity),
            state=state, version=3, occurred_at=at, created_at=at, **(values | more),
        )  # fmt: skip

    def close_books(self) -> None:
        from execution.models import Position

        for holding in self.held.values():
            Position.objects.create(
                account=self.account, symbol=holding.symbol, quantity=holding.quantity,
                avg_entry_price=holding.avg_entry_price, realized_pnl=holding.realized_pnl,
                episode_id=holding.episode_id, opened_at=holding.opened_at,
            )  # fmt: skip
        self.account.realized_pnl += self.realized
        self.account.fees += self.fees
        self.account.save()


def plant() -> None:
    from cdb_site.clock import SYSTEM
    from execution.models import Account

    now = SYSTEM.market_now()
    trader = Trader(account=Account.objects.get(account="paper"))
    for number in range(TRIPS):
        symbol, kind = SYMBOLS[number % 3], ENDS[number % len(ENDS)]
        opened = now - timedelta(hours=12 * (TRIPS - number) + 3, minutes=number)
        moved = Decimal((number * 37) % 13 - 5) / 4 if kind != "STOP" else Decimal(-2)
        trader.fill(symbol, "BUY", "4", "100.05", opened)
        trader.fill(symbol, "SELL", "4", str(100 + moved), opened + timedelta(minutes=11 + number), kind=kind)
    trader.fill("FFFUSDT", "BUY", "3", "100", now - timedelta(hours=2))
    trader.fill("FFFUSDT", "SELL", "1", "103", now - timedelta(hours=1))
    plant_odd_orders(trader, now)
    trader.close_books()


def plant_odd_orders(trader: Trader, now: datetime) -> None:
    """One that expired, one that was refused with hostile words, and one that still waits."""
    at = now - timedelta(minutes=50)
    trader.order("CCCUSDT", "BUY", "2", at, kind="SIGNAL", state="EXPIRED", reason_code="VENUE_NO_COUNTERPART")
    trader.order("DDDUSDT", "BUY", "2", at, kind="SIGNAL", state="REJECTED", reason_code=HOSTILE)
    trader.order("FFFUSDT", "SELL", "2", at, kind="OPERATOR", state="NEW")
