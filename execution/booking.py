"""Recording what a venue answered: fills, ledger, position, account and order, in one transaction per micro-batch.

A fill takes effect once: it is inserted under (order, trade_id), and only trades whose row was new change anything
else. Orders that were sent from here are booked without reading, on the positions as last known: the one statement that
writes it all finds the account at that version and the orders as they were sent, or nothing is booked and all is read.
An answer that cannot be booked is set aside and stops no other. All arithmetic is `execution.rules.accounting`; this
module moves rows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
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
from execution import expiry, queries, unbookable
from execution.known_positions import KnownAccount, known_positions
from execution.models import Fill, Position
from execution.operations import publish_result
from execution.rules.accounting import ZERO, Booking, Holding, begun, book, notional
from execution.rules.orders import DEADLINE_PASSED, LiveOrder
from execution.rules.states import OrderEvent, OrderState, advance
from execution.venues.protocol import Report, Trade

log = logging.getLogger(__name__)
FILLS = Counter("cdb_fills_total", "Fills booked", ["side"])
OVERTAKEN = Counter("cdb_bookings_overtaken_total", "Bookings done again because account or orders had gone on")
ORDERS = Counter("cdb_orders_closed_total", "Orders that reached an end", ["state"])

KNOWN_TRADES = "SELECT order_id, trade_id FROM fill WHERE order_id = ANY(%s::uuid[])"
LEDGER = """
    INSERT INTO ledger_entry (account_id, kind, amount, fill_id, occurred_at)
    SELECT new.account, new.kind, new.amount, new_fill.fill_id, new.occurred_at
    FROM jsonb_to_recordset(%s::jsonb)
         AS new (order_id uuid, trade_id text, account text, kind text, amount numeric, occurred_at timestamptz)
    JOIN new_fill ON new_fill.order_id = new.order_id AND new_fill.trade_id = new.trade_id"""

REPLACE_POSITION = """(account_id, symbol) DO UPDATE SET quantity = EXCLUDED.quantity,
    avg_entry_price = EXCLUDED.avg_entry_price, realized_pnl = EXCLUDED.realized_pnl,
    episode_id = EXCLUDED.episode_id, opened_at = EXCLUDED.opened_at, version = EXCLUDED.version"""
UPDATE_ACCOUNT = """
    UPDATE account SET cash = cash + %s, realized_pnl = realized_pnl + %s, fees = fees + %s, version = version + 1
    WHERE account = %s"""
AS_KNOWN = " AND version = %s AND opened_at = %s RETURNING 1"
ORDER_COLUMNS = (
    "order_id",
    "state",
    "version",
    "reason_code",
    "filled_quantity",
    "filled_notional",
    "fee",
    "realized_pnl",
)
# The ids stand twice: of a set of rows the planner does not know how few they are, and would read every order.
UPDATE_ORDERS = """
    UPDATE "order" SET state = new.state, version = new.version, reason_code = new.reason_code,
        filled_quantity = new.filled_quantity, filled_notional = new.filled_notional, fee = new.fee,
        realized_pnl = new.realized_pnl, reserved_notional = 0, closed_at = now()
    FROM jsonb_to_recordset(%s::jsonb) AS new (order_id uuid, state text, version int, reason_code text,
        filled_quantity numeric, filled_notional numeric, fee numeric, realized_pnl numeric)
    WHERE "order".order_id = new.order_id AND "order".order_id = ANY(%s::uuid[])"""
# Whatever changes an order that was sent raises its version. What has filled nothing has no trades. The account is
# locked first, as by everybody.
AS_SENT = """ AND "order".state = 'SUBMITTED' AND "order".filled_quantity = 0 AND "order".version = new.version - 1
      AND EXISTS (SELECT FROM known_account) RETURNING 1"""


@dataclass(slots=True, kw_only=True)
class Books:
    """Everything a batch changes, collected to be written at once."""

    account: str
    holdings: dict[str, Holding]
    before: queries.AccountRow | KnownAccount
    fills: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    cash: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    touched: set[str] = field(default_factory=set)


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
        books = Books(account=name, before=stands.account, holdings=dict(stands.holdings))
        changed = []
        for order in stands.orders:
            report = reports[str(order.order_id)]
            trades = [trade for trade in report.trades if (order.order_id, trade.trade_id) not in stands.booked]
            unbookable.check(report)
            if _advance(order, report, trades):
                _book_trades(books, order, report, trades)
                changed.append((order, trades))
        _write(unit, books)
        _write_orders(unit, [order for order, _ in changed], as_sent=unread is not None)
        for order, trades in changed:
            publish_result(unit, order, [_spoken(trade) for trade in trades], clock, causes.get(str(order.order_id)))
            _tell_of_rejection(order)
        expiry.tell(name, sum(order.reason_code == DEADLINE_PASSED for order, _ in changed))
        # A batch that is rolled back has ended no order.
        transaction.on_commit(lambda: _remember(books))
        transaction.on_commit(lambda: _count(books, [order for order, _ in changed]))
    return len(books.fills)


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


def _remember(books: Books) -> None:
    """What is committed is known here from now on."""
    if books.fills:
        changed = {symbol: books.holdings[symbol] for symbol in books.touched}
        known_positions(books.account).booked(books.before, changed)


def _count(books: Books, orders: Sequence[LiveOrder]) -> None:
    count(FILLS, ((fill["side"],) for fill in books.fills))
    count(ORDERS, ((str(order.state),) for order in orders))


def episode_of(order_id: UUID) -> UUID:
    """The name of the time from flat to flat that this order's fill begins."""
    return deterministic_id("episode", str(order_id))


