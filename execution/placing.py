"""Placing: approved orders become rows and commands inside the transaction of their decision.

They are NEW, and whoever executes `orders` claims them. In the lane those that can be filled now are born SUBMITTED:
claimed in this very transaction, under account and gate, and sent when it is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from cdb_site import db
from cdb_site.bus import outbox
from cdb_site.bus.builders import builds
from cdb_site.bus.events import BusEvent
from execution import claims
from execution.commands import placing_key
from execution.desks import desk as desk_of_process
from execution.destinations import direct
from execution.models import Order
from execution.order_gateway import Desk
from execution.rules.accounting import ZERO
from execution.rules.mode import PAPER_VENUE
from execution.rules.orders import LiveOrder, OrderDraft, live, place_command
from execution.rules.states import OrderState

EXECUTION = "execution"
place_payload = builds("orders")(place_command)


def place(
    unit: outbox.UnitOfWork,
    drafts: Sequence[OrderDraft],
    causes: Sequence[BusEvent | None],
    passage: claims.Passage | None = None,
) -> None:
    """Write approved orders and ring `orders`, inside the decision's transaction, with the account locked.

    With the passage of a gate that was locked before the decision, those that a fill can be computed for are claimed,
    and sent from here.
    """
    if not drafts:
        return
    orders = [live(draft) for draft in drafts]
    desk = desk_of_process() if passage else None
    if desk:
        claims.claim_unborn(_that_may_go(desk, orders))
    else:
        _leave_open_where(orders)
    unit.write(db.insertion(Order, [_row(draft, order, passage) for draft, order in zip(drafts, orders, strict=True)]))
    commands: dict[str, BusEvent] = {}
    for draft, order, cause in zip(drafts, orders, causes, strict=True):
        order_id, payload = str(draft.decision_id), place_payload(draft, order)
        commands[order_id] = unit.emit(
            "orders", payload, key=placing_key(order_id), occurred_at=draft.occurred_at, cause=cause
        )
    if desk:
        _send_claimed(unit, desk, orders, commands)


def _that_may_go(desk: Desk, orders: Sequence[LiveOrder]) -> list[LiveOrder]:
    """Those that a fill can be computed for and that the mode in force lets go; who may not is refused by its claim."""
    ready = [one for one in orders if desk.can_fill(one.symbol, one.side, one.quantity, one.order_type)]
    going = direct(desk.account, ready, desk.mode, desk.at_hand)
    return [one for one in ready if one not in going.refused and one not in going.waiting]


def _leave_open_where(orders: Sequence[LiveOrder]) -> None:
    """Beside execution nobody knows which keys it has: its claim says where an order goes."""
    if settings.ENVIRONMENT.VENUE != PAPER_VENUE:
        for order in orders:
            order.venue = ""


def _send_claimed(
    unit: outbox.UnitOfWork, desk: Desk, orders: Sequence[LiveOrder], commands: dict[str, BusEvent]
) -> None:
    """Send what is claimed when all is committed. The command has said so: no result is due before the venue's."""
    claimed = [order for order in orders if order.state == OrderState.SUBMITTED]
    for order in claimed:
        unit.take(commands[str(order.order_id)], EXECUTION)
    if claimed:
        claimed_at = desk.clock.market_now()
        unit.then(lambda: desk.send_claimed(claimed, commands, claimed_at=claimed_at))


def _row(draft: OrderDraft, order: LiveOrder, passage: claims.Passage | None) -> dict[str, Any]:
    passed = passage if order.state == OrderState.SUBMITTED else None
    return {
        "order_id": draft.decision_id,
        "client_order_id": draft.client_order_id,
        "decision_id": draft.decision_id,
        "signal_id": draft.signal_id,
        "account": draft.account,
        "symbol": draft.symbol,
        "kind": draft.kind,
        "side": draft.side,
        "order_type": draft.order_type,
        "reduce_only": draft.reduce_only,
        "quantity": draft.quantity,
        "limit_price": draft.limit_price,
        "decision_price": draft.decision_price,
        "reserved_notional": draft.reserved_notional,
        "filled_quantity": ZERO,
        "filled_notional": ZERO,
        "fee": ZERO,
        "realized_pnl": ZERO,
        "state": order.state,
        "reason_code": "",
        "venue": order.venue,
        "venue_order_id": "",
        "version": order.version,
        "valid_for_s": draft.valid_for_s,
        "occurred_at": draft.occurred_at,
        "claimed_at": passed.at if passed else None,
        "gate_number": passed.number if passed else None,
    }
