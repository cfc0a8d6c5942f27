"""Reads of the books: the account under its lock, open orders, positions, the trading state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cdb_site import db
from execution.rules.accounting import Holding
from execution.rules.orders import LiveOfSymbol, LiveOrder
from marketdata.models import Instrument
from marketdata.queries import NOT_BUYABLE

PAPER = "paper"
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    account: str
    quote_asset: str
    cash: Decimal
    realized_pnl: Decimal
    fees: Decimal
    paid_in: Decimal
    version: int
    decisions: int
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    order_id: UUID
    symbol: str
    side: str
    reserved_notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What one owner holds trading at, and since when."""

    owner: str
    state: str
    by: str
    reason: str
    since: datetime


ACCOUNT_KEYS = tuple(AccountRow.__dataclass_fields__)
ACCOUNT = f"SELECT {', '.join(ACCOUNT_KEYS)} FROM account WHERE account = %s"  # noqa: S608
ACCOUNT_LOCKED = f"{ACCOUNT} FOR UPDATE"
# The gate's lock: claims share it, a change of the trading state excludes them. A claim therefore need not wait for
# decisions and fills, which hold the account's row.
GATE_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtext('trading state of ' || %s))"
GATE_EXCLUSIVE = "SELECT pg_advisory_xact_lock(hashtext('trading state of ' || %s))"
# Strictest last. The newest row of each owner is what it holds: four short looks into one index.
STATES = ("ACTIVE", "REDUCING", "HALTED")
HOLD_KEYS = ("owner", "state", "by", "reason", "since")
HOLDS_OF = """SELECT held.* FROM (VALUES ('OPERATOR'), ('LOSS'), ('BREAKERS'), ('AUDIT')) AS known (owner),
    LATERAL (SELECT owner, state, changed_by, reason, changed_at FROM trading_state_change
      WHERE account_id = {account} AND owner = known.owner ORDER BY id DESC LIMIT 1) AS held"""
TRADING_STATE = HOLDS_OF.format(account="%s")
# One sequence numbers claims and changes of the state, both under the gate's lock: their order, whatever clocks say.
GATE_PASSED = f"""WITH gate AS MATERIALIZED ({GATE_SHARED})
    SELECT nextval(pg_get_serial_sequence('trading_state_change', 'id')), clock_timestamp() FROM gate"""  # noqa: S608
# By how much a fill changed its position, in base units.
UNITS = (
    "(CASE {fill}.side WHEN 'BUY' THEN {fill}.quantity ELSE -{fill}.quantity END"
    " - coalesce({fill}.fee_quantity, 0) - coalesce({fill}.dust_quantity, 0))"
)
DUST = """SELECT symbol, sum(dust_quantity) FROM fill WHERE account_id = %s AND dust_quantity IS NOT NULL
    GROUP BY symbol ORDER BY symbol"""
POSITION_KEYS = ("symbol", "quantity", "avg_entry_price", "realized_pnl", "episode_id", "opened_at", "version")
POSITIONS = f"SELECT {', '.join(POSITION_KEYS)} FROM position WHERE account_id = %s"  # noqa: S608
OPEN_POSITIONS = f"{POSITIONS} AND quantity > 0 ORDER BY symbol"
OF_ORDERS = '(SELECT symbol FROM "order" WHERE order_id = ANY(%s::uuid[]))'
NOT_BUYABLE_OF_ORDERS = f"{NOT_BUYABLE} AND symbol IN {OF_ORDERS}"
OPEN_ORDERS = (
    'SELECT order_id, symbol, side, reserved_notional FROM "order" WHERE account_id = %s'
    " AND state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN')"
)

LIVE_OF_SYMBOLS = (
    'SELECT symbol, side, state, cancel_requested_at IS NOT NULL FROM "order" WHERE account_id = %s'
    " AND symbol = ANY(%s) AND state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN')"
)


def account(name: str, *, lock: bool = False) -> AccountRow:
    """The account; `lock` holds its row until the transaction ends. LookupError when it was never opened."""
    return account_from(name, db.select(ACCOUNT_LOCKED if lock else ACCOUNT, (name,)))


def account_from(name: str, rows: Rows) -> AccountRow:
    if not rows:
        raise LookupError(f"account {name!r} was never opened; run `manage.py open_account`")
    return AccountRow(**dict(zip(ACCOUNT_KEYS, rows[0], strict=True)))


def trading_state(name: str) -> str:
    """ACTIVE, REDUCING or HALTED: the strictest of what its owners hold. No history means HALTED."""
    return trading_state_from(db.select(TRADING_STATE, (name,)))


def trading_state_from(rows: Rows) -> str:
    return strictest(str(row[1]) for row in rows)


def strictest(states: Iterable[str]) -> str:
    """Of what the owners hold trading at; HALTED when nobody ever said anything."""
    return max(states, key=STATES.index, default="HALTED")