def _advance(order: LiveOrder, report: Report, trades: Sequence[Trade]) -> bool:
    """Move the order along its states; False when the answer was recorded before."""
    before = OrderState(order.state)
    if before not in (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED, OrderState.UNKNOWN):
        return False
    order.filled_quantity += sum((trade.quantity for trade in trades), ZERO)
    if report.canceled:
        ended_by = OrderEvent.EXPIRE if report.canceled == DEADLINE_PASSED else OrderEvent.CANCEL
        order.state, order.reason_code = advance(before, ended_by), report.canceled
    elif report.rejected:
        order.state, order.reason_code = advance(before, OrderEvent.REJECT), report.rejected
    elif order.filled_quantity == order.quantity:
        order.state = advance(before, OrderEvent.FILL)
    else:
        order.state = advance(before, OrderEvent.EXPIRE)
        order.reason_code = "VENUE_PARTIAL" if order.filled_quantity else "VENUE_NO_COUNTERPART"
    order.version += 1
    return True


def _book_trades(books: Books, order: LiveOrder, report: Report, trades: Sequence[Trade]) -> None:
    for trade in trades:
        before = books.holdings.get(order.symbol, Holding(symbol=order.symbol))
        before = begun(before, episode_id=episode_of(order.order_id), opened_at=trade.executed_at)
        booking = book(before, side=order.side, price=trade.price, quantity=trade.quantity, fee=trade.fee)
        books.holdings[order.symbol] = booking.holding
        order.filled_notional += notional(trade.price, trade.quantity)
        order.fee += trade.fee
        order.realized_pnl += booking.realized_pnl
        _collect(books, order, report, trade, booking)


def _collect(books: Books, order: LiveOrder, report: Report, trade: Trade, booking: Booking) -> None:
    books.touched.add(order.symbol)
    books.cash += booking.trade_amount + booking.fee_amount
    books.realized_pnl += booking.realized_pnl
    books.fees += trade.fee
    books.fills.append(
        {
            "order": order.order_id,
            "trade_id": trade.trade_id,
            "account": books.account,
            "symbol": order.symbol,
            "side": order.side,
            "price": trade.price,
            "quantity": trade.quantity,
            "fee": trade.fee,
            "fee_asset": trade.fee_asset,
            "realized_pnl": booking.realized_pnl,
            "executed_at": trade.executed_at,
            "model": report.model,
        }
    )
    for kind, change in (("TRADE", booking.trade_amount), ("FEE", booking.fee_amount)):
        books.ledger.append(
            {
                "order_id": order.order_id,
                "trade_id": trade.trade_id,
                "account": books.account,
                "kind": kind,
                "amount": change,
                "occurred_at": trade.executed_at,
            }
        )


def _write(unit: outbox.UnitOfWork, books: Books) -> None:
    if not books.fills:
        return
    unit.write(_account_write(books))
    unit.write(_fill_write(books))
    unit.write(db.Write(statement=LEDGER, parameters=(db.as_json(books.ledger),)))
    for symbol in books.touched:
        books.holdings[symbol] = replace(books.holdings[symbol], version=books.holdings[symbol].version + 1)
    rows = [_position_row(books.account, books.holdings[symbol]) for symbol in sorted(books.touched)]
    unit.write(db.insertion(Position, rows, on_conflict=REPLACE_POSITION))


def _account_write(books: Books) -> db.Write:
    changes = (books.cash, books.realized_pnl, books.fees, books.account)
    if not isinstance(books.before, KnownAccount):
        return db.Write(statement=UPDATE_ACCOUNT, parameters=changes)
    return db.Write(
        statement=UPDATE_ACCOUNT + AS_KNOWN,
        parameters=(*changes, books.before.version, books.before.opened_at),
        name="known_account",
        expected=1,
    )


def _fill_write(books: Books) -> db.Write:
    """Where trades were not looked up, one that is booked already is no fault of the answer: all is read then."""
    unread = isinstance(books.before, KnownAccount)
    return db.insertion(
        Fill,
        books.fills,
        on_conflict="(order_id, trade_id) DO NOTHING" if unread else "",
        returning="fill_id, order_id, trade_id",
        name="new_fill",
        expected=len(books.fills) if unread else None,
    )


def _position_row(account: str, holding: Holding) -> dict[str, Any]:
    return {
        "account": account,
        "symbol": holding.symbol,
        "quantity": holding.quantity,
        "avg_entry_price": holding.avg_entry_price,
        "realized_pnl": holding.realized_pnl,
        "episode_id": holding.episode_id,
        "opened_at": holding.opened_at,
        "version": holding.version,
    }


def _write_orders(unit: outbox.UnitOfWork, orders: Sequence[LiveOrder], *, as_sent: bool) -> None:
    """By id, as whoever looks after orders of one transaction locks them: in another order each could wait for the
    other."""
    if orders:
        ordered = sorted(orders, key=lambda order: order.order_id)
        rows = [{name: getattr(order, name) for name in ORDER_COLUMNS} for order in ordered]
        parameters = (db.as_json(rows), [str(order.order_id) for order in ordered])
        if as_sent:
            unit.write(
                db.Write(statement=UPDATE_ORDERS + AS_SENT, parameters=parameters, name="sent", expected=len(rows))
            )
        else:
            unit.write(db.Write(statement=UPDATE_ORDERS, parameters=parameters))


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
