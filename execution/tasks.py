"""What wakes execution: commands on `orders`, quotes, and the sweep of orders that nobody finished."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from celery import shared_task

from cdb_site.bus import readiness
from cdb_site.bus.consumer import consumes, reads, sweeps
from cdb_site.bus.events import BusEvent
from cdb_site.clock import SYSTEM
from execution import expiry, operations, queries, recovery
from execution.commands import placing_event_id, placing_events
from execution.desks import desk as desk_of_process
from execution.order_gateway import Desk

RING_AGAIN_AFTER_S = 10


def settle_dead_command(event: BusEvent, error: str) -> None:
    """A command that was given up must not leave its order open."""
    operations.reject_dead_letter(event.payload["order_id"], clock=SYSTEM)


@consumes("orders", service="execution", on_dead=settle_dead_command)
@shared_task(name="execution.execute_orders")
def execute_orders(events: list[BusEvent]) -> int:
    """Take commands to the venue, cancels first. What no fill can be computed for yet is left NEW for the sweep."""
    desk = desk_of_process()
    unwanted = {event.payload["order_id"]: event for event in events if event.payload["command"] == "CANCEL"}
    canceled = desk.cancel(list(unwanted), unwanted) if unwanted else 0
    placed = [event for event in events if event.payload["command"] == "PLACE"]
    causes = {event.payload["order_id"]: event for event in placed if _can_fill(desk, event.payload)}
    return canceled + desk.execute(list(causes), causes)


def _can_fill(desk: Desk, command: dict[str, Any]) -> bool:
    return desk.can_fill(command["symbol"], command["side"], Decimal(command["quantity"]), command["order_type"])


@reads("market_data.quotes", service="execution")
def take_quotes(events: list[BusEvent]) -> None:
    """Keep the desk's board at the latest books, and fill at the paper venue what rests there and can fill now."""
    desk = desk_of_process()
    for event in events:
        desk.board.take(event.payload["quotes"])
    quoted = [quote["symbol"] for event in events for quote in event.payload["quotes"]]
    if readiness.is_ready(recovery.EXECUTION):
        desk.look_at_resting(quoted)


@reads("market_data.depth", service="execution")
def take_depth(events: list[BusEvent]) -> None:
    """Keep the board at the latest levels, of the symbols that have them."""
    board = desk_of_process().board
    for event in events:
        board.take_depth(event.payload["books"])


@shared_task(name="execution.sweep_orders")
def sweep_orders() -> int:
    """Finish what was left: orders without an answer, and orders still NEW whose doorbell was lost or that waited.

    An entry that has waited past its deadline is claimed as well: to expire. Nothing is touched before execution has
    recovered.
    """
    if not readiness.is_ready(recovery.EXECUTION):
        return 0
    desk = desk_of_process()
    waiting = queries.new_orders_older_than(1.0)
    late = queries.past_deadline(waiting) if waiting else set()
    ready = [
        str(order.order_id)
        for order in queries.orders_by_id(waiting)
        if str(order.order_id) in late or desk.can_fill(order.symbol, order.side, order.quantity, order.order_type)
    ]
    # First what waits to be sent, exits among it: asking for many that got no answer takes an exchange's limits long.
    fills = desk.execute(ready, placing_events(ready)) if ready else 0
    fills += desk.recover()
    expiry.close_when_quiet(desk.account)
    return fills


@sweeps("orders")
def unclaimed_orders() -> Sequence[str]:
    """Event ids of PLACE commands whose order is still NEW long after it was placed."""
    ids = queries.new_orders_older_than(RING_AGAIN_AFTER_S)
    return [placing_event_id(order_id) for order_id in ids]
