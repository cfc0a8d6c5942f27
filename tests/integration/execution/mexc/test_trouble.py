"""What a network and an exchange in trouble do to an order: it is placed once, and what nobody knows is asked for."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import generate_latest

from execution.venues.mexc.venue import MexcVenue
from execution.venues.protocol import Report, Ticket, VenueSilent
from tests.integration.execution.mexc.exchange_rig import KEY, SECRET, SYMBOL, ExchangeRig, Heard
from tests.integration.execution.mexc.front import Front, running_front

ORDER, TRADES = "/api/v3/order", "/api/v3/myTrades"


@pytest.fixture
def front(exchange: ExchangeRig) -> Iterator[Front]:
    with running_front(exchange.loop, exchange.site.url) as running:
        yield running
        exchange.close()


@pytest.fixture
def venue(exchange: ExchangeRig, front: Front) -> MexcVenue:
    return exchange.venue(url=front.url)


def claimed(ticket: Ticket, seconds_later: float) -> Ticket:
    assert ticket.claimed_at is not None
    return replace(ticket, claimed_at=ticket.claimed_at + timedelta(seconds=seconds_later))


def quantity_of(report: Report) -> Decimal:
    return sum((trade.quantity for trade in report.trades), Decimal(0))


UNANSWERED: list[dict[str, Any]] = [
    {"way": "no_answer"},
    {"way": "instead", "body": {"code": 500, "msg": "Internal error"}},
    {"way": "instead", "body": {"code": 31337, "msg": "?"}, "status": 400},
    {"way": "instead", "body": {"code": 31337, "msg": "?"}},
    {"way": "instead", "body": "<html>Bad Gateway</html>", "status": 502},
    {"way": "instead", "body": "no json"},
    {"way": "instead", "body": {"symbol": SYMBOL}},
    {"way": "instead", "body": [], "status": 200},
    {"way": "late", "seconds": 4},
]


@pytest.mark.parametrize("spoiled", UNANSWERED, ids=str)
def test_an_order_without_a_usable_answer_is_unknown_until_it_is_asked_for(
    exchange: ExchangeRig, front: Front, venue: MexcVenue, spoiled: dict[str, Any]
) -> None:
    ticket = exchange.ticket(quantity="1")
    front.spoil("POST", ORDER, **spoiled)

    assert venue.submit([ticket]) == [], "nobody knows"
    assert front.orders_heard() == 1, "an order is not sent twice"

    report = venue.query([ticket]).known[ticket.client_order_id]
    assert (quantity_of(report), report.open) == (1, False)
    assert len(exchange.placed(ticket.client_order_id)) == 1


def test_an_order_that_was_lost_on_its_way_is_absent_and_can_be_sent_again(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    ticket = claimed(exchange.ticket(quantity="1"), -2.5)
    front.spoil("POST", ORDER, "unheard")

    assert venue.submit([ticket]) == []
    assert venue.query([ticket]).absent == {ticket.client_order_id}
    assert venue.submit([ticket]) == [], "the first may still arrive"
    assert front.orders_heard() == 1

    time.sleep(1.7)
    [report] = exchange.venue(url=front.url).submit([claimed(ticket, 4.1)])
    assert quantity_of(report) == 1
    assert len(exchange.placed(ticket.client_order_id)) == 1


def test_the_stream_knows_what_the_answer_did_not_say(exchange: ExchangeRig, front: Front, venue: MexcVenue) -> None:
    Heard(venue)
    ticket = exchange.ticket(quantity="1")
    front.spoil("POST", ORDER, "no_answer")

    [report] = venue.submit([ticket])

    assert (quantity_of(report), report.open) == (1, False)


def test_an_answer_that_is_late_is_not_waited_for_when_the_stream_has_told_all(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    Heard(venue)
    front.spoil("POST", ORDER, "late", times=2, seconds=2)
    bought, resting = exchange.ticket(quantity="1"), exchange.priced("0.8", order_type="LIMIT")

    begun = time.monotonic()
    reports = {report.client_order_id: report for report in venue.submit([bought, resting])}

    assert time.monotonic() - begun < 1
    assert quantity_of(reports[bought.client_order_id]) == 1
    assert reports[resting.client_order_id].open
    time.sleep(2)
    assert front.orders_heard() == 2


@pytest.mark.parametrize(
    "spoiled",
    [
        {"way": "answer", "body": {"code": 429, "msg": "Too Many Requests"}, "status": 429},
        {"way": "answer", "body": {"code": 429, "msg": "Too Many Requests"}},
        {"way": "answer", "body": {"code": 700003, "msg": "Timestamp"}, "status": 400},
        {"way": "answer", "body": {"code": 10073, "msg": "Request-Time"}},
    ],
    ids=str,
)
def test_an_order_that_was_not_looked_at_is_sent_once_more(
    exchange: ExchangeRig, front: Front, venue: MexcVenue, spoiled: dict[str, Any]
) -> None:
    ticket = exchange.ticket(quantity="1")
    front.spoil("POST", ORDER, **spoiled)

    [report] = venue.submit([ticket])

    assert quantity_of(report) == 1
    assert front.orders_heard() == 2
    assert len(exchange.placed(ticket.client_order_id)) == 1


def test_an_exchange_that_always_has_too_much_to_do_leaves_it_unknown(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    ticket = exchange.ticket(quantity="1")
    front.spoil("POST", ORDER, "answer", times=9, status=429, body={"code": 429, "msg": "Too Many Requests"})

    assert venue.submit([ticket]) == []
    assert front.orders_heard() == 2


def test_nothing_is_sent_while_no_connection_can_be_made(exchange: ExchangeRig) -> None:
    nowhere = exchange.venue(url="http://127.0.0.1:9")
    ticket = exchange.ticket()

    begun = time.monotonic()
    assert nowhere.submit([ticket]) == []
    said = nowhere.query([ticket])

    assert (said.known, said.absent) == ({}, frozenset())
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("skew_s", [-8, 8])
def test_a_clock_that_is_off_is_read_again_and_the_order_goes(exchange: ExchangeRig, skew_s: int) -> None:
    venue = exchange.venue()
    exchange.fault("clock_skew", skew_s=skew_s)
    ticket = exchange.ticket(quantity="1")

    [report] = venue.submit([ticket])

    assert quantity_of(report) == 1
    assert abs(venue.account.rest().skew_ms - 1000 * skew_s) < 500


def test_a_question_is_repeated_through_5xx_and_429(exchange: ExchangeRig, front: Front, venue: MexcVenue) -> None:
    ticket = exchange.ticket(quantity="1")
    venue.submit([ticket])
    front.spoil("GET", ORDER, "answer", status=503, body={})
    front.spoil("GET", ORDER, "answer", status=429, body={})

    assert quantity_of(venue.query([ticket]).known[ticket.client_order_id]) == 1
    front.spoil("GET", ORDER, "answer", times=3, status=503, body={})
    said = venue.query([ticket])
    assert (said.known, said.absent) == ({}, frozenset()), "no answer is not a no"


@pytest.mark.parametrize("code", [500, 401, 31337, 22222, 30026, 700002])
def test_only_the_codes_of_an_unknown_order_make_it_absent(
    exchange: ExchangeRig, front: Front, venue: MexcVenue, code: int
) -> None:
    front.spoil("GET", ORDER, "answer", times=9, status=400, body={"code": code, "msg": "?"})

    assert venue.query([exchange.ticket()]).absent == frozenset()


def test_an_order_that_is_known_is_not_absent_because_the_exchange_forgot_it(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    ticket = exchange.priced("0.8", order_type="LIMIT")
    venue.submit([ticket])
    front.spoil("GET", ORDER, "answer", times=9, status=400, body={"code": -2011, "msg": "Unknown order"})

    said = venue.query([ticket])

    assert said.absent == frozenset()
    assert said.known[ticket.client_order_id].open


def test_trades_that_the_list_does_not_show_yet_are_asked_for_again(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    ticket = exchange.ticket(quantity="1")
    front.spoil("GET", TRADES, "instead", times=2, change=lambda body: body[1:])

    [report] = venue.submit([ticket])

    assert (quantity_of(report), report.open) == (1, False)


def test_an_order_whose_trades_stay_away_is_open_and_not_at_its_end(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    ticket = exchange.ticket(quantity="1")
    front.spoil("GET", TRADES, "instead", times=99, change=lambda body: body[1:])

    [report] = venue.submit([ticket])
    assert (quantity_of(report), report.open) == (0, True)

    front.spoilings.clear()
    assert quantity_of(venue.query([ticket]).known[ticket.client_order_id]) == 1


def test_a_malformed_trade_is_no_answer(exchange: ExchangeRig, front: Front, venue: MexcVenue) -> None:
    ticket = exchange.ticket(quantity="1")
    venue.submit([ticket])
    front.spoil("GET", TRADES, "instead", times=9, change=lambda body: [body[0] | {"price": "NaN"}, *body[1:]])

    stranger = exchange.venue(url=front.url)

    assert stranger.query([ticket]).known == {}
    assert stranger.query([ticket]).absent == frozenset()


def test_a_cancel_without_an_answer_is_repeated_and_keeps_its_reason(
    exchange: ExchangeRig, front: Front, venue: MexcVenue
) -> None:
    ticket = exchange.priced("0.8", order_type="LIMIT")
    venue.submit([ticket])
    front.spoil("DELETE", ORDER, "no_answer", times=2)

    report = venue.cancel([ticket], "ORDER_DEADLINE_PASSED").known[ticket.client_order_id]

    assert (report.canceled, report.open) == ("ORDER_DEADLINE_PASSED", False)


@pytest.mark.parametrize("kind", ["duplicates", "reordering"])
def test_pushes_that_come_twice_or_late_change_nothing(exchange: ExchangeRig, kind: str) -> None:
    venue = exchange.venue()
    heard = Heard(venue)
    exchange.fault(kind, share=1, ms=150)
    tickets = [exchange.ticket(quantity="1") for _ in range(5)]

    reports = venue.submit(tickets)
    time.sleep(0.6)

    assert [quantity_of(report) for report in reports if not report.open] == [1] * 5
    for ticket in tickets:
        trades = [trade.trade_id for report in heard.reports.get(ticket.client_order_id, ()) for trade in report.trades]
        assert len(set(trades)) <= len(exchange.placed(ticket.client_order_id))


@contextmanager
def problems_told(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Everything that is logged and raised within, chains of exceptions included."""
    told: list[str] = []
    caplog.set_level(logging.DEBUG)
    yield told
    told.append(caplog.text)
    told += [str(vars(record)) for record in caplog.records]
    told.append(generate_latest().decode())


