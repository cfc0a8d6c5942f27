"""Positions kept in memory are those of the database, whoever booked last; and what was sent is not read again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from cdb_site import db
from cdb_site.clock import Clock
from execution import booking, claims, queries, rebuild
from execution.known_positions import KnownPositions, known_positions
from execution.models import Fill, Order, Position
from execution.order_gateway import Desk, _ticket
from execution.rules.orders import LiveOrder
from execution.venues.protocol import Report
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


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
    [report] = desk.venue.submit([_ticket(row) for row in orders])
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


def test_an_order_that_stands_as_it_was_sent_is_not_read_again(desk: Desk, readings: list[str]) -> None:
    orders, reports = claimed(desk)
    readings.clear()

    assert booking.record(PAPER, reports, clock=CLOCK, causes={}, sent=orders) == 1

    assert queries.ORDERS_LOCKED not in readings
    assert Order.objects.get().state == "FILLED"


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
