"""A small market for the engine's tests: three symbols, candles written as "A 101 B 100 C 100", a clock set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdb_site.bus.events import BusEvent, make
from cdb_site.clock import iso
from marketdata.models import Candle, Instrument, UniverseMember
from signals_app.engine import SignalEngine
from signals_app.models import Signal
from signals_app.rules.strategy import Strategy
from tests.clocks import MomentClock

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
STRATEGY = Strategy(
    interval="1m",
    interval_s=60,
    lookback_s=120,
    threshold=Decimal("0.01"),
    exit=Decimal(0),
    min_volume=Decimal(100),
    top_n=2,
    ttl_s=90,
    grace_s=2.0,
)
FLAT = "A 100 B 100 C 100"


@pytest.fixture(autouse=True)
def market() -> None:
    for symbol in SYMBOLS:
        Instrument.objects.create(
            symbol=symbol,
            base_asset=symbol[0],
            quote_asset="USDT",
            price_tick=Decimal("0.01"),
            quantity_step=Decimal("0.01"),
            min_quantity=Decimal("0.01"),
            min_notional=Decimal(1),
            taker_fee=Decimal("0.0005"),
            updated_at=START,
        )
        UniverseMember.objects.create(instrument_id=symbol, chosen_by="test", since=START)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def engine_at(number: float) -> tuple[SignalEngine, MomentClock]:
    """An engine whose clock stands a second after candle `number` has closed."""
    clock = MomentClock(START + timedelta(minutes=number + 1, seconds=1))
    return SignalEngine(STRATEGY, clock), clock


def readings(closes: str) -> list[tuple[str, str]]:
    words = closes.split()
    return [(f"{name}USDT", close) for name, close in zip(words[::2], words[1::2], strict=True)]


def stored(number: int, closes: str, source: str = "WS") -> None:
    for symbol, close in readings(closes):
        price = Decimal(close)
        Candle.objects.create(
            instrument_id=symbol,
            interval="1m",
            open_time=minute(number),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=Decimal(1),
            quote_volume=Decimal(1000),
            source=source,
            received_at=START,
        )


def candle_event(number: int, closes: str, source: str = "WS") -> BusEvent:
    candles = [
        {
            "symbol": symbol,
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "volume": "1",
            "quote_volume": "1000",
        }
        for symbol, close in readings(closes)
    ]
    payload: dict[str, Any] = {"interval": "1m", "open_time": iso(minute(number)), "candles": candles, "source": source}
    return make("market_data", payload, key=f"{number}:{closes}", producer="ws", occurred_at=minute(number + 1))


def heard(number: int, closes: str) -> BusEvent:
    """A candle event whose rows are stored, as the screeners do it."""
    stored(number, closes)
    return candle_event(number, closes)


def said() -> list[str]:
    rows = Signal.objects.order_by("open_time", "side", "symbol")
    return [f"{int((row.open_time - START).total_seconds() // 60)} {row.side} {row.symbol[0]}" for row in rows]


def play(engine: SignalEngine, clock: MomentClock, first: int, closes: Sequence[str]) -> None:
    for number, row in enumerate(closes, start=first):
        clock.at = minute(number + 1) + timedelta(seconds=1)
        engine.take([heard(number, row)])
