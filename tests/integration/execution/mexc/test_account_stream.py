"""The account's stream: begun, lost and begun again, its key replaced, its socket renewed; each time it says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from execution.venues.mexc.hearing import Hearing
from execution.venues.mexc.stream import AccountStream
from execution.venues.mexc.venue import MexcVenue
from execution.venues.protocol import Report
from mexc_sim.server.user_streams import KEYS_MAX
from tests.integration.execution.mexc.exchange_rig import ExchangeRig, Heard, eventually
from tests.integration.execution.mexc.front import Front, running_front

LISTEN = "/api/v3/userDataStream"


@pytest.fixture
def front(exchange: ExchangeRig) -> Iterator[Front]:
    with running_front(exchange.loop, exchange.site.url) as running:
        yield running
        exchange.close()


def key_of(venue: MexcVenue) -> str:
    assert venue._stream is not None
    return venue._stream._listen_key


def test_a_stream_says_that_it_begins_and_after_every_loss_again(exchange: ExchangeRig) -> None:
    venue = exchange.venue()
    heard = Heard(venue)
    eventually(lambda: heard.connections == 1)

    for count in (2, 3):
        exchange.fault("disconnect")
        eventually(lambda wanted=count: heard.connections >= wanted)

    eventually(lambda: venue.connected)
    ticket = exchange.priced("0.8", order_type="LIMIT")
    venue.submit([ticket])
    exchange.venue().cancel([ticket], "CANCEL_REQUESTED")
    eventually(lambda: (last := heard.last(ticket.client_order_id)) and not last.open)


def test_a_key_that_the_exchange_does_not_know_any_more_is_replaced(exchange: ExchangeRig) -> None:
    venue = exchange.venue()
    heard = Heard(venue)
    former = key_of(venue)

    other = exchange.client()
    exchange.ends(other.close)
    other.run(other.rest().end_listen_key(former))

    eventually(lambda: key_of(venue) != former and venue.connected)
    eventually(lambda: heard.connections >= 2)


def test_a_key_is_extended_again_and_again_and_ended_with_the_venue(exchange: ExchangeRig, front: Front) -> None:
    venue = exchange.venue(url=front.url)
    Heard(venue)
    assert venue._stream is not None
    venue._stream.extend_every_s = 0.1
    exchange.fault("disconnect")
    eventually(lambda: front.heard[f"PUT {LISTEN}"] >= 3)

    venue.close()

    assert front.heard[f"POST {LISTEN}"] == 1
    assert front.heard[f"DELETE {LISTEN}"] == 1


def test_where_killed_workers_left_all_keys_there_may_be_one_of_those_is_used_until_its_owner_ends_it(
    exchange: ExchangeRig, front: Front
) -> None:
    other = exchange.client()
    exchange.ends(other.close)
    left = set(other.run(other.rest().listen_keys()))
    left |= {other.run(other.rest().new_listen_key()) for _ in range(KEYS_MAX - len(left))}
    venue, second = exchange.venue(url=front.url), exchange.venue()

    heard, as_well = Heard(venue), Heard(second)

    eventually(lambda: heard.connections == as_well.connections == 1)
    used = key_of(venue)
    assert {used, key_of(second)} <= left
    second.close()
    assert set(other.run(other.rest().listen_keys())) == left, "it may be somebody else's"

    for key in left:
        other.run(other.rest().end_listen_key(key))

    eventually(lambda: key_of(venue) != used and venue.connected)
    eventually(lambda: heard.connections >= 2)
    venue.close()
    assert front.heard[f"DELETE {LISTEN}"] == 1, "one that was given to us is ended"


def test_a_stream_begins_when_the_exchange_gives_no_key_at_first(exchange: ExchangeRig, front: Front) -> None:
    front.spoil("POST", LISTEN, "answer", times=7, status=503, body={})
    front.spoil("POST", LISTEN, "answer", body={"listenKey": None})
    venue = exchange.venue(url=front.url)

    heard = Heard(venue)

    eventually(lambda: heard.connections == 1)


def test_a_socket_is_renewed_beside_the_old_one_and_nothing_is_missed(
    exchange: ExchangeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(AccountStream.__init__.__kwdefaults__, "lifetime_s", 0.8)
    venue, tickets = exchange.venue(), []
    heard, other = Heard(venue), exchange.venue()

    while heard.connections < 4:
        tickets.append(exchange.priced("0.8", order_type="LIMIT"))
        venue.submit(tickets[-1:])
        other.cancel(tickets[-1:], "CANCEL_REQUESTED")
        assert len(tickets) < 5_000

    eventually(lambda: all((last := heard.last(one.client_order_id)) and not last.open for one in tickets))
    assert venue._stream is not None and venue._stream._connection is not None
    assert venue._stream._connection.reconnects == 0


def test_a_venue_is_listened_to_once(exchange: ExchangeRig) -> None:
    venue = exchange.venue()
    Heard(venue)

    with pytest.raises(RuntimeError):
        venue.listen(lambda _: None, lambda: None)


def test_a_report_that_could_not_be_booked_is_told_again_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("execution.venues.mexc.hearing.PAUSE_S", 0.01)
    told: list[str] = []

    def book(reports: Sequence[Report]) -> None:
        told.extend(report.client_order_id for report in reports)
        if any(report.client_order_id == "bad" for report in reports) or told.count("good") < 2:
            raise RuntimeError("no")

    hearing = Hearing(book, lambda: None)
    for name in ("good", "bad", "good"):
        hearing.tell(Report(client_order_id=name))
    eventually(lambda: told.count("bad") >= 3 and told.count("good") >= 2)
    hearing.tell(Report(client_order_id="later"))
    eventually(lambda: "later" in told)
    hearing.stop()

    assert told.count("bad") <= 3


def test_that_the_stream_began_is_told_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("execution.venues.mexc.hearing.PAUSE_S", 0.01)
    calls, told = [], []

    def reconcile() -> None:
        calls.append(1)
        if len(calls) < 6:
            raise RuntimeError("the database is away")

    hearing = Hearing(told.extend, reconcile)
    hearing.connected()
    hearing.tell(Report(client_order_id="a"))
    eventually(lambda: len(calls) == 6 and told)
    time.sleep(0.1)
    hearing.stop()

    assert len(calls) == 6


def test_what_waits_is_one_report_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    free, told = threading.Event(), []

    def book(reports: Sequence[Report]) -> None:
        free.wait(5)
        told.append([report.venue_order_id for report in reports])

    hearing = Hearing(book, lambda: None)
    hearing.tell(Report(client_order_id="first"))
    time.sleep(0.1)
    for number in range(1000):
        hearing.tell(Report(client_order_id="a", venue_order_id=str(number)))
    free.set()
    eventually(lambda: len(told) == 2)
    hearing.stop()

    assert told[1] == ["999"]
