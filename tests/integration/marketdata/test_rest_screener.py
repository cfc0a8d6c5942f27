"""The REST screener's parts on a real database: history, gaps, holes, second readings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from prometheus_client import REGISTRY

from cdb_site.clock import from_seconds
from marketdata import operations
from marketdata.mexc.errors import Unavailable
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from marketdata.screeners.rest import gap_filling as filling_module
from marketdata.screeners.rest.gap_filling import OVERDUE_S
from tests.integration.marketdata.rest_rig import BTC, ETH, START_S, Rig, published, stored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def push(*minutes: int, symbol: str = BTC, close: str = "100") -> None:
    """Candles of these minutes as the socket closed them."""
    numbers = [Decimal(text) for text in ("100", "120", "80", close, "5", "500")]
    candles = [ClosedCandle(symbol, START_S + 60 * minute, *numbers) for minute in minutes]
    operations.store_closed_candles("1m", candles, Candle.Source.WS, "ws")


# History, gaps, holes.


def test_a_first_start_stores_history_and_tells_nobody(rig: Rig) -> None:
    rig.fill(None, [BTC, ETH], 0.2)

    assert list(stored(BTC)) == list(stored(ETH)) == list(range(-10, 0))
    assert published(BTC) == []


def test_after_a_restart_everything_missed_is_stored_and_told(rig: Rig) -> None:
    rig.fill(None, [BTC], 0.2)

    rig.fill(None, [BTC], 80.2)

    assert list(stored(BTC)) == list(range(-10, 80))
    assert published(BTC) == list(range(80))


def test_a_hole_older_than_the_recent_window_is_found_filled_and_told(rig: Rig) -> None:
    rig.fill(None, [BTC], 0.2)
    push(*range(20), *range(25, 200))

    rig.fill(None, [BTC], 200.2)

    assert list(stored(BTC)) == list(range(-10, 200))
    assert published(BTC) == list(range(200))


def test_a_hole_that_came_about_while_running_is_found_by_the_next_deep_look(rig: Rig) -> None:
    filling = rig.fill(None, [BTC], 0.2)
    push(*range(100))
    rig.fill(filling, [BTC], 100.2)
    Candle.objects.filter(open_time=from_seconds(START_S + 60 * 7)).delete()

    rig.fill(filling, [BTC], 100.3)
    too_early = 7 in stored(BTC)
    rig.fill(filling, [BTC], 100.3 + filling_module.DEEP_EVERY_S / 60)

    assert not too_early
    assert 7 in stored(BTC)


def test_a_fetch_that_failed_leaves_a_gap_that_is_filled_later_and_others_are_stored_meanwhile(rig: Rig) -> None:
    filling = rig.fill(None, [BTC, ETH], 0.2)
    rig.broken = {ETH}

    with pytest.raises(Unavailable):
        rig.fill(filling, [BTC, ETH], 3.2)
    meanwhile = list(stored(BTC)), list(stored(ETH))
    rig.broken = set()
    rig.fill(filling, [BTC, ETH], 3.3)

    assert meanwhile == (list(range(-10, 3)), list(range(-10, 0)))
    assert list(stored(ETH)) == list(range(-10, 3))
    assert published(ETH) == [0, 1, 2]


def test_a_symbol_that_joins_gets_its_history_and_one_that_is_refused_stops_nobody(rig: Rig) -> None:
    rig.refused = {ETH}
    filling = rig.fill(None, [BTC, ETH], 0.2)
    before = len(rig.asked)
    rig.fill(filling, [BTC, ETH], 0.3)
    unasked = len(rig.asked) - before
    rig.refused = set()

    rig.fill(filling, [BTC, ETH], 1.2)

    assert unasked == 0
    assert list(stored(BTC)) == list(range(-10, 1))
    assert stored(ETH) == dict.fromkeys(range(-9, 1), "BACKFILL")
    assert published(ETH) == []


def test_a_market_that_was_replaced_has_its_history_fetched_again(rig: Rig) -> None:
    filling = rig.fill(None, [BTC], 0.2)
    rig.close = "111"

    filling.begin_anew([BTC])
    rig.fill(filling, [BTC], 0.3)

    assert set(Candle.objects.values_list("close", flat=True)) == {Decimal(111)}
    assert published(BTC) == []


def test_scattered_gaps_of_a_symbol_cost_one_request(rig: Rig) -> None:
    filling = rig.fill(None, [BTC], 0.2)
    push(*range(1, 40, 2))
    rig.asked.clear()

    rig.fill(filling, [BTC], 40.2)

    assert rig.asked == [(BTC, 0, 38)]
    assert list(stored(BTC)) == list(range(-10, 40))


def test_a_candle_the_exchange_lacks_is_asked_for_again_alerted_and_stored_when_it_appears(rig: Rig) -> None:
    rig.lacking = {(BTC, 1)}
    filling = rig.fill(None, [BTC], 0.2)
    push(0, 2)
    rig.fill(filling, [BTC], 3.1, 3.12, 3.2)
    asked = rig.asked.count((BTC, 1, 1))
    early = filling.overdue()

    rig.clock.to_minute(3.1 + (OVERDUE_S + 1) / 60)
    late, missing = filling.overdue(), filling.missing()
    rig.lacking = set()
    rig.fill(filling, [BTC], 4.2)

    assert asked == 2
    assert (early, late, missing) == ([], [BTC], 1)
    assert filling.overdue() == [] and filling.missing() == 0
    assert published(BTC) == [0, 1, 2, 3]


# Second readings.


def test_a_candle_the_socket_told_wrong_is_corrected_flagged_and_counted(rig: Rig) -> None:
    rig.fill(None, [BTC], 0.2)
    push(0, 1, 3)
    push(2, close="99")
    before = REGISTRY.get_sample_value("cdb_candles_revised_total") or 0.0

    rig.verify(None, [BTC], 5.2)

    wrong = Candle.objects.get(open_time=from_seconds(START_S + 120))
    assert (wrong.close, wrong.revised, wrong.source) == (Decimal(100), True, "REST")
    assert Candle.objects.filter(revised=True).count() == 1
    assert REGISTRY.get_sample_value("cdb_candles_revised_total") == before + 1
    assert published(BTC) == [0, 1, 2, 3]


def test_a_second_reading_adds_nothing_because_what_is_missing_is_a_gap(rig: Rig) -> None:
    push(3)

    rig.verify(None, [BTC], 5.2)

    assert list(stored(BTC)) == [3]


def test_after_a_restart_the_second_reading_goes_on_where_it_was(rig: Rig) -> None:
    rig.fill(None, [BTC], 0.2)
    rig.verify(None, [BTC], 0.3)
    push(*range(40))
    rig.asked.clear()

    rig.verify(None, [BTC], 40.2)

    assert rig.asked == [(BTC, -10, 39)]


def test_a_reading_nobody_answered_is_repeated(rig: Rig) -> None:
    push(*range(5))
    verifier = rig.verify(None, [BTC], 5.2)
    push(5, close="99")
    push(*range(6, 20))
    rig.broken = {BTC}
    for minute in (11.2, 17.2):
        with pytest.raises(Unavailable):
            rig.verify(verifier, [BTC], minute)
    rig.broken = set()

    rig.verify(verifier, [BTC], 23.2)

    assert set(Candle.objects.values_list("close", flat=True)) == {Decimal(100)}
