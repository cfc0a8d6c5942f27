"""The rows of a booking: how what is settled is written, all of it in the one statement of a unit of work.

Where nothing was read, the statement finds the account at the version that is known here and the orders as they were
sent, or writes nothing (`db.Overtaken`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdb_site import db
from cdb_site.bus import outbox
from execution.known_positions import KnownAccount
from execution.models import Fill, Position
from execution.rules.accounting import Holding
from execution.rules.orders import LiveOrder
from execution.rules.settling import Changes

# What an entry does not move is left out of its JSON.
LEDGER = """
    INSERT INTO ledger_entry (account_id, kind, amount, inventory, fees, realized, units, fill_id, occurred_at)
    SELECT new.account, new.kind, new.amount, coalesce(new.inventory, 0), coalesce(new.fees, 0),
      coalesce(new.realized, 0), coalesce(new.units, 0), new_fill.fill_id, new.occurred_at
    FROM jsonb_to_recordset(%s::jsonb)
         AS new (order_id uuid, trade_id text, account text, kind text, amount numeric, inventory numeric, fees numeric,
                 realized numeric, units numeric, occurred_at timestamptz)
    JOIN new_fill ON new_fill.order_id = new.order_id AND new_fill.trade_id = new.trade_id"""
# Of most fills there is neither.
RARE = ("fee_quantity", "dust_quantity")

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
    "venue_order_id",
)
# What an open order reserves goes down with what is left of it. The ids stand twice: of a set of rows the planner does
# not know how few they are, and would read every order.
UPDATE_ORDERS = """
    UPDATE "order" SET state = new.state, version = new.version, reason_code = new.reason_code,
        filled_quantity = new.filled_quantity, filled_notional = new.filled_notional, fee = new.fee,
        realized_pnl = new.realized_pnl, venue_order_id = new.venue_order_id,
        closed_at = CASE WHEN new.state IN ('SUBMITTED', 'PARTIALLY_FILLED') THEN NULL ELSE now() END,
        reserved_notional = CASE WHEN new.state IN ('SUBMITTED', 'PARTIALLY_FILLED') THEN "order".reserved_notional
            * (quantity - new.filled_quantity) / (quantity - "order".filled_quantity) ELSE 0 END
    FROM jsonb_to_recordset(%s::jsonb) AS new (order_id uuid, state text, version int, reason_code text,
        filled_quantity numeric, filled_notional numeric, fee numeric, realized_pnl numeric, venue_order_id text)
    WHERE "order".order_id = new.order_id AND "order".order_id = ANY(%s::uuid[])"""
# Whatever changes an order that was sent raises its version. What has filled nothing has no trades. The account is
# locked first, as by everybody.
AS_SENT = """ AND "order".state = 'SUBMITTED' AND "order".filled_quantity = 0 AND "order".version = new.version - 1
      AND EXISTS (SELECT FROM known_account) RETURNING 1"""


def write(
    unit: outbox.UnitOfWork, changes: Changes, positions: Mapping[str, Holding], *, known: KnownAccount | None
) -> None:
    """Fills with their ledger entries, the changed positions and the account. `known` is the account as it is taken
    for, where it was not read."""
    if not changes.fills:
        return
    unit.write(_account(changes, known))
    unit.write(_fills(changes, unread=known is not None))
    unit.write(db.Write(statement=LEDGER, parameters=(db.as_json(changes.ledger),)))
    rows = [_position(changes.account, holding) for holding in positions.values()]
    unit.write(db.insertion(Position, rows, on_conflict=REPLACE_POSITION))


def _account(changes: Changes, known: KnownAccount | None) -> db.Write:
    figures = (changes.cash, changes.realized_pnl, changes.fees, changes.account)
    if known is None:
        return db.Write(statement=UPDATE_ACCOUNT, parameters=figures)
    return db.Write(
        statement=UPDATE_ACCOUNT + AS_KNOWN,
        parameters=(*figures, known.version, known.opened_at),
        name="known_account",
        expected=1,
    )


def _fills(changes: Changes, *, unread: bool) -> db.Write:
    """Where trades were not looked up, one that is booked already is no fault of the answer: all is read then."""
    absent = {name for name in RARE if all(fill[name] is None for fill in changes.fills)}
    return db.insertion(
        Fill,
        [{name: value for name, value in fill.items() if name not in absent} for fill in changes.fills],
        on_conflict="(order_id, trade_id) DO NOTHING" if unread else "",
        returning="fill_id, order_id, trade_id",
        name="new_fill",
        expected=len(changes.fills) if unread else None,
    )


def _position(account: str, holding: Holding) -> dict[str, Any]:
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


def write_orders(unit: outbox.UnitOfWork, orders: Sequence[LiveOrder], *, as_sent: bool) -> None:
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
