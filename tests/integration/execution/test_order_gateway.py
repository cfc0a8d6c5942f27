"""The desk and the paper venue: claimed, sent, recorded; and what a crash between any two of these leaves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cdb_site.clock import Clock
from execution import booking, claims, gate
from execution.models import Account, Fill, LedgerEntry, Order, Position
from execution.order_gateway import SENT_AGAIN_AT_ONCE, Desk, ticket_of
from execution.queries import orders_by_id
from execution.venues.protocol import Report, Ticket
from tests.builders import PAPER, make_board, make_desk, make_quote, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def desk(valkey: Any, tmp_path: Path) -> Desk:
    plant_instrument()
    open_paper_account()
    return make_desk(folder=tmp_path)


def forget_lease() -> None:
    """Let claims look older than the lease."""
    connection.cursor().execute("""UPDATE "order" SET claimed_at = claimed_at - interval '1 minute'""")


def books() -> dict[str, Any]:
    account = Account.objects.get()
    return {
        "cash": account.cash,
        "fills": Fill.objects.count(),
        "ledger": LedgerEntry.objects.count(),
        "held": {row.symbol: row.quantity for row in Position.objects.all()},
        "states": list(Order.objects.order_by("created_at").values_list("state", flat=True)),
    }


def test_an_order_is_filled_and_booked(desk: Desk) -> None:
    order = plant_order(quantity="2")

    assert desk.execute([order.order_id]) == 1

    # 2 × 100 and 0.05 % fee: 10,000 − 200 − 0.1
    assert books() == {
        "cash": Decimal("9799.9"),
        "fills": 1,
        "ledger": 3,
        "held": {"AAAUSDT": Decimal(2)},
        "states": ["FILLED"],
    }


def test_executing_twice_fills_once(desk: Desk) -> None:
    order = plant_order()
    desk.execute([order.order_id])
    before = books()

    assert desk.execute([order.order_id]) == 0
    assert books() == before


def test_an_answer_that_was_lost_is_recovered_without_a_second_fill(desk: Desk) -> None:
    order = plant_order()
    claimed = claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    [answered] = desk.venue.submit([ticket_of(row, CLOCK.market_now()) for row in claimed])
    forget_lease()
    desk.board.take([make_quote(bid="149", ask="150")])

    assert desk.recover() == 1

    fill = Fill.objects.get()
    assert (fill.trade_id, fill.price) == (answered.trades[0].trade_id, Decimal(100)), "the first answer, not a new one"
    assert (desk.recover(), Fill.objects.count(), books()["states"]) == (0, 1, ["FILLED"])


def test_an_order_that_never_reached_the_venue_is_sent_again(desk: Desk) -> None:
    order = plant_order()
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    forget_lease()

    assert desk.recover() == 1
    assert books()["states"] == ["FILLED"]


def test_many_lost_orders_are_sent_again_a_few_at_a_time_exits_first(desk: Desk, monkeypatch: Any) -> None:
    bought = [plant_order() for _ in range(SENT_AGAIN_AT_ONCE + 2)]
    desk.execute([order.order_id for order in bought])
    lost = [plant_order() for _ in range(SENT_AGAIN_AT_ONCE + 1)] + [plant_order(side="SELL")]
    claims.claim(PAPER, [order.order_id for order in lost], clock=CLOCK, causes={})
    forget_lease()
    sent: list[list[bool]] = []
    submit = desk.venue.submit

    def noted(tickets: Sequence[Ticket]) -> list[Report]:
        sent.append([ticket.reduce_only for ticket in tickets])
        return submit(tickets)

    monkeypatch.setattr(desk.venue, "submit", noted)
    assert desk.recover() == len(lost)

    assert [len(portion) for portion in sent] == [SENT_AGAIN_AT_ONCE, 2]
    assert (sum(sent[0]), sum(sent[1])) == (1, 0)
    assert set(books()["states"]) == {"FILLED"}


def test_within_its_lease_a_claimed_order_is_left_to_its_claimer(desk: Desk) -> None:
    order = plant_order()
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})

    assert desk.recover() == 0
    assert books()["states"] == ["SUBMITTED"]


def test_recording_the_same_answer_twice_changes_nothing(desk: Desk) -> None:
    order = plant_order()
    desk.execute([order.order_id])
    before = books()
    [row] = orders_by_id([order.order_id])

    reports = {order.order_id: desk.venue.query([ticket_of(row, CLOCK.market_now())]).known[row.client_order_id]}

    assert booking.record(PAPER, reports, clock=CLOCK, causes={}) == 0
    assert books() == before


def test_an_order_for_which_there_is_no_quote_gets_no_answer_of_the_venue(desk: Desk) -> None:
    plant_instrument(symbol="BBBUSDT")
    order = plant_order(symbol="BBBUSDT")

    desk.execute([order.order_id])

    row = Order.objects.get()
    assert (row.state, row.reason_code, row.reserved_notional) == ("UNKNOWN", "", Decimal(101))
    [ticket] = [ticket_of(one, CLOCK.market_now()) for one in orders_by_id([order.order_id])]
    assert desk.venue.query([ticket]).absent == {row.client_order_id}


def test_an_unlisted_symbol_is_rejected_by_the_venue(desk: Desk) -> None:
    desk.board.take([make_quote(symbol="ZZZUSDT")])
    order = plant_order(symbol="ZZZUSDT")

    desk.execute([order.order_id])

    assert Order.objects.get().reason_code == "VENUE_UNKNOWN_SYMBOL"


@pytest.mark.parametrize(("limit", "state", "reason"), [
    ("99", "EXPIRED", "VENUE_NO_COUNTERPART"), ("100", "EXPIRED", "VENUE_PARTIAL"),
])  # fmt: skip
def test_what_finds_no_counterpart_lapses(desk: Desk, limit: str, state: str, reason: str) -> None:
    desk.board.take([make_quote() | {"ask_quantity": "10"}])
    order = plant_order(quantity="50", limit=limit)

    desk.execute([order.order_id])

    row = Order.objects.get()
    assert (row.state, row.reason_code, row.reserved_notional) == (state, reason, 0)
    assert row.filled_quantity == sum(Fill.objects.values_list("quantity", flat=True))


def test_a_fill_keeps_the_book_and_the_parameters_it_came_from(desk: Desk) -> None:
    desk.execute([plant_order().order_id])

    model = Fill.objects.get().model
    assert (model["bid"], model["ask"], model["impact_bps"], model["depth_share"]) == ("99.99", "100", "10", "0.01")


def test_a_round_trip_ends_flat_without_an_episode(desk: Desk) -> None:
    desk.execute([plant_order(quantity="2").order_id])
    episode = Position.objects.get().episode_id
    desk.execute([plant_order(side="SELL", quantity="2").order_id])

    position = Position.objects.get()
    # sold at 99.99: 2 × −0.01
    assert (position.quantity, position.avg_entry_price, position.realized_pnl) == (0, 0, Decimal("-0.02"))
    assert (episode is not None, position.episode_id, position.opened_at) == (True, None, None)


def test_a_second_entry_belongs_to_the_episode_of_the_first(desk: Desk) -> None:
    desk.execute([plant_order().order_id])
    first = Position.objects.get().episode_id
    desk.execute([plant_order().order_id])
    second = Position.objects.get().episode_id
    desk.execute([plant_order(side="SELL", quantity="2").order_id])
    desk.execute([plant_order().order_id])

    assert first == second
    assert Position.objects.get().episode_id not in (None, first)


def test_an_exit_without_a_fresh_quote_waits_and_goes_when_there_is_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from execution import tasks

    desk.execute([plant_order().order_id])
    exit_ = plant_order(side="SELL")
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    desk.board = make_board(make_quote(age_s=60))
    tasks.execute_orders([exit_.event])
    waiting = Order.objects.get(order_id=exit_.order_id).state
    connection.cursor().execute("""UPDATE "order" SET created_at = created_at - interval '5 seconds'""")
    tasks.sweep_orders()
    still_waiting = Order.objects.get(order_id=exit_.order_id).state

    desk.board = make_board(make_quote())
    desk.venue.book_of = desk.board.fresh_book  # type: ignore[attr-defined]
    tasks.sweep_orders()

    assert (waiting, still_waiting, Order.objects.get(order_id=exit_.order_id).state) == ("NEW", "NEW", "FILLED")


def test_the_command_of_an_order_is_executed_by_its_task(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from execution import tasks

    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    order = plant_order()

    assert tasks.execute_orders([order.event, order.event]) == 1
    assert tasks.execute_orders([order.event]) == 0


def test_an_order_still_being_sent_after_its_lease_is_not_canceled_by_a_halt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = plant_order()
    send = desk.venue.submit

    def slow_send(tickets: Any) -> Any:
        forget_lease()
        gate.halt(PAPER, by="test", reason="while an order is on its way")
        desk.recover()
        return send(tickets)

    monkeypatch.setattr(desk.venue, "submit", slow_send)
    desk.execute([order.order_id])

    assert (books()["fills"], books()["states"]) == (1, ["FILLED"]), "the venue traded, so it must be booked"


def test_what_failed_on_its_way_is_no_longer_under_way_and_recovered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = plant_order()
    with monkeypatch.context() as broken:
        broken.setattr(booking, "record", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            desk.execute([order.order_id])
    forget_lease()

    assert desk.recover() == 1
    assert books()["states"] == ["FILLED"]
