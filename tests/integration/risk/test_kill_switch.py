"""The kill switch waits for nobody: engaged while others hold locks, and finished by the guard when they are gone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections

import execution.claims
import execution.queries
from execution.models import Order
from risk.models import CloseOut
from risk.watch import kill_switch
from tests.builders import PAPER, open_paper_account, plant_instrument, plant_order
from tests.frozen import frozen_holder
from tests.integration.risk.house import House, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    house.price("100", "BBBUSDT")
    return house


def state() -> str:
    return execution.queries.trading_state(PAPER)


def press(house: House, *, close_positions: bool = False) -> float:
    """Engage the kill switch; returns the seconds until it was engaged and the command came back."""
    begun_s = time.monotonic()
    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=close_positions, clock=house.clock)
    return time.monotonic() - begun_s


def engaged_after(house: House) -> float:
    """Press in another thread; returns the seconds until trading was seen HALTED."""
    begun_s = time.monotonic()
    pressing = threading.Thread(target=lambda: (press(house), connections.close_all()))
    pressing.start()
    while state() != "HALTED" and time.monotonic() - begun_s < 5:
        time.sleep(0.01)
    seen_s = time.monotonic() - begun_s
    pressing.join()
    return seen_s


def test_a_frozen_holder_of_the_account_does_not_delay_the_halt(house: House) -> None:
    entry = plant_order()

    with frozen_holder():
        engaged_s = engaged_after(house)
        claimed = execution.claims.claim(PAPER, [entry.order_id], clock=house.clock, causes={})

    assert engaged_s <= 0.5
    assert claimed == []
    assert Order.objects.get().reason_code == "TRADING_HALTED"


def test_what_a_halt_could_not_cancel_and_sell_is_done_by_the_guard_after_a_restart(house: House) -> None:
    holding(house)
    under_way = plant_order(symbol="BBBUSDT")
    execution.claims.claim(PAPER, [under_way.order_id], clock=house.clock, causes={})
    with frozen_holder():
        press(house, close_positions=True)
    assert Order.objects.get(order_id=under_way.order_id).cancel_requested_at is None

    house.restart()
    house.look()
    house.execute_new()

    assert Order.objects.get(order_id=under_way.order_id).cancel_requested_at is not None
    assert execution.queries.open_positions(PAPER) == {}


def test_the_daily_loss_halts_while_a_frozen_process_holds_the_account(house: House) -> None:
    holding(house)
    house.price("49")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")

    with frozen_holder(), pytest.raises(OperationalError):
        house.look()  # engages, and cannot sell yet
    assert (state(), CloseOut.objects.get().cause) == ("HALTED", "DAILY_LOSS")

    house.clock.move(2)
    house.look()
    house.execute_new()
    assert execution.queries.open_positions(PAPER) == {}


def test_a_breaker_opens_while_a_frozen_process_holds_the_account(house: House) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")

    with frozen_holder():
        house.look(feed_age_s=31)

    assert state() == "REDUCING"


def test_a_claimer_frozen_at_the_gate_is_ended_by_the_server_and_lets_no_entry_pass(house: House) -> None:
    entry = plant_order()
    at_the_gate = execution.queries.GATE_SHARED.replace("%s", f"'{PAPER}'")

    with frozen_holder(at_the_gate, settings="-c idle_in_transaction_session_timeout=1000"):
        engaged_s = engaged_after(house)
        claimed = execution.claims.claim(PAPER, [entry.order_id], clock=house.clock, causes={})

    assert engaged_s < 3
    assert claimed == []


def test_no_entry_is_claimed_after_the_halt_whoever_races(house: House) -> None:
    orders = [plant_order(quantity="0.1", reserved="11") for _ in range(40)]
    begin = threading.Barrier(2)

    def claim_all() -> None:
        begin.wait()
        for order in orders:
            execution.claims.claim(PAPER, [order.order_id], clock=house.clock, causes={})
        connections.close_all()

    claiming = threading.Thread(target=claim_all)
    claiming.start()
    begin.wait()
    press(house)
    claiming.join()

    states = [Order.objects.get(order_id=order.order_id).state for order in orders]
    sent = states.count("SUBMITTED")
    assert set(states[:sent]) <= {"SUBMITTED"}
    assert set(states[sent:]) <= {"CANCELED"}
    assert state() == "HALTED"
