"""Positions kept in memory are those of the database, whoever booked last; and what was sent is not read again."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from cdb_site import db
from cdb_site.clock import Clock
from execution import booking, claims, queries, rebuild
from execution.known_positions import KnownAccount, KnownPositions, known_positions
from execution.models import Fill, Order, Position, QuarantinedAnswer
from execution.order_gateway import Desk, ticket_of
from execution.rules.orders import LiveOrder
from execution.venues.protocol import Report
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
RACERS = 4


@pytest.fixture
def desk(valkey: Any, tmp_path: Path) -> Desk:
    for symbol in ("AAAUSDT", "BBBUSDT"):
        plant_instrument(symbol=symbol)
    open_paper_account()
    return make_desk(folder=tmp_path)


def held(known: KnownPositions) -> dict[str, Decimal]:
    return {symbol: row.quantity for symbol, row in known.of(queries.account(PAPER)).items()}


def stored() -> dict[str, Decimal]:
    return {row.symbol: row.quantity for row in Position.objects.all()}


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that were sent, one by one or together."""
    seen: list[str] = []
    run = db._run

    def heard(statement: str, parameters: Any) -> Any:
        seen.append(statement)
        return run(statement, parameters)

    monkeypatch.setattr(db, "_run", heard)
    return seen


def claimed(desk: Desk) -> tuple[list[LiveOrder], dict[str, Report]]:
    """An order at the venue's door, and what the venue answers."""
    order = plant_order()
    orders = claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    [report] = desk.venue.submit([ticket_of(row, CLOCK.market_now()) for row in orders])
    return orders, {order.order_id: report}


def test_what_was_booked_here_is_known_without_reading(desk: Desk, readings: list[str]) -> None:
    trade(desk, "buy 2 @ 100")
    readings.clear()
    trade(desk, "buy 3 @ 100")
    trade(desk, "sell 1 @ 100")

    assert [statement for statement in readings if "FROM position" in statement] == []
    assert held(known_positions(PAPER)) == stored() == {"AAAUSDT": Decimal(4)}


def test_what_another_process_booked_is_read(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    elsewhere = KnownPositions()
    before = held(elsewhere)
    trade(desk, "buy 3 @ 100")

    assert (before, held(elsewhere)) == ({"AAAUSDT": Decimal(2)}, {"AAAUSDT": Decimal(5)})


def test_what_a_rebuild_set_right_is_read(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    Position.objects.update(quantity=7)
    connection.cursor().execute("UPDATE account SET version = version + 1")
    wrong = held(known_positions(PAPER))

    rebuild.write(PAPER)

    assert (wrong, held(known_positions(PAPER))) == ({"AAAUSDT": Decimal(7)}, {"AAAUSDT": Decimal(2)})


def test_a_booking_that_is_rolled_back_leaves_nothing_known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    trade(desk, "buy 2 @ 100")
    orders, reports = claimed(desk)
    monkeypatch.setattr(booking, "_tell_of_rejection", lambda order: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        booking.record_together(PAPER, reports, clock=CLOCK, causes={}, sent=orders)

    assert held(known_positions(PAPER)) == stored() == {"AAAUSDT": Decimal(2)}


def test_an_order_that_stands_as_it_was_sent_is_booked_without_reading(desk: Desk, readings: list[str]) -> None:
    trade(desk, "buy 2 @ 100")
    orders, reports = claimed(desk)
    readings.clear()

    assert booking.record(PAPER, reports, clock=CLOCK, causes={}, sent=orders) == 1

    assert {queries.ACCOUNT_LOCKED, queries.ORDERS_LOCKED, queries.POSITIONS}.isdisjoint(readings)
    assert stored() == {"AAAUSDT": Decimal(3)}
    assert set(Order.objects.values_list("state", flat=True)) == {"FILLED"}


def test_what_is_sold_here_after_another_process_bought_it_is_booked(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    known_positions(PAPER)._known = KnownAccount(queries.account(PAPER).opened_at, 0, {})
    order = plant_order(side="SELL", quantity="2")
    orders = claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    [report] = desk.venue.submit([ticket_of(row, CLOCK.market_now()) for row in orders])

    assert booking.record(PAPER, {order.order_id: report}, clock=CLOCK, causes={}, sent=orders) == 1

    assert stored() == {"AAAUSDT": Decimal(0)}


def test_one_answer_that_several_record_at_once_is_booked_once(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    orders, reports = claimed(desk)
    barrier, booked = threading.Barrier(RACERS), []

    def race() -> None:
        mine = [replace(order) for order in orders]
        barrier.wait(10)
        try:
            booked.append(booking.record(PAPER, reports, clock=CLOCK, causes={}, sent=mine))
        finally:
            connection.close()

    racers = [threading.Thread(target=race) for _ in range(RACERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)

    assert sorted(booked) == [0] * (RACERS - 1) + [1]
    assert (Fill.objects.count(), stored()) == (2, {"AAAUSDT": Decimal(3)})
    spent = sum(fill.price * fill.quantity + fill.fee for fill in Fill.objects.all())
    assert queries.account(PAPER).cash == 10_000 - spent
    assert not QuarantinedAnswer.objects.exists()


def test_an_order_whose_answer_somebody_else_recorded_meanwhile_is_read_and_left_alone(
    desk: Desk, readings: list[str]
) -> None:
    orders, reports = claimed(desk)
    booking.record(PAPER, reports, clock=CLOCK, causes={})
    readings.clear()

    assert booking.record(PAPER, reports, clock=CLOCK, causes={}, sent=orders) == 0

    assert queries.ORDERS_LOCKED in readings
    assert (Fill.objects.count(), stored()) == (1, {"AAAUSDT": Decimal(1)})


def test_an_order_that_became_unknown_meanwhile_is_booked_from_what_is_stored(desk: Desk) -> None:
    orders, reports = claimed(desk)
    claims.no_answer(PAPER, list(reports), clock=CLOCK)

    assert booking.record(PAPER, reports, clock=CLOCK, causes={}, sent=orders) == 1

    row = Order.objects.get()
    assert (row.state, row.version) == ("FILLED", 4), "UNKNOWN was version 3"


def test_what_was_read_in_a_transaction_that_is_rolled_back_is_not_known(desk: Desk) -> None:
    (_, one), (_, other) = claimed(desk), claimed(desk)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        booking.record_together(PAPER, one, clock=CLOCK, causes={})
        booking.record_together(PAPER, other, clock=CLOCK, causes={})
        raise ZeroDivisionError
    with connection.cursor() as elsewhere:
        elsewhere.execute("UPDATE account SET version = version + 1")

    assert held(known_positions(PAPER)) == stored() == {}
