"""Everything that writes the front of the books: opening the account, canceling entries, results.

Locks are taken in one order everywhere: account → gate → order → position. No lock is held while a venue is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from cdb_site import db
from cdb_site.bus import outbox
from cdb_site.bus.builders import builds
from cdb_site.bus.events import BusEvent
from cdb_site.clock import Clock, iso
from execution import queries
from execution.commands import placing_events
from execution.models import Account, LedgerEntry, Order, TradingStateChange
from execution.rules.orders import LiveOrder, cancel_command, result
from execution.rules.states import OrderEvent, OrderState, advance

STORE_STATES = """
    UPDATE "order" SET state = new.state, version = new.version, reason_code = new.reason_code, venue = new.venue,
        claimed_at = CASE WHEN new.state = 'SUBMITTED' THEN clock_timestamp() ELSE claimed_at END,
        gate_number = coalesce(%s::bigint, "order".gate_number),
        closed_at = CASE WHEN new.state = 'SUBMITTED' THEN NULL ELSE now() END,
        reserved_notional = CASE WHEN new.state = 'SUBMITTED' THEN reserved_notional ELSE 0 END
    FROM jsonb_to_recordset(%s::jsonb) AS new (order_id uuid, state text, version int, reason_code text, venue text)
    WHERE "order".order_id = new.order_id"""
ASK_TO_CANCEL = """UPDATE "order" SET cancel_requested_at = coalesce(cancel_requested_at, now())
    WHERE order_id = ANY(%s::uuid[])"""

COUNT_DECISIONS = "UPDATE account SET decisions = decisions + %s WHERE account = %s"


class Refused(Exception):
    """An operator's wish that cannot be granted; the text says why and what to do."""


def open_account(name: str, *, quote_asset: str, deposit: Decimal, clock: Clock) -> bool:
    """Open the account with its first deposit and the trading state ACTIVE. False if it was open already."""
    with outbox.unit_of_work("execution"):
        account, new = Account.objects.get_or_create(
            account=name,
            defaults={
                "quote_asset": quote_asset,
                "cash": deposit,
                "paid_in": deposit,
                "opened_at": clock.wall_now(),
            },
        )
        if not new:
            return False
        LedgerEntry.objects.create(
            account=account,
            kind=LedgerEntry.Kind.DEPOSIT,
            amount=deposit,
            capital=-deposit,
            paid_by="system",
            reason="account opened",
            occurred_at=clock.market_now(),
        )
        TradingStateChange.objects.create(account=account, state="ACTIVE", reason="account opened", changed_by="system")
        return True


def cancel_entries(
    unit: outbox.UnitOfWork, name: str, symbols: Collection[str] | None, *, reason_code: str, clock: Clock
) -> int:
    """Cancel open buys of these symbols (None: all) inside the unit; call with the account locked. Returns how many.

    What no venue has seen yet is CANCELED at once. For the others the wish is stored and rung as CANCEL: a fill that
    crosses it on the wire is legal.
    """
    open_buys = [order for order in queries.open_entries_for_update(name) if symbols is None or order.symbol in symbols]
    _cancel_buys(unit, open_buys, reason_code, clock)
    return len(open_buys)


def cancel_entry(unit: outbox.UnitOfWork, name: str, order_id: UUID, *, reason_code: str, clock: Clock) -> bool:
    """Cancel one open buy as above. False when it is none, or has ended."""
    chosen = [order for order in queries.open_entries_for_update(name) if str(order.order_id) == str(order_id)]
    _cancel_buys(unit, chosen, reason_code, clock)
    return bool(chosen)


def _cancel_buys(unit: outbox.UnitOfWork, open_buys: Sequence[LiveOrder], reason_code: str, clock: Clock) -> None:
    _cancel_unseen(unit, [order for order in open_buys if order.state == OrderState.NEW], reason_code, clock)
    sent = [order for order in open_buys if order.state != OrderState.CANCELED]
    _ask_to_cancel(unit, sent, clock)


