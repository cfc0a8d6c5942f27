"""Closed candles in PostgreSQL and on the bus: stored once, published once, corrected silently."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cdb_site.bus import models as bus
from marketdata import operations, queries
from marketdata.mexc import rows
from marketdata.mexc.rest import InstrumentInfo
from marketdata.models import Candle, Instrument
from marketdata.operations import ClosedCandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

OPEN_S = 1_795_000_200 - 1_795_000_200 % 60


LISTED = {
    "symbol": "SOLUSDT",
    "baseAsset": "SOL",
    "quoteAsset": "USDT",
    "quoteAssetPrecision": 2,
    "baseAssetPrecision": 4,
    "baseSizePrecision": "0.0001",
    "quoteAmountPrecision": "1",
    "status": "1",
    "isSpotTradingAllowed": True,
}


def make_instrument(*, symbol: str = "BTCUSDT", tick: str = "0.01", trading: bool = True) -> InstrumentInfo:
    return InstrumentInfo(
        symbol,
        symbol.removesuffix("USDT"),
        "USDT",
        Decimal(tick),
        Decimal("0.0001"),
        Decimal("0.0001"),
        Decimal(1),
        Decimal("0.0005"),
        trading,
    )


def make_candle(*, symbol: str = "BTCUSDT", minute: int = 0, close: str = "100", high: str = "110") -> ClosedCandle:
    return ClosedCandle(
        symbol, OPEN_S + 60 * minute, Decimal(100), Decimal(high), Decimal(90), Decimal(close), Decimal(5), Decimal(500)
    )


def store(*candles: ClosedCandle, source: str = "WS") -> int:
    return operations.store_closed_candles("1m", candles, source, "ws")


def published() -> list[dict[str, Any]]:
    return list(bus.Event.objects.filter(topic="market_data").order_by("occurred_at").values_list("payload", flat=True))


@pytest.fixture(autouse=True)
def instruments() -> None:
    operations.upsert_instruments([make_instrument(), make_instrument(symbol="ETHUSDT")])


@pytest.mark.parametrize("fee", [{}, {"takerCommission": None}, {"takerCommission": ""}])
def test_an_instrument_without_a_fee_gets_the_usual_one(fee: dict[str, Any], settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, PAPER_TAKER_FEE_PCT=Decimal("0.002"))

    operations.upsert_instruments([rows.instrument(LISTED | fee)])

    assert Instrument.objects.get(symbol="SOLUSDT").taker_fee == Decimal("0.002")


@pytest.mark.parametrize("fee", ["0", "0.0005"])
def test_a_fee_that_the_exchange_names_counts_even_if_it_is_nothing(fee: str) -> None:
    operations.upsert_instruments([rows.instrument(LISTED | {"takerCommission": fee})])

    assert Instrument.objects.get(symbol="SOLUSDT").taker_fee == Decimal(fee)


def test_candles_of_one_open_time_are_published_as_one_event() -> None:
    new = store(make_candle(), make_candle(symbol="ETHUSDT"), make_candle(minute=1))

    assert new == 3
    assert [[candle["symbol"] for candle in payload["candles"]] for payload in published()] == [
        ["BTCUSDT", "ETHUSDT"],
        ["BTCUSDT"],
    ]


def test_storing_the_same_candles_again_changes_and_publishes_nothing() -> None:
    store(make_candle(), make_candle(symbol="ETHUSDT"))

    again = store(make_candle(), make_candle(symbol="ETHUSDT"), source="REST")

    assert again == 0
    assert Candle.objects.count() == 2
    assert len(published()) == 1
    assert not Candle.objects.filter(revised=True).exists()


def test_only_the_candle_that_was_missing_is_published() -> None:
    store(make_candle())

    new = store(make_candle(), make_candle(symbol="ETHUSDT"), source="REST")

    assert new == 1
    assert [candle["symbol"] for candle in published()[-1]["candles"]] == ["ETHUSDT"]


def test_a_correction_from_rest_is_stored_flagged_and_not_published_again() -> None:
    store(make_candle(close="100"))

    store(make_candle(close="101"), source="REST")

    candle = Candle.objects.get()
    assert (candle.close, candle.revised, candle.source) == (Decimal(101), True, "REST")
    assert len(published()) == 1


def test_a_socket_reading_never_overwrites_a_stored_candle() -> None:
    store(make_candle(close="101"), source="REST")

    store(make_candle(close="100"), source="WS")

    assert Candle.objects.get().close == Decimal(101)
    assert not Candle.objects.get().revised


@pytest.mark.parametrize("source", ["BACKFILL", "IMPORT"])
def test_history_is_stored_but_not_published(source: str) -> None:
    new = store(make_candle(), source=source)

    assert new == 1
    assert published() == []


def test_prices_are_snapped_to_the_tick_and_kept_exactly() -> None:
    store(make_candle(close="100.00999999999999"))

    assert str(Candle.objects.get().close) == "100.01"


def test_a_price_that_rounds_to_no_tick_is_left_out_and_keeps_no_other_candle_out() -> None:
    impossible = make_candle()._replace(low=Decimal("0.004"))

    assert store(impossible, make_candle(symbol="ETHUSDT")) == 1

    assert [candle.instrument_id for candle in Candle.objects.all()] == ["ETHUSDT"]


def test_candles_of_an_unknown_instrument_are_ignored() -> None:
    assert store(make_candle(symbol="NOPEUSDT"), make_candle()) == 1


def test_three_thousand_candles_are_stored_in_one_call() -> None:
    new = store(*[make_candle(minute=minute) for minute in range(3000)], source="BACKFILL")

    assert new == 3000
    assert len(queries.recent_candles("BTCUSDT", "1m", 5000)) == 3000


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("low", Decimal(101), "candle_low_is_lowest"),
        ("low", Decimal(0), "candle_low_is_lowest"),
        ("high", Decimal(99), "candle_"),
        ("volume", Decimal(-1), "candle_volume_not_negative"),
        ("source", "TAPE", "candle_source_known"),
    ],
)
def test_the_database_refuses_an_impossible_candle(column: str, value: object, constraint: str) -> None:
    store(make_candle())

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Candle.objects.update(**{column: value})


def test_the_database_refuses_a_second_row_for_the_same_candle() -> None:
    store(make_candle())
    twin = Candle.objects.get()
    twin.pk = None

    with pytest.raises(IntegrityError, match="candle_once"), transaction.atomic():
        twin.save(force_insert=True)


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("price_tick", Decimal(0), "instrument_price_tick_positive"),
        ("quantity_step", Decimal(0), "instrument_quantity_step_positive"),
        ("min_notional", Decimal(-1), "instrument_minimums_not_negative"),
        ("taker_fee", Decimal(1), "instrument_taker_fee_fraction"),
        ("status", "ASLEEP", "instrument_status_known"),
    ],
)
def test_the_database_refuses_an_impossible_instrument(column: str, value: object, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Instrument.objects.update(**{column: value})


def test_missing_candles_are_named_by_symbol() -> None:
    store(make_candle(minute=0), make_candle(minute=2))

    missing = queries.missing_opens(["BTCUSDT", "ETHUSDT"], "1m", OPEN_S, OPEN_S + 120)

    assert missing == {"BTCUSDT": [OPEN_S + 60], "ETHUSDT": [OPEN_S, OPEN_S + 60, OPEN_S + 120]}


def test_reads_give_oldest_first_and_the_newest_open_time() -> None:
    store(*[make_candle(minute=minute) for minute in range(4)], make_candle(symbol="ETHUSDT", minute=1))
    minute_2 = datetime.fromtimestamp(OPEN_S + 120, UTC)

    recent = queries.recent_candles("BTCUSDT", "1m", 2)
    since = queries.candles_since(["BTCUSDT", "ETHUSDT"], "1m", minute_2)

    assert [int(candle.open_time.timestamp()) - OPEN_S for candle in recent] == [120, 180]
    assert [candle.symbol for candle in since] == ["BTCUSDT", "BTCUSDT"]
    assert queries.last_open_times(["BTCUSDT", "ETHUSDT", "NONE"], "1m")["ETHUSDT"].timestamp() == OPEN_S + 60


def test_the_universe_is_replaced_as_a_whole_and_remembers_its_settings() -> None:
    operations.set_universe(["BTCUSDT", "ETHUSDT"], "top 2")
    operations.set_universe(["ETHUSDT"], "top 1")

    assert queries.universe() == ["ETHUSDT"]
    assert queries.universe_settings() == {"top 1"}


def test_a_pair_told_of_twice_is_stored_once() -> None:
    stored = operations.upsert_instruments([make_instrument(), make_instrument(tick="0.1")])

    assert stored == 1
    assert Instrument.objects.get(symbol="BTCUSDT").price_tick == Decimal("0.1")


def test_a_pair_the_exchange_no_longer_lists_is_halted() -> None:
    halted = operations.halt_unlisted("USDT", ["BTCUSDT"])

    assert halted == 1
    assert Instrument.objects.get(symbol="ETHUSDT").status == "HALTED"
