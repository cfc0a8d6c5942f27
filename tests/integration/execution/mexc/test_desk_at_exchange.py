"""The desk at the exchange: claimed, sent, recorded; unknown and asked for; two processes, one order; pushes booked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections

from execution import claims, reconcile
from execution.models import ExternalOrder, Fill, Order, Reconciliation
from execution.order_gateway import Desk
from tests.builders import (
    PAPER,
    PlantedOrder,
    make_board,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_order,
)
from tests.integration.execution.mexc.exchange_rig import SYMBOL, ExchangeRig, eventually, running_rig
from tests.integration.execution.mexc.front import Front, running_front

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeRig]:
    """Fees in the quote asset, as the books have them."""
    with running_rig(tmp_path_factory.mktemp("exchange"), fee_in_quote=True) as rig:
        yield rig


@pytest.fixture
def front(exchange: ExchangeRig) -> Iterator[Front]:
    plant_instrument(symbol=SYMBOL)
    open_paper_account()
    with running_front(exchange.loop, exchange.site.url) as running:
        yield running
        exchange.close()


def desk_at(exchange: ExchangeRig, front: Front) -> Desk:
    venue = exchange.venue(url=front.url)
    return Desk(account=PAPER, venue=venue, board=make_board(), clock=venue.clock)


def plant(exchange: ExchangeRig, *, quantity: str = "2", factor: str = "1.01") -> PlantedOrder:
    """A buy limited to the ask times `factor`."""
    limit = (exchange.quote()[1] * Decimal(factor)).quantize(Decimal("0.01"))
    return plant_order(symbol=SYMBOL, quantity=quantity, limit=str(limit), reserved=str(limit * Decimal(quantity)))


def forget_lease() -> None:
    """Let claims look older than the lease."""
    connection.cursor().execute("""UPDATE "order" SET claimed_at = claimed_at - interval '1 minute'""")


def test_an_order_is_placed_and_booked_as_the_exchange_filled_it(exchange: ExchangeRig, front: Front) -> None:
    order = plant(exchange)

    assert desk_at(exchange, front).execute([order.order_id]) == 1

    row, fill = Order.objects.get(), Fill.objects.get()
    [placed] = exchange.placed(row.client_order_id)
    [trade] = [trade for trade in exchange.account.trades if trade.placed is placed]
    assert (row.state, row.venue_order_id) == ("FILLED", placed.order.order_id)
    assert (fill.trade_id, fill.price, fill.quantity, fill.fee) == (
        trade.trade_id, trade.price, trade.quantity, trade.fee,
    )  # fmt: skip


def test_an_order_without_an_answer_is_unknown_and_recovered_as_it_was_filled(
    exchange: ExchangeRig, front: Front
) -> None:
    order, desk = plant(exchange), desk_at(exchange, front)
    front.spoil("POST", "/api/v3/order", "no_answer")

    assert desk.execute([order.order_id]) == 0
    assert Order.objects.get().state == "UNKNOWN"
    forget_lease()
    assert desk_at(exchange, front).recover() == 1

    assert Order.objects.get().state == "FILLED"
    assert len(exchange.placed(Order.objects.get().client_order_id)) == 1


def test_two_processes_with_the_same_order_place_and_book_it_once(exchange: ExchangeRig, front: Front) -> None:
    desks = [desk_at(exchange, front) for _ in range(3)]
    for count in range(1, 4):
        order = plant(exchange, quantity="1")
        with ThreadPoolExecutor(len(desks), initializer=connections.close_all) as pool:
            fills = list(pool.map(lambda desk, name=order.order_id: closing(desk.execute, name), desks))

        assert sum(fills) == 1
        assert len(exchange.placed(Order.objects.get(order_id=order.order_id).client_order_id)) == 1
        assert Fill.objects.count() == count


def closing(execute: Any, order_id: str) -> int:
    try:
        return int(execute([order_id]))
    finally:
        connections.close_all()


def test_a_process_that_died_before_it_sent_leaves_an_order_that_is_sent_once(
    exchange: ExchangeRig, front: Front
) -> None:
    order, desk = plant(exchange), desk_at(exchange, front)
    claims.claim(PAPER, [order.order_id], clock=desk.clock, causes={})
    forget_lease()
    desk.board.take([board_quote(exchange)])

    assert desk.recover() == 1

    assert Order.objects.get().state == "FILLED"
    assert len(exchange.placed(Order.objects.get().client_order_id)) == 1


def board_quote(exchange: ExchangeRig) -> dict[str, Any]:
    bid, ask = exchange.quote()
    return make_quote(symbol=SYMBOL, bid=str(bid), ask=str(ask))


def test_a_resting_order_is_booked_when_the_stream_tells_its_fill(exchange: ExchangeRig, front: Front) -> None:
    desk = desk_at(exchange, front)
    desk.venue.listen(desk.hear, lambda: None)  # type: ignore[attr-defined]
    eventually(lambda: desk.venue.connected)  # type: ignore[attr-defined]
    order = plant(exchange, factor="0.97")
    Order.objects.update(order_type="LIMIT")

    assert desk.execute([order.order_id]) == 0
    assert Order.objects.get().state == "SUBMITTED"
    exchange.fault("crash", symbols=[SYMBOL], size=0.1)

    eventually(lambda: Order.objects.get().state == "FILLED")
    assert sum(fill.quantity for fill in Fill.objects.all()) == 2


def test_reconciling_books_what_was_missed_and_finds_the_books_even(exchange: ExchangeRig, front: Front) -> None:
    desk = desk_at(exchange, front)
    first = reconcile.reconcile(desk, cause=Reconciliation.Cause.START)
    order = plant(exchange, quantity="3")
    front.spoil("POST", "/api/v3/order", "no_answer")
    desk.execute([order.order_id])
    assert Order.objects.get().state == "UNKNOWN"

    found = reconcile.reconcile(desk_at(exchange, front), cause=Reconciliation.Cause.RECONNECT)

    assert (first.result, found.result, found.fills_booked) == ("EVEN", "EVEN", 1)
    assert Order.objects.get().state == "FILLED"
    assert Fill.objects.get().quantity == 3


def test_reconciling_sees_what_somebody_else_did_with_the_account(exchange: ExchangeRig, front: Front) -> None:
    desk = desk_at(exchange, front)
    mine = plant(exchange, quantity="1")
    desk.execute([mine.order_id])
    reconcile.reconcile(desk, cause=Reconciliation.Cause.START)

    exchange.venue().submit([exchange.ticket("SELL", "2", client_order_id="byhand")])
    found = reconcile.reconcile(desk, cause=Reconciliation.Cause.PERIODIC)

    assert ExternalOrder.objects.filter(client_order_id="byhand").count() == 1
    assert Fill.objects.count() == 1, "somebody else's trades are not ours"
    assert found.result == "DIFFERENT"
    assert "SOL" in str(found.differences)
