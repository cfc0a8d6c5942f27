"""Every row of the order's table that is said to be reached is reached, by the functions that move orders."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cdb_site.bus import outbox
from cdb_site.clock import Clock
from execution import booking, claims, operations
from execution.models import Order
from execution.rules.states import NOT_YET, REACHED, OrderEvent, OrderState
from execution.venues.protocol import Report, Trade
from tests.builders import PAPER, open_paper_account, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
E = OrderEvent


@pytest.mark.parametrize(("before", "event"), sorted(REACHED))
def test_a_row_is_reached_by_what_moves_orders(before: OrderState, event: OrderEvent) -> None:
    open_paper_account()
    order_id = plant_order(quantity="1").order_id
    bring_to(before, order_id)
    assert state_of(order_id) == before

    move(order_id, before, event)

    assert state_of(order_id) == REACHED[before, event]


def test_no_row_is_both_reached_and_not_yet() -> None:
    assert not REACHED.keys() & NOT_YET.keys()


def bring_to(state: OrderState, order_id: str) -> None:
    if state != OrderState.NEW:
        claims.claim(PAPER, [order_id], clock=CLOCK, causes={})
    if state == OrderState.UNKNOWN:
        claims.no_answer(PAPER, [order_id], clock=CLOCK)


def move(order_id: str, before: OrderState, event: OrderEvent) -> None:
    match before, event:
        case OrderState.NEW, E.CLAIM:
            claims.claim(PAPER, [order_id], clock=CLOCK, causes={})
        case OrderState.NEW, E.EXPIRE:
            Order.objects.update(valid_for_s=Decimal("0.000001"))
            claims.claim(PAPER, [order_id], clock=CLOCK, causes={})
        case OrderState.NEW, E.CANCEL:
            with outbox.unit_of_work("execution") as unit:
                operations.cancel_entries(unit, PAPER, None, reason_code="TRADING_HALTED", clock=CLOCK)
        case OrderState.NEW, E.REJECT:
            operations.reject_dead_letter(order_id, clock=CLOCK)
        case _, E.NO_ANSWER:
            claims.no_answer(PAPER, [order_id], clock=CLOCK)
        case _:
            booking.record(PAPER, {order_id: answer(order_id, event)}, clock=CLOCK, causes={})


def answer(order_id: str, event: OrderEvent) -> Report:
    """The venue's final answer: all of the order, half of it, a cancel or a rejection."""
    name = order_id.replace("-", "")
    match event:
        case E.CANCEL:
            return Report(client_order_id=name, canceled="CANCEL_REQUESTED")
        case E.REJECT:
            return Report(client_order_id=name, rejected="VENUE_MINIMUM_QUANTITY")
        case _:
            return Report(client_order_id=name, trades=(trade("1" if event == E.FILL else "0.5"),))


def trade(quantity: str) -> Trade:
    return Trade(
        trade_id="1",
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_asset="USDT",
        executed_at=datetime.now(UTC),
    )


def state_of(order_id: str) -> str:
    return Order.objects.values_list("state", flat=True).get(order_id=order_id)
