"""A paper fill is never made up: an order whose book lacks what its fill needs waits, an exit as an entry."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from execution import tasks
from execution.models import Fill, Order
from execution.order_gateway import Desk
from marketdata.models import UniverseChoice, UniverseEntry
from tests.builders import make_desk, make_quote, open_paper_account, plant_instrument, plant_order, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    return desk


def quote_before_the_ticker(*, quantity: str | None = "1", **changes: Any) -> dict[str, Any]:
    """A quote as it is after a start: the 24 h ticker has not come."""
    quote = make_quote(**changes)
    del quote["quote_volume_24h"]
    if quantity is None:
        return {name: value for name, value in quote.items() if not name.endswith("_quantity")}
    return quote | {"bid_quantity": quantity, "ask_quantity": quantity}


def seconds_later() -> None:
    connection.cursor().execute("""UPDATE "order" SET created_at = created_at - interval '2 seconds'""")
    tasks.sweep_orders()


def choose(*, turnover: str) -> None:
    now = datetime.now(UTC)
    choice = UniverseChoice.objects.create(chosen_at=now, recorded_at=now, settings="all", listed=1, chosen=1, held=0)
    UniverseEntry.objects.create(
        choice=choice, symbol="AAAUSDT", rank=1, quote_volume_24h=Decimal(turnover), chosen=True, held=False
    )


@pytest.mark.parametrize("quantity", ["1", None])
def test_an_exit_decided_before_the_first_ticker_waits_for_it(desk: Desk, quantity: str | None) -> None:
    trade(desk, "buy 50 @ 100")
    desk.board.take([quote_before_the_ticker(bid="99.99", quantity=quantity)])

    exit_ = plant_order(side="SELL", quantity="50")
    tasks.execute_orders([exit_.event])
    seconds_later()
    waiting = Order.objects.get(order_id=exit_.order_id)
    desk.board.take([make_quote(bid="99.99")])
    seconds_later()

    sold = Order.objects.get(order_id=exit_.order_id)
    assert (waiting.state, sold.state) == ("NEW", "FILLED")
    assert min(Fill.objects.filter(side="SELL").values_list("price", flat=True)) > Decimal("99.9")


def test_an_exit_within_the_best_bid_needs_no_ticker(desk: Desk) -> None:
    trade(desk, "buy 1 @ 100")
    desk.board.take([quote_before_the_ticker(bid="99.99", quantity="1")])

    tasks.execute_orders([plant_order(side="SELL", quantity="1").event])

    assert Fill.objects.get(side="SELL").price == Decimal("99.99")


def test_an_exit_takes_the_last_stored_turnover_and_its_fill_says_so(desk: Desk) -> None:
    trade(desk, "buy 50 @ 100")
    choose(turnover="100000000")
    desk.board.take([quote_before_the_ticker(bid="99.99", quantity="1")])

    tasks.execute_orders([plant_order(side="SELL", quantity="50").event])

    models = [fill.model for fill in Fill.objects.filter(side="SELL")]
    assert Order.objects.get(side="SELL").state == "FILLED"
    assert {(model["depth_source"], model["depth"], model["quote_volume_24h"]) for model in models} == {
        ("CHOICE", "1000000.00", None)
    }


def test_a_stored_turnover_of_zero_is_no_depth(desk: Desk) -> None:
    trade(desk, "buy 50 @ 100")
    choose(turnover="0")
    desk.board.take([quote_before_the_ticker(bid="99.99", quantity="1")])

    tasks.execute_orders([plant_order(side="SELL", quantity="50").event])

    assert Order.objects.get(side="SELL").state == "NEW"


def test_a_book_that_loses_its_depth_on_the_way_gets_no_made_up_answer(desk: Desk) -> None:
    trade(desk, "buy 50 @ 100")
    exit_ = plant_order(side="SELL", quantity="50")
    desk.board.take([quote_before_the_ticker(bid="99.99", quantity="1")])

    desk.execute([exit_.order_id])
    unanswered = Order.objects.get(order_id=exit_.order_id).state
    connection.cursor().execute("""UPDATE "order" SET claimed_at = claimed_at - interval '1 minute'""")
    desk.recover()

    ended = Order.objects.get(order_id=exit_.order_id)
    assert unanswered == "UNKNOWN", "the venue said nothing, so nothing is known"
    assert (ended.state, ended.reason_code) == ("CANCELED", "EXIT_NO_QUOTE"), "whoever wants it sold places the next"
    assert ended.filled_quantity == 0
