"""What is found out about an order late still names the command that placed it: no fill without its chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from cdb_site.bus import models, outbox
from cdb_site.clock import Clock
from execution import claims, operations, tasks
from execution.order_gateway import Desk, ticket_of
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def desk(valkey: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    return desk


def never_rung(desk: Desk, order_id: str) -> None:
    """The command's doorbell was lost."""


def claimed_only(desk: Desk, order_id: str) -> None:
    """Killed before it was sent."""
    claims.claim(PAPER, [order_id], clock=CLOCK, causes={})


def answered(desk: Desk, order_id: str) -> None:
    """Killed before the venue's answer was recorded."""
    desk.venue.submit(
        [ticket_of(row, CLOCK.market_now()) for row in claims.claim(PAPER, [order_id], clock=CLOCK, causes={})]
    )


@pytest.mark.parametrize("crash", [never_rung, claimed_only, answered])
def test_the_fill_of_an_order_that_was_swept_up_names_the_command_that_placed_it(
    desk: Desk, crash: Callable[[Desk, str], None]
) -> None:
    order = plant_order()
    crash(desk, order.order_id)
    connection.cursor().execute(
        "UPDATE \"order\" SET created_at = created_at - interval '5 s', claimed_at = claimed_at - interval '1 minute'"
    )

    tasks.sweep_orders()

    filled = models.Event.objects.get(topic="order_results", payload__status="FILLED")
    assert str(filled.causation_id) == order.event.event_id
    assert str(filled.correlation_id) == order.event.correlation_id


def test_a_fill_whose_command_is_kept_no_longer_is_booked_all_the_same(desk: Desk) -> None:
    order = plant_order()
    claimed_only(desk, order.order_id)
    connection.cursor().execute("UPDATE \"order\" SET claimed_at = claimed_at - interval '1 minute'")
    models.Outbox.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE event DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM event WHERE topic = 'orders'")
        cursor.execute("ALTER TABLE event ENABLE TRIGGER USER")

    assert desk.recover() == 1


def test_a_canceled_order_names_the_command_that_canceled_it(desk: Desk) -> None:
    order = plant_order()
    claimed_only(desk, order.order_id)

    desk.cancel([order.order_id], {order.order_id: order.event})

    canceled = models.Event.objects.get(topic="order_results", payload__status="CANCELED")
    assert str(canceled.causation_id) == order.event.event_id


def test_a_fill_that_was_faster_than_its_cancel_names_the_command_that_placed_it(desk: Desk) -> None:
    order = plant_order()
    answered(desk, order.order_id)
    wish = replace(order.event, event_id=str(uuid4()))

    assert desk.cancel([order.order_id], {order.order_id: wish}) == 1

    filled = models.Event.objects.get(topic="order_results", payload__status="FILLED")
    assert str(filled.causation_id) == order.event.event_id


@pytest.mark.parametrize("crash", [never_rung, claimed_only])
def test_an_entry_that_is_canceled_stays_in_the_chain_it_was_placed_in(
    desk: Desk, crash: Callable[[Desk, str], None]
) -> None:
    order = plant_order()
    crash(desk, order.order_id)

    with outbox.unit_of_work("risk") as unit:
        operations.cancel_entries(unit, PAPER, None, reason_code="HALTED", clock=CLOCK)
    wishes = outbox.stored_events(
        [str(row.pk) for row in models.Event.objects.filter(topic="orders", payload__command="CANCEL")]
    )
    desk.cancel([order.order_id], {wish.payload["order_id"]: wish for wish in wishes})

    canceled = models.Event.objects.get(topic="order_results", payload__status="CANCELED")
    assert [wish.causation_id for wish in wishes] == ([order.event.event_id] if crash is claimed_only else [])
    assert str(canceled.correlation_id) == order.event.correlation_id
