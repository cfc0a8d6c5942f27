"""By which rules of the instruments a period is played: as they were, by the record, and what is said where none is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from marketdata import instrument_history, queries
from marketdata.models import Instrument
from replay.instruments import RulesThen, rules_then
from tests.builders import plant_instrument

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def instruments() -> None:
    plant_instrument(symbol="AUSDT")


def then(hours: int = 3) -> RulesThen:
    return rules_then(queries.instruments(["AUSDT", "BUSDT"]), NOON, NOON + hours * HOUR)


def change(at: datetime, symbol: str = "AUSDT", **values: str) -> None:
    Instrument.objects.filter(symbol=symbol).update(**values)
    instrument_history.record(at)


def test_a_period_is_played_by_the_rules_of_its_beginning_not_by_todays() -> None:
    change(NOON - 9 * HOUR, price_tick="0.5")
    change(NOON - HOUR, price_tick="0.25", taker_fee="0.002")
    change(NOON + 9 * HOUR, price_tick="0.001")

    found = then()

    assert (found.rules["AUSDT"].price_tick, found.rules["AUSDT"].taker_fee) == (Decimal("0.25"), Decimal("0.002"))
    assert found.notes == ["1 instrument by its rules of 2026-03-01 12:00, as recorded: steps, smallest orders, fee."]


def test_what_changed_within_is_told_and_not_played() -> None:
    change(NOON - HOUR, price_tick="0.25")
    change(NOON + HOUR, price_tick="0.001", min_notional="5")
    change(NOON + 2 * HOUR, status="HALTED")

    found = then()

    assert found.rules["AUSDT"].price_tick == Decimal("0.25")
    assert found.notes[-1] == (
        "rules changed within, which is not played: AUSDT at 2026-03-01 13:00 price_tick 0.25 → 0.001, "
        "min_notional 1 → 5, AUSDT at 2026-03-01 14:00 status TRADING → HALTED."
    )


def test_rules_that_were_recorded_later_are_the_nearest_there_are() -> None:
    change(NOON + 9 * HOUR, price_tick="0.25")
    Instrument.objects.update(price_tick="0.001")

    found = then()

    assert {symbol: rules.price_tick for symbol, rules in found.rules.items()}["AUSDT"] == Decimal("0.25")
    assert found.notes == ["rules recorded only later are taken before that too: AUSDT from 2026-03-01 21:00."]


def test_a_symbol_without_a_history_says_so() -> None:
    change(NOON - HOUR, price_tick="0.25")
    plant_instrument(symbol="BUSDT", price_tick=Decimal("0.5"))

    found = then()

    assert found.rules["BUSDT"].price_tick == Decimal("0.5")
    assert found.notes == [
        "1 instrument by its rules of 2026-03-01 12:00, as recorded: steps, smallest orders, fee.",
        "no rules recorded; as the exchange has them today: BUSDT.",
    ]


def test_many_are_not_all_named() -> None:
    change(NOON - HOUR, price_tick="0.25")
    for hour in range(1, 9):
        change(NOON + hour * HOUR, taker_fee=f"0.00{hour}")

    assert then(9).notes[-1].endswith("taker_fee 0.004 → 0.005 and 3 more.")
