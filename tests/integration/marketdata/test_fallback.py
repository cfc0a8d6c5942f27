"""Symbols whose socket is silent are served with quotes from REST, until it is back."""

from __future__ import annotations

import pytest

from cdb_site.bus import latest
from cdb_site.clock import from_seconds, iso
from marketdata.mexc.rest import MexcRest
from marketdata.screeners.rest.fallback import QuoteFallback
from tests.integration.marketdata.rest_rig import BTC, ETH, Rig

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


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
