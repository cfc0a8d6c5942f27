"""The REST screener's parts on a real database: history, gaps, holes, second readings, quotes, alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection
from prometheus_client import REGISTRY

from cdb_site.alerts.models import Alert
from cdb_site.bus import latest
from cdb_site.clock import from_seconds, iso
from cdb_site.health.server import report
from marketdata import operations
from marketdata.mexc.errors import Unavailable
from marketdata.mexc.rest import MexcRest
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from marketdata.screeners.rest import gap_filling as filling_module
from marketdata.screeners.rest.fallback import QuoteFallback
from marketdata.screeners.rest.gap_filling import OVERDUE_S, Filling
from marketdata.screeners.rest.rest_conditions import UNREACHABLE_S, RestGuard
from marketdata.screeners.rest.timekeeping import TimeKeeper
from tests.integration.marketdata.rest_rig import START_S, Rig, published, quick_attempts, stored
from tests.integration.marketdata.test_candles import make_instrument

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

BTC, ETH = "BTCUSDT", "ETHUSDT"


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    quick_attempts(monkeypatch)
    operations.upsert_instruments([make_instrument(), make_instrument(symbol=ETH)])
    made = Rig()
    yield made
    made.close_connections()


def push(*minutes: int, symbol: str = BTC, close: str = "100") -> None:
    """Candles of these minutes as the socket closed them."""
    numbers = [Decimal(text) for text in ("100", "120", "80", close, "5", "500")]
    candles = [ClosedCandle(symbol, START_S + 60 * minute, *numbers) for minute in minutes]
    operations.store_closed_candles("1m", candles, Candle.Source.WS, "ws")


def open_alerts() -> set[str]:
    return set(Alert.objects.exclude(state="CLOSED").values_list("code", flat=True))


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


# Quotes.


def book(symbol: str, bid: str, ask: str) -> dict[str, str]:
    return {"symbol": symbol, "bidPrice": bid, "bidQty": "1", "askPrice": ask, "askQty": "2"}


def socket_quote(rig: Rig, symbol: str, *, age_s: float, bid: str = "90") -> None:
    received_at = iso(from_seconds(rig.clock.wall_s() - age_s))
    quote = {"symbol": symbol, "bid": bid, "ask": "91", "last": "90.5", "change_24h": "0.01"}
    latest.store_quotes([quote | {"event_at": received_at, "received_at": received_at}])


def serve(rig: Rig, *ages: dict[str, float]) -> tuple[QuoteFallback, list[set[str]]]:
    """One look after another, with socket quotes of these ages before each; whom each look served."""

    async def scene(rest: MexcRest) -> tuple[QuoteFallback, list[set[str]]]:
        fallback = QuoteFallback(rig.clock, rest, rig.in_thread, lambda: [BTC, ETH])
        fallback.silence.watched = {BTC: 0.0, ETH: 0.0}
        served = []
        for look in ages:
            for symbol, age_s in look.items():
                socket_quote(rig, symbol, age_s=age_s)
            await fallback.turn()
            served.append(fallback.silence.served)
            rig.clock.elapsed_s += 3
        return fallback, served

    found: tuple[QuoteFallback, list[set[str]]] = rig.run(scene)
    return found


def test_silent_symbols_are_served_from_rest_until_their_socket_is_back(rig: Rig) -> None:
    rig.books = [book(BTC, "100", "101"), book(ETH, "10", "11")]

    _, served = serve(rig, {BTC: 8, ETH: 1}, {}, {BTC: 0, ETH: 0})

    assert served == [{BTC}, {BTC}, set()]
    assert latest.read_quotes()[ETH]["bid"] == "90"


def test_a_quote_from_rest_is_young_on_the_tick_and_keeps_the_figures_of_the_day(rig: Rig) -> None:
    rig.books = [book(BTC, "100.00999999", "101")]

    serve(rig, {BTC: 8})

    quote = latest.read_quotes()[BTC]
    assert (quote["bid"], quote["ask"], quote["last"], quote["change_24h"]) == ("100.01", "101", "100.5", "0.01")
    assert quote["received_at"] > iso(from_seconds(rig.clock.wall_s() - 3))
    assert quote["event_at"] == iso(from_seconds(rig.clock.now_s))


def test_a_quote_from_rest_never_replaces_one_received_after_rest_was_asked(rig: Rig) -> None:
    asked_at = rig.clock.wall_now()
    socket_quote(rig, BTC, age_s=-0.01)
    socket_quote(rig, ETH, age_s=5)
    ours = [{"symbol": symbol, "bid": "1", "received_at": iso(rig.clock.wall_now())} for symbol in (BTC, ETH)]

    sent = latest.store_quotes_over_older(ours, asked_at)

    assert [quote["symbol"] for quote in sent] == [ETH]
    assert latest.read_quotes()[BTC]["bid"] == "90"


def test_a_crossed_or_empty_book_is_not_served(rig: Rig) -> None:
    rig.books = [book(BTC, "101", "100"), book(ETH, "0", "0")]

    serve(rig, {BTC: 8, ETH: 8})

    assert {quote["bid"] for quote in latest.read_quotes().values()} == {"90"}


def test_a_book_below_one_tick_is_not_served_as_a_bid_of_nothing(rig: Rig) -> None:
    rig.books = [book(BTC, "0.004", "0.012"), book(ETH, "10", "11")]

    serve(rig, {BTC: 8, ETH: 8})

    assert {symbol: quote["bid"] for symbol, quote in latest.read_quotes().items()} == {BTC: "90", ETH: "10"}


# Alerts and health.


def guard_of(rig: Rig, rest: MexcRest, fallback: QuoteFallback, filling: Filling) -> RestGuard:
    return RestGuard(
        runtime=rig.runtime,
        rest=rest,
        time=TimeKeeper(rig.runtime, rest),
        filling=filling,
        silence=fallback.silence,
        in_thread=rig.in_thread,
    )


def test_alerts_are_raised_and_closed_with_their_conditions_and_by_a_fresh_process(rig: Rig) -> None:
    seen: list[set[str]] = []

    async def scene(rest: MexcRest) -> None:
        fallback = QuoteFallback(rig.clock, rest, rig.in_thread, lambda: [BTC, ETH])
        filling = Filling(rig.environment, rig.clock, rest, rig.in_thread)
        guard = guard_of(rig, rest, fallback, filling)

        async def look(of: RestGuard) -> None:
            await of.turn()
            seen.append(await asyncio.to_thread(_open_and_gone))

        rest.succeeded_at["/api/v3/time"] = rig.clock.elapsed_s
        guard.time.anchoring.skewed = False
        filling.settled = True
        fallback.silence.watched = {BTC: 0.0, ETH: 0.0}
        await look(guard)
        fallback.silence.served = {BTC, ETH}
        guard.time.anchoring.skewed = True
        filling.recent.seen({(BTC, START_S)}, rig.clock.elapsed_s)
        rig.clock.elapsed_s += max(UNREACHABLE_S, OVERDUE_S) + 1
        await look(guard)
        complaints = rig.runtime.progress.complaints
        begun = Filling(rig.environment, rig.clock, rest, rig.in_thread)
        fresh = guard_of(rig, rest, fallback, begun)
        rest.succeeded_at.clear()
        fallback.silence.served = set()
        await look(fresh)
        rest.succeeded_at["/api/v3/time"] = rig.clock.elapsed_s + 20
        rig.clock.elapsed_s += 20
        fresh.time.anchoring.skewed = False
        begun.settled = True
        await look(fresh)
        assert "has not answered for 31 s" in complaints[0]
        assert rig.runtime.progress.complaints == []

    rig.run(scene)

    everything = {"FEED_FALLBACK", "EXCHANGE_UNREACHABLE", "CLOCK_SKEW", "CANDLES_MISSING"}
    assert seen == [set(), everything, everything, set()]
    _, health = report(rig.runtime)
    assert (health["candles_missing"], health["quotes_from_rest"]) == (0, 0)
    assert list(health["answer_age_s"]) == ["/api/v3/time"]  # type: ignore[call-overload]


def _open_and_gone() -> set[str]:
    """In a thread that is not kept: its connection is closed at once."""
    try:
        return open_alerts()
    finally:
        connection.close()
