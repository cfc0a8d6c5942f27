"""The history of the universe: whole for 30 days, and for ever who was chosen when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from marketdata import operations, queries
from marketdata.models import UniverseChoice, UniverseEntry
from marketdata.universe import store
from marketdata.universe.rules import Place
from tests.integration.marketdata.test_candles import make_instrument

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")


@pytest.fixture(autouse=True)
def instruments() -> Iterator[None]:
    operations.upsert_instruments([make_instrument(symbol=symbol) for symbol in SYMBOLS])
    yield


def choose(at: datetime, chosen: str, *, held: str = "") -> None:
    """Choose by letters: `AB` are AUSDT and BUSDT."""
    places = [
        Place(
            symbol=symbol,
            rank=rank,
            quote_volume_24h=Decimal(100 - rank),
            spread_bps=Decimal(1),
            chosen=symbol[0] in chosen,
            held=symbol[0] in held,
            excluded="" if symbol[0] in chosen else "RANK",
        )
        for rank, symbol in enumerate(SYMBOLS, 1)
    ]
    store.store_choice(places, key="k", settings="s", chosen_at=at)


def hours(count: int) -> timedelta:
    return timedelta(hours=count)


def kept() -> list[tuple[int, str]]:
    """Hours since NOW, and the letters of who was chosen."""
    found = queries.choices_of_universe(NOW - hours(1), NOW + timedelta(days=400))
    return [((at - NOW) // hours(1), "".join(symbol[0] for symbol in chosen)) for at, chosen in found]


def test_within_30_days_every_choice_is_kept_whole() -> None:
    for hour in range(4):
        choose(NOW + hours(hour), "AB")

    assert kept() == [(0, "AB"), (1, "AB"), (2, "AB"), (3, "AB")]
    assert UniverseEntry.objects.count() == 12


def test_after_that_changes_are_kept_and_repetitions_are_not() -> None:
    for hour, chosen in enumerate(["AB", "AB", "AC", "AC", "AB", "AB"]):
        choose(NOW + hours(hour), chosen, held="B")

    choose(NOW + timedelta(days=30, hours=6), "AB")

    assert kept() == [(0, "AB"), (2, "AC"), (4, "AB"), (726, "AB")]
    thinned = UniverseEntry.objects.filter(choice__chosen_at__lt=NOW + hours(6))
    assert set(thinned.filter(chosen=False).values_list("symbol", flat=True)) == {"BUSDT"}
    assert UniverseEntry.objects.filter(choice__chosen_at__gte=NOW + hours(6)).count() == 3


def test_who_was_chosen_at_any_moment_does_not_change_by_thinning() -> None:
    pattern = ["AB", "AB", "A", "", "", "A", "ABC", "ABC", "BC"]
    for hour, chosen in enumerate(pattern):
        choose(NOW + hours(hour), chosen)

    for later in range(12):
        choose(NOW + timedelta(days=30, hours=later), "A")
        history = kept()
        at_each_hour = [[chosen for at, chosen in history if at <= hour][-1] for hour in range(len(pattern))]
        assert at_each_hour == pattern


def test_the_newest_choice_of_before_comes_first() -> None:
    for hour, chosen in enumerate(["A", "B", "C"]):
        choose(NOW + hours(hour), chosen)

    found = queries.choices_of_universe(NOW + hours(1) + timedelta(minutes=5), NOW + hours(2) + timedelta(seconds=1))

    assert [chosen for _, chosen in found] == [["BUSDT"], ["CUSDT"]]
    assert queries.choices_of_universe(NOW - hours(9), NOW - hours(1)) == []
    assert len(queries.choices_of_universe(NOW - hours(9), NOW + hours(1))) == 1


def test_a_clock_that_stood_for_long_leaves_what_it_missed() -> None:
    for hour in range(3):
        choose(NOW + hours(hour), "AB")

    choose(NOW + timedelta(days=300), "AB")

    assert UniverseChoice.objects.count() == 4
