"""Recording what a venue answered: fills, ledger, position, account and order, in one transaction per micro-batch.

A fill takes effect once: it is inserted under (order, trade_id), and only trades whose row was new change anything
else. Orders that were sent from here are booked without reading, on the positions as last known: the one statement that
writes it all finds the account at that version and the orders as they were sent, or nothing is booked and all is read.
An answer that cannot be booked is set aside and stops no other. What it changes is worked out in
`execution.rules.settling`, and written by `execution.booking_rows`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from prometheus_client import Counter

from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.bus.events import BusEvent, deterministic_id
from cdb_site.clock import Clock, iso
from cdb_site.tallying import count
from cdb_site.units import plain
from execution import booking_rows, expiry, queries, unbookable
from execution.known_positions import KnownAccount, known_positions
from execution.operations import publish_result
from execution.rules.accounting import Holding
from execution.rules.orders import DEADLINE_PASSED, LiveOrder
from execution.rules.settling import Changes
from execution.rules.states import OrderState
from execution.venues.protocol import Report, Trade

log = logging.getLogger(__name__)
FILLS = Counter("cdb_fills_total", "Fills booked", ["side"])
OVERTAKEN = Counter("cdb_bookings_overtaken_total", "Bookings done again because account or orders had gone on")
ORDERS = Counter("cdb_orders_closed_total", "Orders that reached an end", ["state"])

KNOWN_TRADES = "SELECT order_id, trade_id FROM fill WHERE order_id = ANY(%s::uuid[])"


def record(
    name: str,
    reports: dict[str, Report],
    *,
    clock: Clock,
    causes: Mapping[str, BusEvent],
    sent: Sequence[LiveOrder] = (),
) -> int:
    """Book the venue's answers, keyed by order id. Returns how many fills were new. Recording twice changes nothing.

    All in one transaction; if one of them cannot be booked, each in its own, and that one is set aside. `sent` are the
    orders as they were claimed, where all of them were.
    """
    try:
        return record_together(name, reports, clock=clock, causes=causes, sent=sent)
    except unbookable.FAULTS as problem:
        if len(reports) == 1:
            [(order_id, report)] = reports.items()
            log.exception("the answer to order %s cannot be booked", order_id)
            unbookable.set_aside(order_id, report, problem)
            return 0
    alone = [{order_id: report} for order_id, report in reports.items()]
    return sum(record(name, one, clock=clock, causes=causes) for one in alone)


def record_together(
    name: str,
    reports: dict[str, Report],
    *,
    clock: Clock,
    causes: Mapping[str, BusEvent],
    sent: Sequence[LiveOrder] = (),
) -> int:
    """Book all of these answers or none; raises what hinders."""
    unread = _unread(name, reports, sent)
    if unread:
        try:
            return _book_all(name, reports, unread, clock=clock, causes=causes)
        except (db.Overtaken, *unbookable.FAULTS):  # what does not fit the positions of the past may fit today's
            OVERTAKEN.inc()
    return _book_all(name, reports, None, clock=clock, causes=causes)


@dataclass(frozen=True, slots=True)
class BookedOn:
    """What answers are booked on: the account, its positions by symbol, the orders, and which of their trades are
    booked already."""

    account: queries.AccountRow | KnownAccount
    holdings: Mapping[str, Holding]
    orders: Sequence[LiveOrder]
    booked: Set[tuple[UUID, str]] = frozenset()

    @property
    def known(self) -> KnownAccount | None:
        """The account, where it was not read."""
        return self.account if isinstance(self.account, KnownAccount) else None


def _book_all(
    name: str,
    reports: Mapping[str, Report],
    unread: BookedOn | None,
    *,
    clock: Clock,
    causes: Mapping[str, BusEvent],
) -> int:
    """One transaction. Raises Overtaken where `unread` is not how things stand."""
    with outbox.unit_of_work("execution", in_line=True) as unit:
        stands = unread or _read_locked(name, reports)
        changes = Changes(
            account=name,
            quote_asset=stands.account.quote_asset,
            step_of=queries.quantity_step,
            holdings=dict(stands.holdings),
        )
        changed = []
        for order in stands.orders:
            report = reports[str(order.order_id)]
            trades = [trade for trade in report.trades if (order.order_id, trade.trade_id) not in stands.booked]
            unbookable.check(report)
            if changes.settle(order, report, trades, episode_id=episode_of(order.order_id)):
                changed.append((order, trades))
        positions = changes.positions()
        booking_rows.write(unit, changes, positions, known=stands.known)
        booking_rows.write_orders(unit, [order for order, _ in changed], as_sent=unread is not None)
        for order, trades in changed:
            publish_result(unit, order, [_spoken(trade) for trade in trades], clock, causes.get(str(order.order_id)))
            _tell_of_rejection(order)
        expiry.tell(name, sum(order.reason_code == DEADLINE_PASSED for order, _ in changed))
        # A batch that is rolled back has ended no order.
        if changes.fills:
            transaction.on_commit(lambda: known_positions(name).booked(stands.account, positions))
        transaction.on_commit(lambda: _count(changes, [order for order, _ in changed]))
    return len(changes.fills)


def _unread(name: str, reports: Mapping[str, Report], sent: Sequence[LiveOrder]) -> BookedOn | None:
    """How things stood when these orders were sent, where every answer is that of one of them and has trades."""
    known = known_positions(name).last
    answered = [order for order in sent if str(order.order_id) in reports]
    if known.opened_at is None or len(answered) != len(reports) or not all(one.trades for one in reports.values()):
        return None
    return BookedOn(known, known.rows, answered)


def _read_locked(name: str, reports: Mapping[str, Report]) -> BookedOn:
    ids = list(reports)
    locked, orders, known = db.select_together(
        [(queries.ACCOUNT_LOCKED, (name,)), (queries.ORDERS_LOCKED, (ids,)), (KNOWN_TRADES, (ids,))]
    )
    account = queries.account_from(name, locked)
    holdings = known_positions(name).of(account)
    return BookedOn(account, holdings, queries.orders_from(orders), {(row[0], row[1]) for row in known})


def _count(changes: Changes, orders: Sequence[LiveOrder]) -> None:
    count(FILLS, ((fill["side"],) for fill in changes.fills))
    count(ORDERS, ((str(order.state),) for order in orders))


def episode_of(order_id: UUID) -> UUID:
    """The name of the time from flat to flat that this order's fill begins."""
    return deterministic_id("episode", str(order_id))


def _spoken(trade: Trade) -> dict[str, Any]:
    return {
        "trade_id": trade.trade_id,
        "price": plain(trade.price),
        "quantity": plain(trade.quantity),
        "fee": plain(trade.fee),
        "fee_asset": trade.fee_asset,
        "executed_at": iso(trade.executed_at),
    }


def _tell_of_rejection(order: LiveOrder) -> None:
    if order.state == OrderState.REJECTED:
        alerts.raise_alert(
            "ORDER_REJECTED",
            source="execution",
            key=str(order.order_id),
            params={"symbol": order.symbol, "reason_code": order.reason_code},
        )
