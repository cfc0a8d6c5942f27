"""Plants the world that the dashboard's tests look at, by the tested site's hand.

Two positions are held: 1,000 worth of AAA and 500 worth of BBB beside 8,500 in cash, so equity is 10,000 and the
exposure 15 %. Candles of both, one filled order with its decision, a ranking, an audit without differences.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

USER, PASSWORD = "viewer", "a-password-for-tests-1"
DECISION_ID = "00000000-0000-5000-8000-000000000001"
ORDER_ID = DECISION_ID
CANDLES = 60


def plant() -> None:
    from django.contrib.auth.models import User

    from cdb_site.clock import SYSTEM

    User.objects.create_user(USER, password=PASSWORD)
    now = SYSTEM.wall_now().replace(second=0, microsecond=0)
    plant_market(now)
    plant_books(now)


def plant_market(now: datetime) -> None:
    from marketdata.models import Candle, Instrument
    from signals_app.models import Ranking

    for symbol, start in (("AAAUSDT", 100), ("BBBUSDT", 50)):
        instrument = Instrument.objects.create(
            symbol=symbol,
            base_asset=symbol[:3],
            quote_asset="USDT",
            price_tick=Decimal("0.01"),
            quantity_step=Decimal("0.01"),
            min_quantity=0,
            min_notional=1,
            taker_fee=Decimal("0.0005"),
            updated_at=now,
        )
        for minute in range(CANDLES):
            price = Decimal(start) + Decimal(minute % 7) / 10
            Candle.objects.create(
                instrument=instrument,
                interval="1m",
                open_time=now - timedelta(minutes=CANDLES - minute),
                open=price,
                high=price + 1,
                low=price - 1,
                close=price,
                volume=10,
                quote_volume=price * 10,
                source="REST",
                received_at=now,
            )
        Ranking.objects.create(
            symbol=symbol,
            ranked_at=now,
            rank=1 if start == 100 else 2,
            momentum=Decimal("0.0082") if start == 100 else Decimal("-0.001"),
            quote_volume=1000,
        )


def plant_books(now: datetime) -> None:
    """An account with its limits, and one BUY from its decision to its fill, of today however young today is."""
    plant_account(now)
    plant_decision(now)
    midnight = now.replace(hour=0, minute=0)
    plant_filled_order(max(now - timedelta(minutes=3), midnight))


def plant_account(now: datetime) -> None:
    from execution.models import Account, TradingStateChange
    from risk.models import AuditRun, EquitySnapshot, LimitVersion, TapeFile, TapeHole

    account, _ = Account.objects.get_or_create(account="paper", defaults={"quote_asset": "USDT", "cash": 8500})
    TradingStateChange.objects.create(account=account, state="ACTIVE", reason="tests begin", changed_by="tests")
    LimitVersion.objects.create(
        max_exposure_pct=Decimal("0.5"),
        max_position_pct=Decimal("0.1"),
        stop_loss_pct=Decimal("0.02"),
        max_slippage_pct=Decimal("0.01"),
        max_price_age_s=10,
        max_data_silence_s=3600,
        reason="tests begin",
        changed_by="tests",
    )
    AuditRun.objects.create(violations=0, duration_ms=3)
    EquitySnapshot.objects.create(
        account="paper", taken_at=now - timedelta(minutes=5), equity=9990, cash=8500, exposure=0
    )
    TapeFile.objects.create(
        worker="1", number=1, name="1/00000001-2026-01-01T00.tape", before="0" * 64, digest="0" * 64, bytes=5 * 2**20,
        last_place="1-0", begun_at=now, written_at=now,
    )  # fmt: skip
    TapeHole.objects.create(
        worker="1", reason="DISK", after_place="1-0", until_place="2-0", from_at=now, until_at=now, told="full"
    )


def plant_decision(now: datetime) -> None:
    from risk.models import Decision

    layer = {
        "layer": 3,
        "code": "TOTAL_EXPOSURE",
        "verdict": "PASS",
        "quantity_before": "10",
        "quantity_after": "10",
        "observed": "0.15",
        "limit": "0.5",
    }
    Decision.objects.create(
        decision_id=DECISION_ID,
        kind="SIGNAL",
        outcome="APPROVED",
        reason_code="SIGNAL_APPROVED",
        account="paper",
        symbol="AAAUSDT",
        side="BUY",
        signal_id=uuid.uuid4(),
        order_id=ORDER_ID,
        wanted_quantity=10,
        quantity=10,
        price=100,
        price_age_ms=80,
        equity=10000,
        exposure_after=1500,
        trading_state="ACTIVE",
        limits_version=1,
        max_price_age_ms=10000,
        layers=[layer],
        occurred_at=now,
    )


def plant_filled_order(filled_at: datetime) -> None:
    from execution.models import Account, Fill, Order

    account = Account.objects.get(account="paper")
    order = Order.objects.create(
        order_id=ORDER_ID,
        client_order_id=ORDER_ID.replace("-", ""),
        decision_id=DECISION_ID,
        account=account,
        symbol="AAAUSDT",
        kind="SIGNAL",
        side="BUY",
        order_type="LIMIT_IOC",
        reduce_only=False,
        quantity=10,
        limit_price=101,
        decision_price=100,
        filled_quantity=10,
        filled_notional=1000,
        fee=Decimal("0.5"),
        state="FILLED",
        version=3,
        occurred_at=filled_at,
    )
    Fill.objects.create(
        order=order,
        trade_id="1",
        account=account,
        symbol="AAAUSDT",
        side="BUY",
        price=100,
        quantity=10,
        fee=Decimal("0.5"),
        fee_asset="USDT",
        executed_at=filled_at,
    )