def cancel_waiting_exits(
    unit: outbox.UnitOfWork, name: str, symbols: Collection[str], *, reason_code: str, clock: Clock
) -> None:
    """Cancel exits of these symbols that wait for a quote; inside the unit, with the account locked."""
    _cancel_unseen(unit, queries.waiting_exits_for_update(name, sorted(symbols)), reason_code, clock)


def _cancel_unseen(unit: outbox.UnitOfWork, orders: Sequence[LiveOrder], reason_code: str, clock: Clock) -> None:
    """What no venue has seen is CANCELED at once."""
    for order in orders:
        order.state = advance(OrderState.NEW, OrderEvent.CANCEL)
        order.reason_code = reason_code
        order.version += 1
    store_states(unit, orders)
    placed = placing_events([str(order.order_id) for order in orders])
    for order in orders:
        publish_result(unit, order, [], clock, placed.get(str(order.order_id)))


def _ask_to_cancel(unit: outbox.UnitOfWork, orders: Sequence[LiveOrder], clock: Clock) -> None:
    """The wish belongs to the chain of what it ends."""
    if not orders:
        return
    ids = [str(order.order_id) for order in orders]
    unit.write(db.Write(statement=ASK_TO_CANCEL, parameters=(ids,)))
    placed = placing_events(ids)
    for order_id, order in zip(ids, orders, strict=True):
        payload, cause = cancel_command(order), placed.get(order_id)
        unit.emit("orders", payload, key=f"{order_id}:CANCEL", occurred_at=clock.market_now(), cause=cause)


def cancelable(order_ids: Sequence[str]) -> list[LiveOrder]:
    """Those of these orders that are at a venue or on their way to it."""
    at_venue = (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED, OrderState.UNKNOWN)
    return [order for order in queries.orders_by_id(order_ids) if order.state in at_venue]


def store_states(unit: outbox.UnitOfWork, orders: Sequence[LiveOrder], *, gate_number: int | None = None) -> None:
    """Write what became of these orders; `gate_number` is that of their claim."""
    if orders:
        columns = ("order_id", "state", "version", "reason_code", "venue")
        rows = [{name: getattr(order, name) for name in columns} for order in orders]
        unit.write(db.Write(statement=STORE_STATES, parameters=(gate_number, db.as_json(rows))))


@builds("order_results")
def result_payload(order: LiveOrder, fills: list[dict[str, Any]]) -> dict[str, Any]:
    """The payload of topic `order_results`: an order after a change, with the fills that changed it."""
    return {**result(order, fills), "created_at": iso(order.occurred_at)}


def decisions_made(account: str, count: int) -> db.Write:
    """Count decisions of a locked account, of which each has a number."""
    return db.Write(statement=COUNT_DECISIONS, parameters=(count, account))


def publish_result(
    unit: outbox.UnitOfWork, order: LiveOrder, fills: list[dict[str, Any]], clock: Clock, cause: BusEvent | None
) -> None:
    """Ring `order_results` with the order's state after a change."""
    unit.emit(
        "order_results",
        result_payload(order, fills),
        key=f"{order.order_id}:{order.version}",
        occurred_at=clock.market_now(),
        cause=cause,
        correlation_id=None if cause else str(order.signal_id or order.decision_id),
    )


def reject_dead_letter(order_id: str, *, clock: Clock) -> None:
    """Settle an order whose command was given up: REJECTED SYSTEM_DEAD_LETTER, unless it went on meanwhile."""
    with outbox.unit_of_work("execution") as unit:
        account = Order.objects.filter(order_id=order_id).values_list("account_id", flat=True).first()
        if account is None:
            return
        queries.account(account, lock=True)
        orders = [order for order in queries.orders_for_update([order_id]) if order.state == OrderState.NEW]
        for order in orders:
            order.state = advance(OrderState.NEW, OrderEvent.REJECT)
            order.reason_code = "SYSTEM_DEAD_LETTER"
            order.version += 1
            Order.objects.filter(order_id=order.order_id).update(
                state=order.state,
                reason_code=order.reason_code,
                version=order.version,
                reserved_notional=0,
                closed_at=clock.wall_now(),
            )
            publish_result(unit, order, [], clock, None)
