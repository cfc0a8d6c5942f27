"""Candles in PostgreSQL for the tests of replay, and grids of them with and without kept files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from django.core.management import call_command

from marketdata import operations
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from replay.candle_cache import CandleCache
from replay.candles import load
from replay.rules.columns import FIELDS
from replay.rules.grid import CandleGrid
from tests.builders import plant_instrument
from tests.integration.marketdata.test_candles import make_instrument

OPEN_S = 1_767_225_600  # 2026-01-01 00:00 UTC
JANUARY_S, MONTH_S = OPEN_S, 31 * 86_400


def list_instruments(*symbols: str, tick: str = "0.01") -> None:
    operations.upsert_instruments([make_instrument(symbol=symbol, tick=tick) for symbol in symbols])


def closed(
    minute: int, *, symbol: str = "BTCUSDT", close: str = "100", quote_volume: str = "500", open_s: int = OPEN_S
) -> ClosedCandle:
    price = Decimal(close)
    return ClosedCandle(symbol, open_s + 60 * minute, price, price, price, price, Decimal(5), Decimal(quote_volume))


def store(*candles: ClosedCandle, source: str = "WS", interval: str = "1m") -> int:
    return operations.store_closed_candles(interval, candles, source, "ws")


def grid(
    *symbols: str, cache: Path | None = None, since_s: int = OPEN_S, until_s: int = OPEN_S + 600, interval: str = "1m"
) -> CandleGrid:
    kept = None if cache is None else CandleCache(cache)
    return load(symbols or ("BTCUSDT",), interval, since_s, until_s, cache=kept)


def closes(grid: CandleGrid, row: int = 0) -> list[Decimal]:
    return [Decimal(units).scaleb(-grid.price_places[row]) for units in grid.close[row].tolist()]


def same(one: CandleGrid, other: CandleGrid) -> bool:
    """Whether two grids hold the same candles in the same units."""
    units = (one.symbols, one.first_period, one.price_places, one.volume_places)
    return units == (other.symbols, other.first_period, other.price_places, other.volume_places) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS
    )


def files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def market_in_waves(starts: datetime, minutes: int = 600) -> None:
    """An account with limits, and AAAUSDT: up by 2 % within a quarter of an hour, level, down again, every hour."""
    call_command("open_account", verbosity=0)
    call_command("seed_limits", verbosity=0)
    instrument = plant_instrument()
    prices = [100 * (1 + 0.02 * min(max(at % 60 - 10, 0), 15, max(55 - at % 60, 0)) / 15) for at in range(minutes)]
    Candle.objects.bulk_create(
        Candle(
            instrument=instrument, interval="1m", open_time=starts + timedelta(minutes=minute), source="REST",
            open=round(Decimal(price), 2), high=round(Decimal(price), 2), low=round(Decimal(price), 2),
            close=round(Decimal(price), 2), volume=10_000, quote_volume=1_000_000, received_at=starts,
        )
        for minute, price in enumerate(prices)
    )  # fmt: skip