def test_keys_and_signatures_stand_in_no_log_exception_or_metric(
    exchange: ExchangeRig, front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    echo = {"code": 31337, "msg": f"you sent {KEY} and {SECRET}"}
    spoilings = [
        {"way": "unheard"}, {"way": "answer", "body": echo, "status": 400}, {"way": "answer", "body": echo},
        {"way": "answer", "status": 503, "body": echo}, {"way": "answer", "body": {"code": 700003, "msg": KEY}},
    ]  # fmt: skip
    with problems_told(caplog) as told:
        venue = exchange.venue(url=front.url)
        heard = Heard(venue)
        for spoiled in spoilings:
            for method, path in (("POST", ORDER), ("GET", ORDER), ("DELETE", ORDER), ("GET", "/api/v3/account")):
                front.spoil(method, path, times=9, **spoiled)
            ticket = exchange.ticket(quantity="1")
            venue.submit([ticket])
            venue.query([ticket])
            venue.cancel([ticket], "CANCEL_REQUESTED")
            try:
                venue.records([], ticket.claimed_at)
            except VenueSilent as problem:
                told += traceback.format_exception(problem)
            front.spoilings.clear()
        exchange.fault("refuse", drop=1, seconds=1)
        time.sleep(2.5)
        told += [repr(venue), repr(vars(venue)), repr(vars(venue.account)), repr(vars(venue.account.rest()))]
        told += [repr(venue._stream), repr(heard.reports)]

    secrets = {KEY, SECRET, venue._stream._listen_key if venue._stream else ""}
    secrets |= {text.rpartition("signature=")[2] for text in front.sent if "signature=" in text}
    assert len(secrets) > 20
    assert all(secrets)
    everything = "\n".join(told)
    assert "DELETE /api/v3/order" in everything, "something was told at all"
    assert [everything.partition(secret)[0][-200:] for secret in secrets if secret in everything] == []
