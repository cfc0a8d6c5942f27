"""An entry is sent on the decision of a moment ago or not at all: past its deadline it EXPIRES, said and counted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from prometheus_client import REGISTRY

from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Event
from cdb_site.clock import Clock
from execution import claims, expiry, gate, tasks
from execution.models import Fill, Order
from execution.order_gateway import Desk, ticket_of
from execution.queries import orders_by_id, rejections
from risk import operations as risk
from risk.decision.requests import from_signal
from risk.models import Decision
from tests.builders import (
    PAPER,
    make_desk,
    make_marks,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_order,
    plant_signal,
    trade,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    return desk


def decide(side: str = "BUY") -> Decision:
    request = from_signal(plant_signal(side=side))
    risk.decide_batch(PAPER, [request], marks=make_marks(), clock=CLOCK)
    return Decision.objects.get(decision_id=request.decision_id)


def later(seconds: float) -> None:
    """Everything about the orders happened so many seconds earlier."""
    connection.cursor().execute(
        """UPDATE "order" SET created_at = created_at - make_interval(secs => %s),
             claimed_at = claimed_at - make_interval(secs => %s)""",
        (seconds, seconds),
    )


def end_of(order_id: Any) -> tuple[str, str, Decimal, Decimal]:
    row = Order.objects.get(order_id=order_id)
    return row.state, row.reason_code, row.reserved_notional, row.filled_quantity


PASSED = ("EXPIRED", "ORDER_DEADLINE_PASSED", Decimal(0), Decimal(0))


def test_an_entry_decided_before_an_hours_outage_is_not_bought_at_todays_price(desk: Desk) -> None:
    decision = decide()
    later(3600)
    desk.board.take([make_quote(bid="59.99", ask="60")])

    tasks.sweep_orders()

    assert decision.outcome == "APPROVED"
    assert end_of(decision.order_id) == PASSED
    assert not Fill.objects.exists()


def test_an_entry_whose_command_comes_late_is_not_bought(desk: Desk) -> None:
    order = plant_order(valid_for_s="15")
    later(16)

    tasks.execute_orders([order.event])

    assert end_of(order.order_id) == PASSED


def test_an_entry_claimed_before_an_hours_outage_and_never_sent_expires(desk: Desk) -> None:
    order = plant_order(valid_for_s="15")
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    later(3600)

    desk.recover()

    assert end_of(order.order_id) == PASSED
    assert desk.venue.submit([]) == []
    tickets = [ticket_of(row, CLOCK.market_now()) for row in orders_by_id([order.order_id])]
    [report] = desk.venue.query(tickets).known.values()
    assert report.canceled == "ORDER_DEADLINE_PASSED", "the venue will not take it any more either"


def test_an_entry_that_the_venue_filled_before_the_outage_is_booked_after_it(desk: Desk) -> None:
    order = plant_order(valid_for_s="15")
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    desk.venue.submit([ticket_of(row, CLOCK.market_now()) for row in orders_by_id([order.order_id])])
    later(3600)

    desk.recover()

    assert Order.objects.get().state == "FILLED"


def test_within_its_deadline_an_entry_is_sent(desk: Desk) -> None:
    decision = decide()
    later(14)

    tasks.sweep_orders()

    assert end_of(decision.order_id)[0] == "FILLED"


def test_the_deadline_is_the_age_a_price_may_have_and_the_grace_of_a_claim(desk: Desk) -> None:
    decision = decide()

    # max_price_age_s 10 and 5 s of grace
    assert Order.objects.get(order_id=decision.order_id).valid_for_s == Decimal(15)


def test_an_exit_has_no_deadline(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    decision = decide("SELL")
    later(3600)
    desk.board.take([make_quote(bid="99")])

    tasks.sweep_orders()

    assert Order.objects.get(order_id=decision.order_id).valid_for_s is None
    assert end_of(decision.order_id)[0] == "FILLED"


def test_a_halt_comes_before_the_deadline(desk: Desk) -> None:
    order = plant_order(valid_for_s="15")
    gate.halt(PAPER, by="test", reason="storm")
    later(3600)

    tasks.sweep_orders()

    assert end_of(order.order_id)[:2] == ("CANCELED", "TRADING_HALTED")


def test_its_end_is_said_on_order_results(desk: Desk) -> None:
    order = plant_order(valid_for_s="15")
    later(16)

    tasks.sweep_orders()

    said = Event.objects.filter(topic="order_results").latest("recorded_at").payload
    assert (said["order_id"], said["status"], said["reason_code"], said["version"]) == (
        order.order_id,
        "EXPIRED",
        "ORDER_DEADLINE_PASSED",
        2,
    )


def test_what_was_never_claimed_has_no_time_of_claiming(desk: Desk) -> None:
    order = plant_order(valid_for_s="15")
    later(16)

    tasks.sweep_orders()

    row = Order.objects.get(order_id=order.order_id)
    assert (row.claimed_at, row.closed_at is not None) == (None, True)


def expired_so_far() -> float:
    return REGISTRY.get_sample_value("cdb_orders_expired_total") or 0.0


def test_all_that_waited_too_long_is_one_alert_with_their_number(desk: Desk) -> None:
    before = expired_so_far()
    for _ in range(3):
        plant_order(valid_for_s="15")
    lost = plant_order(valid_for_s="15")
    claims.claim(PAPER, [lost.order_id], clock=CLOCK, causes={})
    later(3600)
    tasks.sweep_orders()
    plant_order(valid_for_s="15")
    later(60)
    tasks.sweep_orders()

    alert = Alert.objects.get(code="ENTRIES_EXPIRED")
    assert (alert.state, alert.params["count"]) == ("RAISED", 5)
    assert expired_so_far() - before == 5


def test_the_alert_closes_when_nothing_waits_too_long_any_more(desk: Desk) -> None:
    plant_order(valid_for_s="15")
    later(3600)
    tasks.sweep_orders()
    tasks.sweep_orders()
    still = Alert.objects.get(code="ENTRIES_EXPIRED").state

    Alert.objects.update(changed_at=timezone.now() - timedelta(seconds=expiry.QUIET_S + 1))
    tasks.sweep_orders()

    assert (still, Alert.objects.get(code="ENTRIES_EXPIRED").state) == ("RAISED", "CLOSED")


def test_what_was_never_sent_does_not_count_as_an_answer_of_the_venue(desk: Desk) -> None:
    plant_order(valid_for_s="15")
    later(3600)
    tasks.sweep_orders()

    assert rejections(PAPER, 60) == (0, 0)
