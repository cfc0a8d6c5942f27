"""A limit order that rests at the paper venue, through the desk and its books; and levels on their way to a fill."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cdb_site.bus import outbox, readiness
from cdb_site.bus.events import make
from cdb_site.clock import SYSTEM
from execution import operations, tasks
from execution.models import Fill, Order, Position
from execution.order_gateway import Desk
from execution.venues.paper import PaperVenue
from tests.builders import PAPER, make_depth, make_desk, make_quote, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def desk(valkey: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    plant_instrument()
    open_paper_account()
    made = make_desk(folder=tmp_path)
    monkeypatch.setattr(tasks, "desk_of_process", lambda: made)
    return made


def quotes(*quoted: dict[str, Any]) -> None:
    """What the quotes topic brings to execution."""
    payload = {"quotes": list(quoted)}
    event = make("market_data.quotes", payload, key="quotes", producer="ws", occurred_at=SYSTEM.market_now())
    tasks.take_quotes([event])


def plant_limit_order(*, quantity: str = "2", limit: str = "99", valid_for_s: str = "3600") -> str:
    return plant_order(quantity=quantity, limit=limit, reserved="198", valid_for_s=valid_for_s, rests=True).order_id


def forget_lease() -> None:
    connection.cursor().execute(
        """UPDATE "order" SET claimed_at = claimed_at - interval '1 minute', leased_at = NULL"""
    )


def standing() -> tuple[str, list[tuple[int, int]]]:
    """The order's state, and its fills as (quantity, price)."""
    fills = Fill.objects.order_by("fill_id").values_list("quantity", "price")
    return Order.objects.get().state, [(int(quantity), int(price)) for quantity, price in fills]


def test_an_order_that_rests_fills_with_the_very_quote_that_reaches_it(desk: Desk) -> None:
    order_id = plant_limit_order()
    desk.execute([order_id])
    before = standing()

    quotes(make_quote(bid="98", ask="98.5"))

    assert before == ("SUBMITTED", [])
    assert Order.objects.get().venue_order_id
    assert standing() == ("FILLED", [(2, 99)])
    # 2 × 99 and 0.05 % fee: 10,000 − 198 − 0.099
    assert Position.objects.get().quantity == 2


def test_a_part_that_fills_leaves_the_order_open_and_the_rest_fills_later(desk: Desk) -> None:
    desk.execute([plant_limit_order()])

    quotes(make_quote(bid="98", ask="98.5") | {"ask_quantity": "1"})
    partly = standing()
    quotes(make_quote(bid="98", ask="98.4") | {"ask_quantity": "5"})

    assert partly == ("PARTIALLY_FILLED", [(1, 99)])
    assert standing() == ("FILLED", [(1, 99), (1, 99)])


def test_the_same_quote_twice_fills_once(desk: Desk) -> None:
    desk.execute([plant_limit_order()])
    reaching = make_quote(bid="98", ask="98.5") | {"ask_quantity": "1"}

    quotes(reaching)
    quotes(reaching)

    assert standing() == ("PARTIALLY_FILLED", [(1, 99)])


def test_a_fill_that_was_not_booked_is_found_by_the_sweep(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.execute([plant_limit_order()])

    def gone(reports: Any) -> int:
        raise ConnectionError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(desk, "hear", gone)
        with pytest.raises(ConnectionError):
            quotes(make_quote(bid="98", ask="98.5"))
    unbooked = standing()
    forget_lease()

    assert tasks.sweep_orders() == 1
    assert (unbooked, standing()) == (("SUBMITTED", []), ("FILLED", [(2, 99)]))


def test_past_its_deadline_what_rests_is_taken_from_the_venue_and_fills_no_more(desk: Desk) -> None:
    desk.execute([plant_limit_order()])
    Order.objects.update(valid_for_s="0.001")
    forget_lease()

    tasks.sweep_orders()
    quotes(make_quote(bid="98", ask="98.5"))

    assert standing() == ("EXPIRED", [])


def test_while_nothing_rests_a_quote_asks_the_venue_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaperVenue, "look", lambda venue: pytest.fail("nothing rests"))

    quotes(make_quote(bid="98", ask="98.5"))


def test_before_execution_has_recovered_nothing_that_rests_fills(desk: Desk) -> None:
    desk.execute([plant_limit_order()])
    readiness.shut(["execution"])
    try:
        quotes(make_quote(bid="98", ask="98.5"))
        before = standing()
    finally:
        readiness._unready.clear()
    quotes(make_quote(bid="98", ask="98.4"))

    assert (before, standing()) == (("SUBMITTED", []), ("FILLED", [(2, 99)]))


def test_levels_that_the_bus_brings_are_what_a_fill_is_made_of(desk: Desk) -> None:
    order = plant_order(quantity="8", limit="101")
    payload = {"books": [make_depth(asks="5 @ 100; 7 @ 100.02", bids="1 @ 99.99")]}
    event = make("market_data.depth", payload, key="depth", producer="ws", occurred_at=SYSTEM.market_now())

    tasks.take_depth([event])
    desk.execute([order.order_id])

    fills = [(fill.quantity, str(fill.price.normalize())) for fill in Fill.objects.order_by("fill_id")]
    assert fills == [(5, "1E+2"), (3, "100.02")]
    assert [fill.model["levels"] for fill in Fill.objects.all()] == [[["100", "5"], ["100.02", "7"]]] * 2


def test_what_is_reserved_goes_down_with_what_is_left(desk: Desk) -> None:
    desk.execute([plant_limit_order()])
    before = Order.objects.get().reserved_notional

    quotes(make_quote(bid="98", ask="98.5") | {"ask_quantity": "0.5"})
    partly = Order.objects.get().reserved_notional
    quotes(make_quote(bid="98", ask="98.4") | {"ask_quantity": "5"})

    assert (before, partly, Order.objects.get().reserved_notional) == (198, Decimal("148.5"), 0)


def test_a_halt_takes_from_the_venue_what_rests_there_and_keeps_what_had_filled(desk: Desk) -> None:
    desk.execute([plant_limit_order()])
    quotes(make_quote(bid="98", ask="98.5") | {"ask_quantity": "1"})

    with outbox.unit_of_work("execution") as unit:
        canceled = operations.cancel_entries(unit, PAPER, None, reason_code="TRADING_HALTED", clock=SYSTEM)
    commands = [event for event in unit.events if event.topic == "orders"]
    tasks.execute_orders(commands)
    quotes(make_quote(bid="98", ask="98.4") | {"ask_quantity": "5"})

    assert canceled == 1
    assert standing() == ("CANCELED", [(1, 99)])


def test_a_wish_to_cancel_whose_command_was_lost_is_carried_out_by_the_sweep(desk: Desk) -> None:
    desk.execute([plant_limit_order()])
    with outbox.unit_of_work("execution") as unit:
        operations.cancel_entry(unit, PAPER, Order.objects.get().order_id, reason_code="WISH", clock=SYSTEM)
    forget_lease()

    tasks.sweep_orders()

    assert standing() == ("CANCELED", [])


def test_what_rests_needs_no_depth(desk: Desk) -> None:
    desk.board.take([make_quote() | {"ask_quantity": None, "quote_volume_24h": None}])
    payload = plant_order(quantity="2", limit="99", rests=True).event

    assert tasks.execute_orders([payload]) == 0
    assert standing() == ("SUBMITTED", [])
