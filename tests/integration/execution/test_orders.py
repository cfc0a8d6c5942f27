"""Placing and claiming orders: one command, one claim, and the trading state read at the last moment."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from cdb_site.bus import models
from cdb_site.clock import Clock
from execution import claims, gate, operations, queries
from execution.models import Order
from tests.builders import PAPER, open_paper_account, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture(autouse=True)
def _account(valkey: Any) -> None:
    open_paper_account()


def claim(*order_ids: str) -> list[str]:
    return [str(order.order_id) for order in claims.claim(PAPER, order_ids, clock=CLOCK, causes={})]


def results() -> list[tuple[str, str | None, int]]:
    payloads = models.Event.objects.filter(topic="order_results").order_by("recorded_at")
    return [(row.payload["status"], row.payload["reason_code"], row.payload["version"]) for row in payloads]


def test_a_placed_order_is_new_with_its_reservation_and_rings_its_command() -> None:
    order = plant_order(reserved="101")

    row = Order.objects.get()
    assert (row.state, row.reserved_notional, row.client_order_id) == ("NEW", Decimal(101), row.decision_id.hex)
    assert order.event.payload["command"] == "PLACE"
    assert models.Event.objects.filter(topic="orders").count() == 1


def test_a_claim_is_committed_as_submitted_and_said() -> None:
    order = plant_order()

    assert claim(order.order_id) == [order.order_id]

    row = Order.objects.get()
    assert (row.state, row.version, row.claimed_at is not None) == ("SUBMITTED", 2, True)
    assert results() == [("SUBMITTED", None, 2)]


def test_an_order_is_claimed_once() -> None:
    order = plant_order()
    claim(order.order_id)

    assert claim(order.order_id) == []
    assert len(results()) == 1


def test_of_many_workers_exactly_one_claims_an_order() -> None:
    order, barrier, claimed = plant_order(), threading.Barrier(4), []

    def race() -> None:
        barrier.wait(10)
        claimed.extend(claim(order.order_id))
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert claimed == [order.order_id]


def test_exits_are_claimed_before_entries() -> None:
    entry, exit_ = plant_order(), plant_order(side="SELL", symbol="BBBUSDT")

    assert claim(entry.order_id, exit_.order_id) == [exit_.order_id, entry.order_id]


@pytest.mark.parametrize("state", ["HALTED", "REDUCING"])
def test_an_entry_claimed_while_not_active_is_canceled_and_reserves_nothing(state: str) -> None:
    order = plant_order()
    gate.set_trading_state(PAPER, state, by="test", reason="drill")

    assert claim(order.order_id) == []

    row = Order.objects.get()
    assert (row.state, row.reason_code, row.reserved_notional) == ("CANCELED", f"TRADING_{state}", 0)
    assert row.closed_at is not None
    assert results() == [("CANCELED", f"TRADING_{state}", 2)]


@pytest.mark.parametrize("state", ["HALTED", "REDUCING"])
def test_an_exit_is_claimed_in_any_state(state: str) -> None:
    order = plant_order(side="SELL")
    gate.set_trading_state(PAPER, state, by="test", reason="drill")

    assert claim(order.order_id) == [order.order_id]


def test_a_second_live_exit_of_a_symbol_is_refused_by_the_database() -> None:
    from django.db import IntegrityError

    plant_order(side="SELL")

    with pytest.raises(IntegrityError, match="order_one_live_exit"):
        plant_order(side="SELL")


def test_a_command_given_up_rejects_its_order_and_frees_its_reservation() -> None:
    order = plant_order()

    operations.reject_dead_letter(order.order_id, clock=CLOCK)

    row = Order.objects.get()
    assert (row.state, row.reason_code, row.reserved_notional) == ("REJECTED", "SYSTEM_DEAD_LETTER", 0)
    assert results() == [("REJECTED", "SYSTEM_DEAD_LETTER", 2)]


def test_a_command_given_up_after_its_claim_leaves_the_order_alone() -> None:
    order = plant_order()
    claim(order.order_id)

    operations.reject_dead_letter(order.order_id, clock=CLOCK)

    assert Order.objects.get().state == "SUBMITTED"


def test_open_orders_are_those_that_may_still_fill() -> None:
    order = plant_order()
    other = plant_order(symbol="BBBUSDT")
    operations.reject_dead_letter(other.order_id, clock=CLOCK)

    assert [str(row.order_id) for row in queries.open_orders(PAPER)] == [order.order_id]
