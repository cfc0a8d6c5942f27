"""Canceling: what the venue has not seen can not come any more, what was faster is booked, silence is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from cdb_site.bus import outbox
from cdb_site.bus.models import Event
from cdb_site.clock import Clock
from execution import claims, gate, operations, queries
from execution.models import Fill, Order
from execution.order_gateway import Desk, ticket_of
from execution.rules.orders import LiveOrder
from execution.venues.protocol import Report, Ticket
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    plant_instrument()
    open_paper_account()
    return make_desk(folder=tmp_path)


def order() -> Order:
    return Order.objects.get()


def cancel(symbols: Sequence[str] | None = None) -> int:
    with outbox.unit_of_work("risk") as unit:
        queries.account(PAPER, lock=True)
        return operations.cancel_entries(unit, PAPER, symbols, reason_code="POSITION_EXITING", clock=CLOCK)


def claimed(desk: Desk) -> LiveOrder:
    """An order taken from NEW to SUBMITTED by somebody who then sends nothing."""
    [live] = claims.claim(PAPER, [plant_order().order_id], clock=CLOCK, causes={})
    return live


def test_an_order_nobody_has_sent_is_canceled_at_once(desk: Desk) -> None:
    plant_order()

    assert cancel(["AAAUSDT"]) == 1

    assert (order().state, order().reason_code, order().reserved_notional) == ("CANCELED", "POSITION_EXITING", 0)
    assert desk.execute([str(order().order_id)]) == 0
    assert Fill.objects.count() == 0


def test_other_symbols_and_exits_are_left_alone(desk: Desk) -> None:
    plant_order(symbol="BBBUSDT")

    assert cancel(["AAAUSDT"]) == 0
    assert order().state == "NEW"


def test_for_one_under_way_the_wish_is_stored_and_rung(desk: Desk) -> None:
    claimed(desk)

    assert cancel() == 1

    assert order().state == "SUBMITTED" and order().cancel_requested_at is not None
    assert Event.objects.filter(topic="orders", payload__command="CANCEL").count() == 1


def test_what_the_venue_canceled_can_not_come_any_more(desk: Desk) -> None:
    live = claimed(desk)

    desk.cancel([str(live.order_id)])
    desk.send_claimed([live], {}, claimed_at=CLOCK.market_now())

    assert (order().state, order().reason_code, Fill.objects.count()) == ("CANCELED", "CANCEL_REQUESTED", 0)


def test_a_fill_that_was_faster_than_the_cancel_is_booked(desk: Desk) -> None:
    live = claimed(desk)
    desk.venue.submit([ticket_of(live, CLOCK.market_now())])

    desk.cancel([str(live.order_id)])

    assert (order().state, Fill.objects.count()) == ("FILLED", 1)


def test_a_halt_between_crash_and_recovery_cancels_at_the_venue(desk: Desk) -> None:
    live = claimed(desk)
    Order.objects.update(claimed_at="2020-01-01T00:00:00Z")
    gate.halt(PAPER, by="anna", reason="storm")

    desk.recover()
    desk.send_claimed([live], {}, claimed_at=CLOCK.market_now())

    assert (order().state, order().reason_code, Fill.objects.count()) == ("CANCELED", "TRADING_HALTED", 0)


def test_a_wish_to_cancel_holds_in_recovery(desk: Desk) -> None:
    claimed(desk)
    cancel()
    Order.objects.update(claimed_at="2020-01-01T00:00:00Z")

    desk.recover()

    assert (order().state, Fill.objects.count()) == ("CANCELED", 0)


class Mute:
    """A venue whose answers are lost on the way back."""

    name = "PAPER"

    def __init__(self, venue: object) -> None:
        self.venue = venue

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        self.venue.submit(tickets)  # type: ignore[attr-defined]
        return []


def test_without_an_answer_the_order_is_unknown_and_its_cost_stays_reserved(desk: Desk) -> None:
    venue = desk.venue
    desk.venue = Mute(venue)  # type: ignore[assignment]
    planted = plant_order()

    desk.execute([planted.order_id])

    assert (order().state, order().reserved_notional) == ("UNKNOWN", Decimal(101))
    assert [row.reserved_notional for row in queries.open_orders(PAPER)] == [Decimal(101)]
    desk.venue = venue
    Order.objects.update(claimed_at="2020-01-01T00:00:00Z")
    desk.recover()
    assert (order().state, Fill.objects.count()) == ("FILLED", 1)


def test_drawn_rejects_meet_the_same_orders_every_time(desk: Desk) -> None:
    desk.venue.reject_share = Decimal("0.5")  # type: ignore[attr-defined]
    orders = [plant_order().order_id for _ in range(40)]

    desk.execute(orders)

    rejected = Order.objects.filter(state="REJECTED", reason_code="VENUE_DRAWN_REJECT").count()
    assert 8 <= rejected <= 32