def holds(name: str) -> list[Hold]:
    """Who keeps trading from being ACTIVE, the strictest first, then the longest. Empty when nobody does."""
    found = [Hold(**dict(zip(HOLD_KEYS, row, strict=True))) for row in db.select(TRADING_STATE, (name,))]
    return sorted(
        (hold for hold in found if hold.state != "ACTIVE"), key=lambda hold: (-STATES.index(hold.state), hold.since)
    )


def open_positions(name: str) -> dict[str, Holding]:
    """Positions that are not flat, by symbol."""
    return positions_from(db.select(OPEN_POSITIONS, (name,)))


def positions_from(rows: Rows) -> dict[str, Holding]:
    return {row[0]: Holding(**dict(zip(POSITION_KEYS, row, strict=True))) for row in rows}


def dust(name: str) -> dict[str, Decimal]:
    """Base units by symbol that exits left behind: they are at the venue, and no position."""
    return dict(db.select(DUST, (name,)))


def quantity_step(symbol: str) -> Decimal | None:
    """The step that an instrument's quantities have at present; None while it is not listed."""
    return Instrument.objects.filter(symbol=symbol).values_list("quantity_step", flat=True).first()


def open_orders(name: str) -> list[OpenOrder]:
    """Orders that may still fill, with what they reserve."""
    rows = db.select(OPEN_ORDERS, (name,))
    return [OpenOrder(order_id=row[0], symbol=row[1], side=row[2], reserved_notional=row[3]) for row in rows]


def live_orders(name: str, symbols: Sequence[str]) -> dict[str, list[LiveOfSymbol]]:
    """Orders of these symbols that may still fill."""
    rows = db.select(LIVE_OF_SYMBOLS, (name, list(symbols)))
    found: dict[str, list[LiveOfSymbol]] = {}
    for symbol, side, state, cancel_requested in rows:
        found.setdefault(symbol, []).append(LiveOfSymbol(side=side, state=state, cancel_requested=cancel_requested))
    return found


LIVE_COLUMNS = (
    "order_id, client_order_id, decision_id, signal_id, account_id, symbol, kind, side, order_type, reduce_only,"
    " quantity, limit_price, decision_price, filled_quantity, filled_notional, fee, realized_pnl, state, version,"
    " occurred_at, reason_code, venue_order_id, venue"
)
LIVE_KEYS = tuple(
    name.strip().removesuffix("_id") if "account" in name else name.strip() for name in LIVE_COLUMNS.split(",")
)


OURS = re.compile(r"[0-9a-f]{32}")
ORDERS_BY_ID = f'SELECT {LIVE_COLUMNS} FROM "order" WHERE order_id = ANY(%s::uuid[]) ORDER BY created_at, order_id'  # noqa: S608

# Locked in the order of their ids, as everybody does who writes several.
ORDERS_LOCKED = f"""WITH locked AS MATERIALIZED (SELECT {LIVE_COLUMNS}, created_at FROM "order"
      WHERE order_id = ANY(%s::uuid[]) ORDER BY order_id FOR UPDATE)
    SELECT {LIVE_COLUMNS} FROM locked ORDER BY created_at, order_id"""  # noqa: S608
CANCEL_WISHED = 'SELECT order_id FROM "order" WHERE order_id = ANY(%s::uuid[]) AND cancel_requested_at IS NOT NULL'
# Whoever sends an order holds it from its claim on, as long as it says so every now and then.
LEASE_OVER = "greatest(claimed_at, leased_at) < clock_timestamp() - make_interval(secs => %s)"
TAKE_LEASES = f"""UPDATE "order" SET leased_at = clock_timestamp() WHERE order_id = ANY(%s::uuid[])
    AND state IN ('SUBMITTED', 'UNKNOWN') AND {LEASE_OVER} RETURNING order_id"""  # noqa: S608
# What somebody else has locked is being booked or looked for: its lease need not be renewed, nor may it be waited for.
RENEW_LEASES = """UPDATE "order" SET leased_at = clock_timestamp() WHERE order_id IN (
    SELECT order_id FROM "order" WHERE order_id = ANY(%s::uuid[])
      AND state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN') FOR UPDATE SKIP LOCKED)"""
END_LEASES = """UPDATE "order" SET leased_at = NULL WHERE order_id = ANY(%s::uuid[])"""
# By the database's clock alone: a step of a service's clock neither sends an old entry nor ends a young one.
PAST_DEADLINE = """SELECT order_id FROM "order" WHERE order_id = ANY(%s::uuid[])
    AND created_at + make_interval(secs => valid_for_s::double precision) < clock_timestamp()"""
OPEN_ENTRIES_LOCKED = (
    f'SELECT {LIVE_COLUMNS} FROM "order" WHERE account_id = %s AND NOT reduce_only'  # noqa: S608
    " AND state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN') ORDER BY created_at, order_id FOR UPDATE"
)

