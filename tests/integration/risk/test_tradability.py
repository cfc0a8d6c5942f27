"""What the exchange does not let anybody buy now is not bought: not when it is decided, not when it is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdb_site.clock import Clock
from execution.models import Order
from execution.order_gateway import Desk
from marketdata.models import Instrument
from risk import operations as risk
from risk.decision.requests import from_signal
from risk.models import Decision
from tests.builders import (
    PAPER,
    make_desk,
    make_marks,
    open_paper_account,
    plant_instrument,
    plant_order,
    plant_signal,
    trade,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    plant_instrument()
    open_paper_account()
    return make_desk(folder=tmp_path)


def decide(side: str = "BUY") -> Decision:
    request = from_signal(plant_signal(side=side))
    risk.decide_batch(PAPER, [request], marks=make_marks(), clock=Clock())
    return Decision.objects.get(decision_id=request.decision_id)


def halt_symbol() -> None:
    Instrument.objects.update(status="HALTED")


def test_a_held_symbol_that_was_halted_is_not_bought_again(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100; sell 2 @ 100")
    halt_symbol()

    decision = decide()

    assert (decision.outcome, decision.reason_code) == ("REJECTED", "INSTRUMENT_NOT_TRADABLE")
    assert decision.inputs["tradable"] is False


def test_what_was_approved_before_the_halt_is_not_claimed_after_it(desk: Desk) -> None:
    decision = decide()
    halt_symbol()

    desk.execute([str(decision.order_id)])

    order = Order.objects.get()
    assert decision.outcome == "APPROVED"
    assert (order.state, order.reason_code, order.reserved_notional) == ("CANCELED", "INSTRUMENT_NOT_TRADABLE", 0)


def test_what_was_claimed_and_lost_before_the_halt_is_not_sent_after_it(desk: Desk) -> None:
    order_id = plant_order().order_id
    Order.objects.update(state="SUBMITTED", claimed_at="2020-01-01T00:00:00Z")
    halt_symbol()

    desk.recover()

    order = Order.objects.get(order_id=order_id)
    assert (order.state, order.reason_code) == ("CANCELED", "INSTRUMENT_NOT_TRADABLE")


def test_an_exit_of_it_is_decided_and_goes(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    halt_symbol()
    decision = decide("SELL")

    desk.execute([str(decision.order_id)])

    assert Order.objects.get(order_id=decision.order_id).state == "FILLED"


def test_when_it_trades_again_it_is_bought_again(desk: Desk) -> None:
    halt_symbol()
    refused = decide()
    Instrument.objects.update(status="TRADING")

    assert (refused.outcome, decide().outcome) == ("REJECTED", "APPROVED")
