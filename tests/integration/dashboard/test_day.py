"""The day so far: what the status bar sets against the newest mark."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdb_site.clock import SYSTEM
from dashboard import snapshot
from dashboard.live.day import DaySoFar, began_at
from execution.models import Account, AccountReset, Fill, Order
from risk.models import EquitySnapshot
from tests.ui import planting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def planted(db: Any) -> None:
    planting.plant()


def fill(number: int, *, at: datetime, realized: str, fee: str) -> None:
    """A sale as booked, with the account's sums moved as a booking moves them."""
    Fill.objects.create(
        order=Order.objects.get(pk=planting.ORDER_ID),
        trade_id=f"day-{number}",
        account_id="paper",
        symbol="AAAUSDT",
        side="SELL",
        price=100,
        quantity=1,
        fee=Decimal(fee),
        fee_asset="USDT",
        realized_pnl=Decimal(realized),
        executed_at=at,
    )
    account = Account.objects.get(account="paper")
    account.realized_pnl += Decimal(realized)
    account.fees += Decimal(fee)
    account.save()


def test_what_was_realised_before_today_is_told_apart() -> None:
    midnight, _ = began_at(SYSTEM.market_now())
    before = DaySoFar().read()
    fill(1, at=midnight - timedelta(hours=1), realized="7", fee="0.3")
    fill(2, at=midnight + timedelta(microseconds=1), realized="-2", fee="0.1")

    day = DaySoFar().read()

    # Only what was executed before midnight moves the two figures.
    assert Decimal(day["realized_before"]) - Decimal(before["realized_before"]) == Decimal(7)
    assert Decimal(day["fees_before"]) - Decimal(before["fees_before"]) == Decimal("0.3")


def test_the_worst_of_the_day_is_taken_from_the_points_of_the_curve() -> None:
    midnight, _ = began_at(SYSTEM.market_now())
    points = [
        (-timedelta(hours=2), 20000, "0.9"),
        (timedelta(0), 10000, "0.2"),
        (timedelta(microseconds=5), 9000, "0.4"),
    ]
    for after, equity, exposure in points:
        EquitySnapshot.objects.create(
            account="paper", taken_at=midnight + after, equity=equity, cash=0, exposure=Decimal(exposure)
        )

    worst = DaySoFar().read()["worst"]

    # Yesterday's exposure is not today's; the peak of 24 h before today's low is yesterday's 20,000.
    assert Decimal(worst["equity"]) == 9000
    assert Decimal(worst["exposure"]) == Decimal("0.4")
    assert Decimal(worst["drawdown_24h"]) == Decimal("0.55")


def test_a_new_start_begins_the_day_anew() -> None:
    now = SYSTEM.market_now()
    AccountReset.objects.create(
        account_id="paper", withdrawn=1, deposited=5000, reset_by="t", reason="t", occurred_at=now
    )

    day = DaySoFar().read()

    assert day["since"] == began_at(SYSTEM.market_now())[0].isoformat().replace("+00:00", "Z")
    assert began_at(SYSTEM.market_now()) == (now, True)
    assert day["worst"]["equity"] is None


def test_the_curve_of_the_day_keeps_the_last_point_of_each_stretch() -> None:
    midnight, _ = began_at(SYSTEM.market_now())
    EquitySnapshot.objects.create(
        account="paper", taken_at=midnight - timedelta(seconds=1), equity=1, cash=0, exposure=0
    )
    for micro, equity in ((1, 10), (2, 11)):
        EquitySnapshot.objects.create(
            account="paper", taken_at=midnight + timedelta(microseconds=micro), equity=equity, cash=0, exposure=0
        )

    points = snapshot.equity()

    assert points[0][1] == "11"
    assert len(points) <= snapshot.EQUITY_POINTS + 1
