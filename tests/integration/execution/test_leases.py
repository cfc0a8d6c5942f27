"""Two execution processes for one account: what one is sending the other leaves alone, unless it stands still."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from cdb_site.clock import Clock
from execution import claims, gate
from execution.models import Fill, Order
from execution.order_gateway import Desk
from execution.venues.protocol import Report, Ticket
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order

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

    def cancel(self, client_order_ids: Sequence[str], reason: str) -> list[Report]:
        self.canceled += len(client_order_ids)
        reports: list[Report] = self.venue.cancel(client_order_ids, reason)
        return reports

    def query(self, client_order_ids: Sequence[str]) -> dict[str, Report]:
        known: dict[str, Report] = self.venue.query(client_order_ids)
        self.before_query()
        return known


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
