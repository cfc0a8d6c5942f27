"""Claims: the step that takes an order to the venue's door, committed before anything is sent.

NEW → SUBMITTED under the gate's lock, shared, or SUBMITTED from birth where the decision is made beside execution: an
entry while trading is not ACTIVE, or of a symbol that may not be bought now, becomes CANCELED here, one past its
deadline EXPIRED, and neither is ever sent. What a venue left without an answer becomes UNKNOWN, and is claimed again
only after the venue was asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cdb_site import db
from cdb_site.bus import outbox
from cdb_site.bus.events import BusEvent
from cdb_site.clock import Clock
from execution import expiry, queries
from execution.commands import NO_CAUSES
from execution.destinations import WITHDRAWN, direct, not_real_any_more
from execution.mode_in_force import ModeInForce
from execution.operations import publish_result, store_states
from execution.rules.orders import DEADLINE_PASSED, LiveOrder
from execution.rules.states import OrderEvent, OrderState, advance

LEASE_S = 5.0
ENTRY_STATES = frozenset({"ACTIVE"})
STORE_SILENCE = """UPDATE "order" SET state = new.state, version = new.version
    FROM jsonb_to_recordset(%s::jsonb) AS new (order_id uuid, state text, version int)
    WHERE "order".order_id = new.order_id"""


def claim(
    name: str,
    order_ids: Sequence[str],
    *,
    clock: Clock,
    causes: Mapping[str, BusEvent],
    mode: ModeInForce | None = None,
    at_hand: Collection[str] = (),
) -> list[LiveOrder]:
    """NEW → SUBMITTED for those that may go, committed before anything is sent; exits come first.

    1. The gate is locked (shared: only a change of the trading state excludes it), the state read under the lock, and a
       number taken that says before and after which changes this claim was.
    2. Only orders still NEW are taken: whoever comes second finds nothing.
    3. Each is given its venue by the mode in force (`execution.destinations`); `at_hand` are those of this process.
    4. An entry that may not go any more becomes CANCELED, one past its deadline EXPIRED, and neither is ever sent.
    """
    with outbox.unit_of_work("execution") as unit:
        numbers, states, rows, late, shut = db.select_together(
            [
                (queries.GATE_PASSED, (name,)),
                (queries.TRADING_STATE, (name,)),
                (queries.ORDERS_LOCKED, (list(order_ids),)),
                (queries.PAST_DEADLINE, (list(order_ids),)),
                (queries.NOT_BUYABLE_OF_ORDERS, (list(order_ids),)),
            ]
        )
        state, not_buyable = queries.trading_state_from(states), {row[0] for row in shut}
        unclaimed = [order for order in queries.orders_from(rows) if order.state == OrderState.NEW]
        going = direct(name, unclaimed, mode, at_hand)
        fresh = [order for order in unclaimed if order not in going.waiting]
        for order in fresh:
            hindrance = _hindrance(order, state, not_buyable) or going.refused.get(order, "")
            _claim_one(order, hindrance, late=(order.order_id,) in late)
        store_states(unit, fresh, gate_number=numbers[0][0])
        for order in fresh:
            publish_result(unit, order, [], clock, causes.get(str(order.order_id)))
        expiry.tell(name, sum(order.state == OrderState.EXPIRED for order in fresh))
    claimed = [order for order in fresh if order.state == OrderState.SUBMITTED]
    return sorted(claimed, key=lambda order: not order.reduce_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The gate, locked and shared until the transaction ends: when, and its place among the changes of the state."""

    number: int
    at: datetime


def claim_unborn(orders: Sequence[LiveOrder]) -> None:
    """NEW → SUBMITTED, of orders that the transaction which decided them is about to store.

    Call with the gate locked before the decision read trading state and instruments: then what hinders a claim has
    refused the entry already, and none of these has waited.
    """
    for order in orders:
        _claim_one(order, "", late=False)


def claim_again(
    name: str, order_ids: Sequence[str], mode: ModeInForce | None = None
) -> tuple[list[LiveOrder], dict[LiveOrder, str]]:
    """(orders that may be sent once more, orders to cancel at the venue with the reason).

    They were claimed and never reached the venue. Gate and deadline hold for them as for new ones, a wish to cancel as
    well. Their lease is taken over under the row's lock: of two processes that found them lost, one gets them.
    """
    with transaction.atomic():
        _, states, rows, leased, wished, late, shut = db.select_together(
            [
                (queries.GATE_SHARED, (name,)),
                (queries.TRADING_STATE, (name,)),
                (queries.ORDERS_LOCKED, (list(order_ids),)),
                (queries.TAKE_LEASES, (list(order_ids), LEASE_S)),
                (queries.CANCEL_WISHED, (list(order_ids),)),
                (queries.PAST_DEADLINE, (list(order_ids),)),
                (queries.NOT_BUYABLE_OF_ORDERS, (list(order_ids),)),
            ]
        )
        waiting = [order for order in queries.orders_from(rows) if (order.order_id,) in leased]
        withdrawn = not_real_any_more(waiting, mode)
    state, unwanted = queries.trading_state_from(states), {row[0] for row in wished}
    not_buyable = {row[0] for row in shut}
    refused = {order: DEADLINE_PASSED for order in waiting if (order.order_id,) in late}
    refused |= {order: reason for order in waiting if (reason := _hindrance(order, state, not_buyable))}
    refused |= dict.fromkeys(withdrawn, WITHDRAWN)
    refused |= {order: "CANCEL_REQUESTED" for order in waiting if order.order_id in unwanted}
    return [order for order in waiting if order not in refused], refused


def no_answer(name: str, order_ids: Sequence[str], *, clock: Clock, causes: Mapping[str, BusEvent] = NO_CAUSES) -> None:
    """Sent, and the venue said nothing: UNKNOWN until it is asked. Their worst cost stays reserved."""
    with outbox.unit_of_work("execution") as unit:
        queries.account(name, lock=True)
        silent = [order for order in queries.orders_for_update(order_ids) if order.state == OrderState.SUBMITTED]
        for order in silent:
            order.state = advance(OrderState.SUBMITTED, OrderEvent.NO_ANSWER)
            order.version += 1
        rows = [{"order_id": order.order_id, "state": order.state, "version": order.version} for order in silent]
        if rows:
            unit.write(db.Write(statement=STORE_SILENCE, parameters=(db.as_json(rows),)))
        for order in silent:
            publish_result(unit, order, [], clock, causes.get(str(order.order_id)))


def _hindrance(order: LiveOrder, trading_state: str, not_buyable: Collection[str]) -> str:
    """Why an order may not go to the venue now; empty when it may. Nothing hinders an exit."""
    if order.reduce_only:
        return ""
    if trading_state not in ENTRY_STATES:
        return f"TRADING_{trading_state}"
    return "INSTRUMENT_NOT_TRADABLE" if order.symbol in not_buyable else ""


def _claim_one(order: LiveOrder, hindrance: str, *, late: bool) -> None:
    event, reason = OrderEvent.CLAIM, ""
    if hindrance:
        event, reason = OrderEvent.CANCEL, hindrance
    elif late:
        event, reason = OrderEvent.EXPIRE, DEADLINE_PASSED
    order.state = advance(OrderState(order.state), event)
    order.reason_code = reason
    order.version += 1
