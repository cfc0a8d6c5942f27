"""Two execution processes for one account: what one is sending the other leaves alone, unless it stands still."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from cdb_site.clock import Clock
from execution import booking, claims, gate
from execution.models import Fill, Order
from execution.order_gateway import Desk, ticket_of
from execution.venues.protocol import Report, Ticket, VenueAnswers
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order
from tests.flow.looking import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
WAIT_S = 20.0


class SlowVenue:
    """A venue that takes its time with every order, and counts what it is asked."""

    name = "SLOW"

    def __init__(self, venue: Any) -> None:
        self.venue = venue
        self.sent = self.canceled = 0
        self.arrived, self.released = threading.Event(), threading.Event()
        self.before_query = lambda: None

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        self.sent += len(tickets)
        self.arrived.set()
        assert self.released.wait(WAIT_S)
        reports: list[Report] = self.venue.submit(tickets)
        return reports

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        self.canceled += len(tickets)
        answers: VenueAnswers = self.venue.cancel(tickets, reason)
        return answers

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        answers: VenueAnswers = self.venue.query(tickets)
        self.before_query()
        return answers


def process(folder: Path) -> tuple[Desk, SlowVenue]:
    """The desk of a process of its own, at the same venue."""
    desk = make_desk(folder=folder)
    venue = SlowVenue(desk.venue)
    desk.venue = venue
    return desk, venue


def in_thread(pool: ThreadPoolExecutor, work: Any, *arguments: Any) -> Future[int]:
    def run() -> int:
        try:
            done: int = work(*arguments)
            return done
        finally:
            connections.close_all()

    return pool.submit(run)


@contextmanager
def sending(desk: Desk, venue: SlowVenue, order_id: str) -> Iterator[None]:
    """In this block the desk waits for the venue's answer to the order, for longer than a lease."""
    with ThreadPoolExecutor(1) as pool:
        done = in_thread(pool, desk.execute, [order_id])
        assert venue.arrived.wait(WAIT_S)
        time_passes()
        try:
            yield
        finally:
            venue.released.set()
        done.result(WAIT_S)


def time_passes() -> None:
    connection.cursor().execute(
        """UPDATE "order" SET claimed_at = claimed_at - interval '1 minute', leased_at = leased_at
             - interval '1 minute'"""
    )


@pytest.fixture(autouse=True)
def _account() -> None:
    plant_instrument()
    open_paper_account()


@pytest.mark.parametrize(("renewed", "sent_by_the_other"), [(True, 0), (False, 1)], ids=["living", "standing still"])
def test_what_a_living_process_is_sending_is_not_sent_by_another(
    tmp_path: Path, renewed: bool, sent_by_the_other: int
) -> None:
    (first, slow), (second, venue) = process(tmp_path), process(tmp_path)
    venue.released.set()
    order = plant_order()

    with sending(first, slow, order.order_id):
        if renewed:
            first.renew_leases()
        second.recover()

    assert (slow.sent, venue.sent) == (1, sent_by_the_other)
    assert (Order.objects.get().state, Fill.objects.count()) == ("FILLED", 1), "the same answer, booked once"


def test_what_a_living_process_is_sending_is_not_canceled_by_another_after_a_halt(tmp_path: Path) -> None:
    (first, slow), (second, venue) = process(tmp_path), process(tmp_path)
    order = plant_order()

    with sending(first, slow, order.order_id):
        first.renew_leases()
        gate.halt(PAPER, by="test", reason="while an order is on its way")
        second.recover()

    assert venue.canceled == 0
    assert Order.objects.get().state == "FILLED", "the venue traded, so it must be booked"


def renew(desk: Desk, order_ids: Sequence[str]) -> int:
    return desk.renew_leases()


def claim_again(desk: Desk, order_ids: Sequence[str]) -> int:
    return len(claims.claim_again(PAPER, order_ids)[0])


@pytest.mark.parametrize("other", [renew, claim_again])
def test_orders_that_are_booked_and_looked_after_at_once_are_locked_in_one_order(tmp_path: Path, other: Any) -> None:
    desk = make_desk(folder=tmp_path)
    with transaction.atomic():
        ids = [plant_order(decision_id=UUID(int=number)).order_id for number in (1, 2, 3)]
    claimed = {str(order.order_id): order for order in claims.claim(PAPER, ids, clock=CLOCK, causes={})}
    sent = [claimed[order_id] for order_id in reversed(ids)]
    reports = {str(order.order_id): desk.venue.submit([ticket_of(order, CLOCK.market_now())])[0] for order in sent}

    with ThreadPoolExecutor(2) as pool, desk._sending(ids), transaction.atomic():
        Order.objects.select_for_update().get(pk=ids[1])
        booked = in_thread(pool, lambda: booking.record(PAPER, reports, clock=CLOCK, causes={}, sent=sent))
        wait_until(lambda: waiting() == 1, "the booking, which meets the order in the middle")
        looked_after = in_thread(pool, other, desk, ids)
        wait_until(lambda: waiting() == 2 or looked_after.done(), "whoever looks after the same orders")

    assert (booked.result(WAIT_S), looked_after.exception(WAIT_S)) == (3, None)


def waiting() -> int:
    """How many transactions wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def test_an_order_that_two_processes_find_lost_is_sent_by_one(tmp_path: Path) -> None:
    rivals = [process(tmp_path) for _ in range(2)]
    order = plant_order()
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    time_passes()
    both_asked = threading.Barrier(2)

    with ThreadPoolExecutor(2) as pool:
        for _, venue in rivals:
            venue.released.set()
            venue.before_query = lambda: both_asked.wait(WAIT_S) and None
        fills = [done.result(WAIT_S) for done in [in_thread(pool, desk.recover) for desk, _ in rivals]]

    assert (sorted(fills), sum(venue.sent for _, venue in rivals)) == ([0, 1], 1)


def test_a_process_that_recovers_an_order_holds_it_as_one_that_claims_it(tmp_path: Path) -> None:
    (first, slow), (second, venue) = process(tmp_path), process(tmp_path)
    venue.released.set()
    order = plant_order()
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    time_passes()

    with ThreadPoolExecutor(1) as pool:
        done = in_thread(pool, first.recover)
        assert slow.arrived.wait(WAIT_S)
        time_passes()
        first.renew_leases()
        second.recover()
        slow.released.set()
        assert done.result(WAIT_S) == 1

    assert (slow.sent, venue.sent) == (1, 0)


def test_what_has_ended_is_not_held_any_more(tmp_path: Path) -> None:
    desk, venue = process(tmp_path)
    venue.released.set()
    desk.execute([plant_order().order_id])

    assert desk.renew_leases() == 0
    assert Order.objects.get().leased_at is None
