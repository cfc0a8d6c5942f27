"""What an instrument's rules were: a row for each change, found again by market time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cdb_site.clock import SYSTEM, Anchor
from marketdata import instrument_history, operations
from marketdata.mexc.rest import InstrumentInfo
from marketdata.models import Instrument, InstrumentRules
from tests.builders import plant_instrument

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_rules_are_found_by_the_market_time_at_which_they_held() -> None:
    plant_instrument()
    instrument_history.record(NOON)
    Instrument.objects.update(price_tick=Decimal("0.001"))
    instrument_history.record(NOON + MINUTE)
    Instrument.objects.update(taker_fee=Decimal("0.002"))
    instrument_history.record(NOON + 2 * MINUTE)

    then, later, now = (instrument_history.rules_at("AAAUSDT", NOON + n * MINUTE) for n in range(3))

    assert then and later and now
    assert then.price_tick != Decimal("0.001")
    assert (later.price_tick, later.taker_fee) == (Decimal("0.001"), then.taker_fee)
    assert now.taker_fee == Decimal("0.002")
    assert instrument_history.rules_at("AAAUSDT", NOON + 9 * MINUTE) == now


def test_before_the_first_row_and_of_a_stranger_nothing_is_known() -> None:
    plant_instrument()
    instrument_history.record(NOON)

    assert instrument_history.rules_at("AAAUSDT", NOON - MINUTE) is None
    assert instrument_history.rules_at("ZZZUSDT", NOON) is None


def test_a_period_has_what_was_in_force_at_its_beginning_and_each_change_within() -> None:
    plant_instrument()
    for minute, tick in enumerate(("0.1", "0.01", "0.001", "0.0001")):
        Instrument.objects.update(price_tick=Decimal(tick))
        instrument_history.record(NOON + minute * MINUTE)

    def ticks(since: int, until: int) -> list[str]:
        found = instrument_history.histories(["AAAUSDT", "ZZZUSDT"], NOON + since * MINUTE, NOON + until * MINUTE)
        assert set(found) == {"AAAUSDT"}
        return [f"{row.price_tick.normalize():f}" for row in found["AAAUSDT"]]

    assert ticks(1, 3) == ["0.01", "0.001"]
    assert ticks(1, 2) == ["0.01"]
    assert ticks(8, 9) == ["0.0001"]
    # Nothing is known of so early a time: the oldest row is the nearest.
    assert ticks(-9, 2) == ["0.1", "0.01"]
    assert ticks(-9, -8) == ["0.1"]


def test_of_two_rows_of_one_moment_the_last_is_in_force() -> None:
    plant_instrument()
    for tick in ("0.1", "0.01"):
        Instrument.objects.update(price_tick=Decimal(tick))
        instrument_history.record(NOON)

    (row,) = instrument_history.histories(["AAAUSDT"], NOON, NOON + MINUTE)["AAAUSDT"]

    assert row.price_tick == Decimal("0.01")


def test_what_has_not_changed_has_no_second_row() -> None:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")

    assert instrument_history.record(NOON) == 2
    assert instrument_history.record(NOON + MINUTE) == 0
    Instrument.objects.filter(symbol="BBBUSDT").update(status="HALTED")
    assert instrument_history.record(NOON + 2 * MINUTE) == 1


def info(tick: str) -> InstrumentInfo:
    return InstrumentInfo(
        symbol="AAAUSDT", base_asset="AAA", quote_asset="USDT", price_tick=Decimal(tick), quantity_step=Decimal(1),
        min_quantity=Decimal(1), min_notional=Decimal(1), taker_fee=None, trading=True, sides="BOTH",
    )  # fmt: skip


def test_every_writer_of_instruments_leaves_a_row_of_its_market_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SYSTEM, "anchor", Anchor(wall_s=SYSTEM.wall_s(), market_s=NOON.timestamp()))

    operations.upsert_instruments([info("1")])
    operations.upsert_instruments([info("1")])
    operations.upsert_instruments([info("0.1")])
    operations.halt(["AAAUSDT"])
    operations.refine_tick("AAAUSDT", Decimal("0.01"))
    operations.upsert_instruments([info("0.01")])
    operations.halt_unlisted("USDT", [])
    operations.halt(["AAAUSDT"])

    rows = list(InstrumentRules.objects.order_by("pk").values_list("price_tick", "status"))
    assert rows == [
        (Decimal("1"), "TRADING"), (Decimal("0.1"), "TRADING"), (Decimal("0.1"), "HALTED"),
        (Decimal("0.01"), "HALTED"), (Decimal("0.01"), "TRADING"), (Decimal("0.01"), "HALTED"),
    ]  # fmt: skip
    assert all(timedelta(0) <= row.market_at - NOON < MINUTE for row in InstrumentRules.objects.all())
