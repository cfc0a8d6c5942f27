"""One round of the race: what each entrant asks for, and how the round ended.

Equity is 1,000,000, the exposure limit 6 %, the position limit 5 %, and every entry wants 4 %. Two symbols: 4.04 % at
the worst price are reserved, 4.04 % more would be 8.08 %. One symbol: 4 % and what is left, 0.96 %.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import execution.operations
import execution.queries
from cdb_site.bus import outbox
from cdb_site.clock import SYSTEM, iso
from execution.models import Order
from execution.queries import PAPER
from execution.quotes import QuoteBoard
from marketdata.models import Instrument
from risk import operations
from risk.decision.requests import Request
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.rules.limits import LIMITS

SYMBOLS = ("LEFTUSDT", "RIGHTUSDT")
CASH = Decimal(1_000_000)
EXPOSURE, POSITION, STRENGTH = Decimal("0.06"), Decimal("0.05"), Decimal("0.8")


def prepare() -> None:
    """Instruments, the account, its limits."""
    for symbol in SYMBOLS:
        Instrument.objects.create(
            symbol=symbol,
            base_asset=symbol.removesuffix("USDT"),
            quote_asset="USDT",
            price_tick=Decimal("0.01"),
            quantity_step=Decimal("0.001"),
            min_quantity=Decimal("0.001"),
            min_notional=Decimal(1),
            taker_fee=Decimal("0.0005"),
            status="TRADING",
            updated_at=datetime.now(UTC),
        )
    execution.operations.open_account(PAPER, quote_asset="USDT", deposit=CASH, clock=SYSTEM)
    wanted = {"max_exposure_pct": EXPOSURE, "max_position_pct": POSITION, "max_orders_per_minute": Decimal(1_000_000)}
    values = {limit.name: limit.default for limit in LIMITS} | wanted
    operations.set_limits(PAPER, values, by="race", reason="room for one entry")


class Entrant:
    """One risk manager. Without `locked` its reading does not hold the account's row."""

    def __init__(self, number: int, *, locked: bool) -> None:
        self.symbol = SYMBOLS[number]
        self.board = QuoteBoard(clock=SYSTEM, max_age_s=10.0)
        self.marks = Marks(board=self.board, interval="1m")
        self.levels = LevelBoard(PAPER, SYSTEM)
        if not locked:
            execution.queries.ACCOUNT_LOCKED = execution.queries.ACCOUNT

    def decide(self, number: int) -> None:
        """In every second round both entrants want the same symbol."""
        symbol = self.symbol if number % 2 else SYMBOLS[0]
        self.board.take([_quote(symbol)])
        now = SYSTEM.market_now()
        request = Request(
            decision_id=uuid4(),
            kind="SIGNAL",
            side="BUY",
            symbol=symbol,
            occurred_at=now,
            strength=STRENGTH,
            expires_at=now + timedelta(minutes=1),
            signal_id=uuid4(),
        )
        operations.decide_batch(PAPER, [request], marks=self.marks, clock=SYSTEM, levels=self.levels)


def settle() -> str:
    """breach, refused or trimmed: how the round ended. Its orders are canceled."""
    orders = list(Order.objects.filter(state="NEW"))
    reserved = sum(order.reserved_notional for order in orders)
    by_symbol = {symbol: Decimal(0) for symbol in SYMBOLS}
    for order in orders:
        by_symbol[order.symbol] += order.quantity * (order.decision_price or 0)
    with outbox.unit_of_work("risk") as unit:
        execution.queries.account(PAPER, lock=True)
        execution.operations.cancel_entries(unit, PAPER, None, reason_code="POSITION_EXITING", clock=SYSTEM)
    if reserved > EXPOSURE * CASH or max(by_symbol.values()) > POSITION * CASH:
        return "breach"
    return {1: "refused", 2: "trimmed"}.get(len(orders), "nothing")


def _quote(symbol: str) -> dict[str, str]:
    now = iso(SYSTEM.wall_now())
    return {
        "symbol": symbol,
        "bid": "99.99",
        "ask": "100",
        "last": "100",
        "event_at": now,
        "received_at": now,
        "bid_quantity": "1000",
        "ask_quantity": "1000",
        "quote_volume_24h": "1000000000",
    }
