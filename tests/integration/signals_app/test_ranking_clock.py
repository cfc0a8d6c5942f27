"""Rankings of the instrument list: written once per candle, pruned after a day, read by the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import Anchor, Clock, iso
from cdb_site.services import service
from marketdata.models import Candle, Instrument
from signals_app import queries, tasks
from signals_app.models import Ranking
from signals_app.ranking_clock import RankingClock, rank_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

CLOSED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LAST_OPEN = CLOSED - timedelta(minutes=1)


def make_instrument(*, symbol: str, status: str = "TRADING", quote_asset: str = "USDT") -> Instrument:
    return Instrument.objects.create(
        symbol=symbol,
        base_asset=symbol[:-4],
        quote_asset=quote_asset,
        price_tick=Decimal("0.01"),
        quantity_step=Decimal("0.01"),
        min_quantity=Decimal("0.01"),
        min_notional=Decimal(1),
        taker_fee=Decimal("0.0005"),
        status=status,
        updated_at=CLOSED,
    )


def make_candle(*, symbol: str, open_time: datetime, close: str, quote_volume: str = "200000") -> None:
    price = Decimal(close)
    Candle.objects.create(
        instrument_id=symbol,
        interval="1m",
        open_time=open_time,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=Decimal(1),
        quote_volume=Decimal(quote_volume),
        source="WS",
        received_at=CLOSED,
    )


def make_market() -> None:
    """UP +0.8 %, FLAT 0 %, and two whose candles are not watched; OTHER is quoted in another asset."""
    base_open = LAST_OPEN - timedelta(minutes=settings.ENVIRONMENT.LOOKBACK_MINUTES)
    for symbol, close in (("UPUSDT", "100.8"), ("FLATUSDT", "100")):
        make_instrument(symbol=symbol)
        make_candle(symbol=symbol, open_time=base_open, close="100", quote_volume="999999")
        make_candle(symbol=symbol, open_time=LAST_OPEN, close=close)
    make_instrument(symbol="HALTUSDT", status="HALTED")
    make_instrument(symbol="FARUSDT")
    make_instrument(symbol="OTHEREURX", quote_asset="EURX")
    latest.store_quotes([make_quote(symbol="UPUSDT", bid="100.75", ask="100.85"), make_quote(symbol="FARUSDT")])


def make_quote(*, symbol: str, bid: str = "1", ask: str = "1.001", volume: str = "960000000") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "bid": bid,
        "ask": ask,
        "last": bid,
        "event_at": iso(CLOSED),
        "received_at": iso(CLOSED),
        "quote_volume_24h": volume,
    }


def test_every_instrument_of_the_quote_asset_is_ranked_with_its_reason() -> None:
    make_market()

    written = rank_at(int(LAST_OPEN.timestamp()))

    rows = {row.symbol: row for row in queries.latest_ranking()}
    assert written == 4
    assert list(rows) == ["UPUSDT", "FLATUSDT", "FARUSDT", "HALTUSDT"]
    assert [(row.rank, row.excluded) for row in rows.values()] == [(1, ""), (2, ""), (None, "RANK"), (None, "STATUS")]
    # (100.85 - 100.75) / 100.80 = 9.9206 bps; the base candle's volume does not count
    assert rows["UPUSDT"].spread_bps == Decimal("9.9206")
    assert rows["UPUSDT"].quote_volume == Decimal(200_000)
    assert rows["UPUSDT"].ranked_at == CLOSED
    # 960 000 000 a day is 10 000 000 in 15 minutes
    assert rows["FARUSDT"].quote_volume == Decimal(10_000_000)


def test_a_candle_is_ranked_once() -> None:
    make_market()

    first, second = rank_at(int(LAST_OPEN.timestamp())), rank_at(int(LAST_OPEN.timestamp()))

    assert (first, second) == (4, 0)


def test_rankings_older_than_a_day_of_market_time_are_forgotten() -> None:
    make_market()
    for age in (timedelta(hours=24), timedelta(hours=24, seconds=1)):
        Ranking.objects.create(symbol="UPUSDT", ranked_at=CLOSED - age, quote_volume=0)

    rank_at(int(LAST_OPEN.timestamp()))

    assert list(Ranking.objects.filter(ranked_at__lt=CLOSED).values_list("ranked_at", flat=True)) == [
        CLOSED - timedelta(hours=24)
    ]


def test_the_nearest_to_the_threshold_come_first() -> None:
    make_market()
    rank_at(int(LAST_OPEN.timestamp()))

    nearest = queries.nearest_to_threshold(5, Decimal("0.01"))

    assert [item.symbol for item in nearest] == ["UPUSDT", "FLATUSDT"]
    assert [item.momentum for item in nearest] == [Decimal("0.008"), Decimal(0)]


def test_the_clock_ranks_once_per_candle_after_the_grace() -> None:
    make_market()
    clock = Clock(Anchor(wall_s=0.0, market_s=0.0))
    runtime = Runtime(service=service("signal_gen"), environment=settings.ENVIRONMENT, instance="1", clock=clock)
    part = RankingClock(runtime)
    written = []

    for after_close_s in (2.5, 3.0, 50.0, 61.0, 62.5):
        moment_s = CLOSED.timestamp() + after_close_s
        clock.market_s = clock.monotonic_s = lambda moment_s=moment_s: moment_s  # type: ignore[method-assign,misc]
        written.append(part.turn())

    assert written == [4, 0, 0, 0, 4]


def test_the_task_ranks_the_last_closed_candle(monkeypatch: pytest.MonkeyPatch) -> None:
    make_market()
    monkeypatch.setattr("cdb_site.clock.Clock.market_s", lambda _: CLOSED.timestamp() + 5)

    assert tasks.rank_universe() == 4
    assert queries.latest_ranking()[0].ranked_at == CLOSED
