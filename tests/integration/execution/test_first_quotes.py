"""After a restart execution knows no quote yet: what was approved before waits for one, or for its deadline."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from cdb_site.bus import latest
from execution import tasks
from execution.models import Order
from execution.order_gateway import Desk
from execution.quotes import QuoteBoard
from tests.builders import make_desk, make_quote, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def restarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk as a new process has it: no quote in memory, none newer than the crash stored."""
    plant_instrument()
    open_paper_account()
    latest.store_quotes([make_quote(age_s=30)])
    desk = make_desk(folder=tmp_path)
    desk.board = QuoteBoard(clock=desk.clock, max_age_s=10.0)
    desk.venue.book_of, desk.venue.rules_of = desk.board.fresh_book, desk.board.rules  # type: ignore[attr-defined]
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    return desk


def sweep_after(seconds: float) -> str:
    connection.cursor().execute(
        """UPDATE "order" SET created_at = created_at - make_interval(secs => %s)""", (seconds,)
    )
    tasks.sweep_orders()
    return Order.objects.get().state


def test_an_entry_approved_before_a_crash_waits_for_the_first_quote(restarted: Desk) -> None:
    order = plant_order(valid_for_s="15")

    tasks.execute_orders([order.event])
    waiting = [Order.objects.get().state, sweep_after(2)]
    restarted.board.take([make_quote()])

    assert waiting == ["NEW", "NEW"]
    assert sweep_after(1) == "FILLED"


def test_without_any_quote_it_expires_at_its_deadline_by_name(restarted: Desk) -> None:
    order = plant_order(valid_for_s="15")

    tasks.execute_orders([order.event])

    assert (sweep_after(14), sweep_after(2)) == ("NEW", "EXPIRED")
    assert Order.objects.get().reason_code == "ORDER_DEADLINE_PASSED"


def test_a_quote_stored_a_moment_ago_serves_at_once(restarted: Desk) -> None:
    latest.store_quotes([make_quote(age_s=1)])
    order = plant_order(valid_for_s="15")

    tasks.execute_orders([order.event])

    assert Order.objects.get().state == "FILLED"
