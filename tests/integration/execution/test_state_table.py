"""Every row of the order's table is reached by what moves orders, and what is not in it does not happen."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cdb_site.bus import outbox
from cdb_site.clock import Clock
from execution import booking, claims, operations
from execution.models import Fill, Order, QuarantinedAnswer
from execution.rules.states import TRANSITIONS, OrderEvent, OrderState
from execution.venues.protocol import Report, Trade
from tests.builders import PAPER, open_paper_account, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
S, E = OrderState, OrderEvent


@pytest.mark.parametrize(("before", "event"), sorted(TRANSITIONS))
def test_a_row_is_reached_by_what_moves_orders(before: OrderState, event: OrderEvent) -> None:
    open_paper_account()
    order_id = plant_order(quantity="1").order_id
    bring_to(before, order_id)
    assert state_of(order_id) == before

    move(order_id, before, event)

    assert state_of(order_id) == TRANSITIONS[before, event]
    assert not QuarantinedAnswer.objects.exists()


@pytest.mark.parametrize("ended", [S.FILLED, S.REJECTED])
def test_a_trade_of_an_order_that_cannot_have_one_is_set_aside(ended: OrderState) -> None:
    open_paper_account()
    order_id = plant_order(quantity="1").order_id
    bring_to(S.SUBMITTED, order_id)
    move(order_id, S.SUBMITTED, E.FILL if ended == S.FILLED else E.REJECT)
    booked = Fill.objects.count()

    late = Report(client_order_id=order_id.replace("-", ""), trades=(trade("0.1", trade_id="late"),))
    booking.record(PAPER, {order_id: late}, clock=CLOCK, causes={})

    assert (state_of(order_id), Fill.objects.count()) == (ended, booked)
    assert QuarantinedAnswer.objects.get().order_id == Order.objects.get().order_id


@pytest.mark.parametrize("event", [E.CANCEL, E.EXPIRE, E.REJECT, E.ACCEPT])
@pytest.mark.parametrize("ended", [S.FILLED, S.CANCELED, S.EXPIRED])
def test_an_answer_without_trades_changes_no_order_that_has_ended(ended: OrderState, event: OrderEvent) -> None:
    open_paper_account()
    order_id = plant_order(quantity="1").order_id
    bring_to(ended, order_id)
    version = Order.objects.get().version

    booking.record(PAPER, {order_id: answer(order_id, event)}, clock=CLOCK, causes={})

    assert (state_of(order_id), Order.objects.get().version) == (ended, version)


def test_more_than_was_ordered_is_set_aside_whenever_it_comes() -> None:
    open_paper_account()
    order_id = plant_order(quantity="1").order_id
    bring_to(S.CANCELED, order_id)

    late = Report(client_order_id=order_id.replace("-", ""), trades=(trade("1.5", trade_id="late"),))
    booking.record(PAPER, {order_id: late}, clock=CLOCK, causes={})

    assert not Fill.objects.exists()
    assert "order_not_overfilled" in QuarantinedAnswer.objects.get().error


def bring_to(state: OrderState, order_id: str) -> None:
    if state != S.NEW:
        claims.claim(PAPER, [order_id], clock=CLOCK, causes={})
    match state:
        case S.UNKNOWN:
            claims.no_answer(PAPER, [order_id], clock=CLOCK)
        case S.PARTIALLY_FILLED:
            move(order_id, state, E.PARTIAL_FILL)
        case S.CANCELED:
            move(order_id, state, E.CANCEL)
        case S.EXPIRED:
            move(order_id, state, E.EXPIRE)
        case S.FILLED:
            move(order_id, state, E.FILL)


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
    """What the venue says: all of the order, a part of it, that it rests, its end with nothing more, or a rejection."""
    name = order_id.replace("-", "")
    match event:
        case E.CANCEL:
            return Report(client_order_id=name, canceled="CANCEL_REQUESTED")
        case E.REJECT:
            return Report(client_order_id=name, rejected="VENUE_MINIMUM_QUANTITY")
        case E.EXPIRE:
            return Report(client_order_id=name, canceled="ORDER_DEADLINE_PASSED")
        case E.ACCEPT:
            return Report(client_order_id=name, venue_order_id="C02__1", open=True)
        case E.PARTIAL_FILL:
            known = Fill.objects.filter(order_id=order_id).count()
            return Report(client_order_id=name, trades=(trade("0.25", trade_id=f"part {known}"),), open=True)
        case _:
            filled = Order.objects.values_list("filled_quantity", flat=True).get(order_id=order_id)
            return Report(client_order_id=name, trades=(trade(str(1 - filled), trade_id="rest"),))


def trade(quantity: str, *, trade_id: str) -> Trade:
    return Trade(
        trade_id=trade_id,
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_asset="USDT",
        executed_at=datetime.now(UTC),
    )


def state_of(order_id: str) -> str:
    return Order.objects.values_list("state", flat=True).get(order_id=order_id)
