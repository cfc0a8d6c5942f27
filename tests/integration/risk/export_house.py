"""Booked trades with their times, for what is exported of them; and the command that does it."""

from __future__ import annotations

import csv
import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.core.management.base import CommandError
from msgspec.structs import asdict

from execution.models import Account, Fill, LedgerEntry, Order
from execution.rules.accounting import Holding, begun, book, fee_of, notional
from risk.models import Decision
from tests.builders import PAPER, fills

FEE_RATE = Decimal("0.0005")
LAYER = {
    "layer": 3, "code": "TOTAL_EXPOSURE", "verdict": "REJECT", "observed": "0.51", "limit": "0.5", "unit": "FRACTION",
    "quantity_before": "1.5", "quantity_after": "0",
}  # fmt: skip


def account() -> Account:
    return Account.objects.get_or_create(account=PAPER, defaults={"quote_asset": "USDT", "cash": 10_000})[0]


def booked(text: str, *times: datetime, symbol: str = "AAAUSDT") -> list[int]:
    """Fills as in "buy 2 @ 100; sell 2 @ 110", one at each of these times, as the books have them with a fee of
    0.05 %; returns their numbers."""
    holding, ids = Holding(symbol=symbol), []
    for (side, quantity, price), at in zip(fills(text), times, strict=True):
        fee = fee_of(notional(price, quantity), FEE_RATE)
        before = begun(holding, episode_id=uuid4(), opened_at=at)
        booking = book(before, side=side, price=price, quantity=quantity, fee=fee)
        holding = booking.holding
        order = ordered(at, symbol=symbol, side=side, quantity=quantity, state="FILLED", filled_quantity=quantity)
        fill = Fill.objects.create(
            order=order, trade_id=uuid4().hex, account=account(), symbol=symbol, side=side, price=price,
            quantity=quantity, fee=fee, fee_asset="USDT", realized_pnl=booking.realized_pnl, executed_at=at,
        )  # fmt: skip
        for legs in booking.entries:
            LedgerEntry.objects.create(account=account(), fill=fill, occurred_at=at, **asdict(legs))
        ids.append(fill.pk)
    return ids


def ordered(at: datetime, **changes: Any) -> Order:
    name = uuid4()
    values: dict[str, Any] = {
        "order_id": name, "client_order_id": name.hex, "decision_id": name, "account": account(), "symbol": "AAAUSDT",
        "kind": "SIGNAL", "side": "BUY", "order_type": "MARKET", "reduce_only": False, "quantity": 2,
        "state": "CANCELED", "occurred_at": at, "created_at": at, "closed_at": at,
    }  # fmt: skip
    return Order.objects.create(**(values | changes))


def decided(at: datetime, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "decision_id": uuid4(), "kind": "SIGNAL", "outcome": "REJECTED", "reason_code": "EXPOSURE_LIMIT_EXCEEDED",
        "params": {"observed": "0.51", "limit": "0.5", "unit": "FRACTION"}, "account": PAPER, "symbol": "AAAUSDT",
        "side": "BUY", "signal_id": uuid4(), "wanted_quantity": Decimal("1.5"), "quantity": 0,
        "trading_state": "ACTIVE", "limits_version": 1, "max_price_age_ms": 1000, "occurred_at": at,
        "layers": [LAYER],
    }  # fmt: skip
    return Decision.objects.create(**(values | changes))


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What a run of the command wrote, and said."""

    out: str
    err: str
    refused: str = ""
    code: int = 0

    @property
    def rows(self) -> list[dict[str, str]]:
        """Of CSV, without its remarks."""
        lines = [line for line in self.out.splitlines(keepends=True) if not line.startswith("# ")]
        return list(csv.DictReader(io.StringIO("".join(lines))))


def export(*arguments: object) -> Exported:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out):
        try:
            call_command("export", *map(str, arguments), stderr=err)
        except CommandError as problem:
            return Exported(out=out.getvalue(), err=err.getvalue(), refused=str(problem), code=problem.returncode)
    return Exported(out=out.getvalue(), err=err.getvalue())