WAITING_EXITS_LOCKED = (
    f'SELECT {LIVE_COLUMNS} FROM "order" WHERE account_id = %s AND symbol = ANY(%s) AND reduce_only'  # noqa: S608
    " AND state = 'NEW' ORDER BY created_at, order_id FOR UPDATE"
)


def orders_by_id(order_ids: Sequence[str | UUID]) -> list[LiveOrder]:
    """These orders, oldest first."""
    return orders_from(db.select(ORDERS_BY_ID, (list(map(str, order_ids)),))) if order_ids else []


def orders_by_client_id(client_order_ids: Sequence[str]) -> list[LiveOrder]:
    """Those of these that are ours: a client_order_id is the order's id as 32 hex digits."""
    return orders_by_id([name for name in client_order_ids if OURS.fullmatch(name)])


def orders_for_update(order_ids: Sequence[str | UUID]) -> list[LiveOrder]:
    """These orders, locked; call with the account locked."""
    return orders_from(db.select(ORDERS_LOCKED, (list(map(str, order_ids)),)))


def open_entries_for_update(name: str) -> list[LiveOrder]:
    """Open buys of the account, locked; call with the account locked."""
    return orders_from(db.select(OPEN_ENTRIES_LOCKED, (name,)))


def has_entries_to_cancel(name: str) -> bool:
    """Whether a buy is open that nobody has asked to cancel."""
    rows = db.select(
        """SELECT 1 FROM "order" WHERE account_id = %s AND NOT reduce_only AND cancel_requested_at IS NULL
           AND state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN') LIMIT 1""",
        (name,),
    )
    return bool(rows)


def waiting_exits_for_update(name: str, symbols: Sequence[str]) -> list[LiveOrder]:
    """Exits of these symbols that no venue has seen, locked; call with the account locked."""
    return orders_from(db.select(WAITING_EXITS_LOCKED, (name, list(symbols))))


def orders_from(rows: Rows) -> list[LiveOrder]:
    return [LiveOrder(**dict(zip(LIVE_KEYS, row, strict=True))) for row in rows]


def new_orders_older_than(seconds: float, limit: int = 500) -> list[str]:
    """Ids of orders still NEW after that time: their doorbell was lost, or they wait for a quote."""
    rows = db.select(
        """SELECT order_id FROM "order" WHERE state = 'NEW' AND created_at < now() - make_interval(secs => %s)
           ORDER BY created_at LIMIT %s""",
        (seconds, limit),
    )
    return [str(row[0]) for row in rows]


def wished_to_cancel(order_ids: Sequence[str]) -> set[str]:
    """Those of these orders that somebody asked to cancel."""
    return {str(row[0]) for row in db.select(CANCEL_WISHED, (list(order_ids),))}


def past_deadline(order_ids: Sequence[str]) -> set[str]:
    """Those of these orders that may not be sent any more because they waited too long."""
    return {str(row[0]) for row in db.select(PAST_DEADLINE, (list(order_ids),))}


def unanswered_orders(seconds: float, limit: int = 500) -> list[str]:
    """Ids of orders whose lease ended that long ago without an answer recorded; not those with one in quarantine."""
    rows = db.select(
        f"""SELECT order_id FROM "order" WHERE state IN ('SUBMITTED', 'UNKNOWN', 'PARTIALLY_FILLED')
           AND {LEASE_OVER}
           AND NOT EXISTS (SELECT 1 FROM quarantined_answer AS kept
             WHERE kept.order_id = "order".order_id AND kept.state = 'OPEN') ORDER BY claimed_at LIMIT %s""",  # noqa: S608
        (seconds, limit),
    )
    return [str(row[0]) for row in rows]


def rejections(name: str, seconds: float, limit: int = 50) -> tuple[int, int]:
    """(closed, rejected by the venue) of the last orders closed within that time."""
    rows = db.select(
        """SELECT count(*), count(*) FILTER (WHERE state = 'REJECTED') FROM (
             SELECT state FROM "order" WHERE account_id = %s AND state IN ('FILLED', 'EXPIRED', 'REJECTED')
               AND reason_code NOT IN ('SYSTEM_DEAD_LETTER', 'ORDER_DEADLINE_PASSED')
               AND closed_at > now() - make_interval(secs => %s) ORDER BY closed_at DESC LIMIT %s) AS last""",
        (name, seconds, limit),
    )
    return int(rows[0][0]), int(rows[0][1])


def slippages(name: str, seconds: float) -> list[tuple[str, str, Decimal]]:
    """(order id, symbol, fraction worse than decided) of orders filled and closed within that time."""
    rows = db.select(
        """SELECT order_id, symbol, (CASE side WHEN 'BUY' THEN 1 ELSE -1 END)
                  * (filled_notional / filled_quantity - decision_price) / decision_price
           FROM "order" WHERE account_id = %s AND closed_at > now() - make_interval(secs => %s)
             AND filled_quantity > 0 AND decision_price > 0""",
        (name, seconds),
    )
    return [(str(row[0]), row[1], row[2]) for row in rows]
