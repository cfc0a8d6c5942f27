"""A symbol's chart: wider candles are folded from the stored ones, momentum is that of the strategy."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dashboard.chart import chart, offered
from marketdata.models import Candle, Instrument
from risk.models import Decision
from tests.ui import planting

pytestmark = pytest.mark.django_db
# A whole hour: every window begins with it.
HOUR = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def planted(db: Any) -> None:
    planting.plant()


def candle(symbol: str, minute: int, *, o: str, h: str, low: str, c: str, v: str) -> None:
    Candle.objects.create(
        instrument_id=symbol,
        interval="1m",
        open_time=HOUR + timedelta(minutes=minute),
        open=Decimal(o),
        high=Decimal(h),
        low=Decimal(low),
        close=Decimal(c),
        volume=Decimal(v),
        quote_volume=1,
        source="WS",
        received_at=HOUR,
    )


def instrument(symbol: str) -> None:
    known = Instrument.objects.get(symbol="AAAUSDT")
    known.pk, known.base_asset = symbol, symbol[:3]
    known.save(force_insert=True)


def test_it_holds_candles_oldest_first_and_the_symbols_fills() -> None:
    told = chart("AAAUSDT")

    times = [row[0] for row in told["candles"]]
    assert times == sorted(times) and len(times) == planting.CANDLES
    assert [(fill["side"], fill["quantity"]) for fill in told["fills"]] == [("BUY", "10")]
    assert (told["interval"], told["tick"]) == ("1m", "0.01")


def test_an_unknown_symbol_has_an_empty_chart() -> None:
    told = chart("NONE")

    assert (told["tick"], told["candles"], told["fills"], told["decisions"]) == (None, [], [], [])


def test_five_minutes_are_folded_from_their_five_candles() -> None:
    instrument("FOLUSDT")
    candle("FOLUSDT", 0, o="10", h="12", low="9", c="11", v="1")
    candle("FOLUSDT", 3, o="11", h="15", low="11", c="14", v="2")
    candle("FOLUSDT", 4, o="14", h="14", low="8", c="9", v="4")
    candle("FOLUSDT", 5, o="9", h="10", low="9", c="10", v="8")

    told = chart("FOLUSDT", "5m")

    start = int(HOUR.timestamp())
    # First open 10, highest 15, lowest 8, last close 9, volume 1 + 2 + 4; then the one candle of the next window.
    assert [row[:6] for row in told["candles"]] == [
        [start, 10.0, 15.0, 8.0, 9.0, 7.0],
        [start + 300, 9.0, 10.0, 9.0, 10.0, 8.0],
    ]
    assert told["length_s"] == 300


def test_momentum_is_the_close_against_the_close_one_lookback_before() -> None:
    instrument("MOMUSDT")
    for minute in range(17):
        candle("MOMUSDT", minute, o="100", h="110", low="90", c="102" if minute == 16 else "100", v="1")

    rows = chart("MOMUSDT")["candles"]

    # 15 minutes: nothing to compare with before; then 100 ÷ 100 − 1, at last 102 ÷ 100 − 1.
    assert [row[6] for row in rows[:15]] == [None] * 15
    assert rows[15][6] == pytest.approx(0.0)
    assert rows[16][6] == pytest.approx(0.02)


def test_an_interval_that_is_not_offered_is_the_stored_one() -> None:
    assert offered() == ["1m", "5m", "15m", "60m"]
    assert chart("AAAUSDT", "4h")["interval"] == "1m"


def test_buys_that_were_denied_are_marked_and_approved_ones_are_not() -> None:
    stored = Decision.objects.get(pk=planting.DECISION_ID)
    denied = str(uuid.uuid4())
    stored.pk, stored.signal_id, stored.order_id = denied, uuid.uuid4(), None
    stored.outcome, stored.quantity, stored.reason_code = "REJECTED", Decimal(0), "EXPOSURE_LIMIT_EXCEEDED"
    stored.save(force_insert=True)

    marked = chart("AAAUSDT")["decisions"]

    assert [(row["id"], row["outcome"]) for row in marked] == [(denied, "REJECTED")]
