"""Reads of the books: the account under its lock, open orders, positions, the trading state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cdb_site import db
from execution.orders import LiveOrder
from execution.states import OPEN

PAPER = "paper"
OPEN_STATES = sorted(map(str, OPEN))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    account: str
    quote_asset: str
    cash: Decimal
    realized_pnl: Decimal
    fees: Decimal
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    symbol: str
    quantity: Decimal
    avg_entry_price: Decimal
    realized_pnl: Decimal
    episode_id: UUID | None
    opened_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    order_id: UUID
    symbol: str
    side: str
    reserved_notional: Decimal


def account(name: str, *, lock: bool = False) -> AccountRow:
    """The account; `lock` holds its row until the transaction ends. LookupError when it was never opened."""
    statement = "SELECT account, quote_asset, cash, realized_pnl, fees, version FROM account WHERE account = %s"
    rows = db.select(statement + (" FOR UPDATE" if lock else ""), (name,))
    if not rows:
        raise LookupError(f"account {name!r} was never opened; run `manage.py open_account`")
    keys = ("account", "quote_asset", "cash", "realized_pnl", "fees", "version")
    return AccountRow(**dict(zip(keys, rows[0], strict=True)))


def trading_state(name: str) -> str:
    """ACTIVE, REDUCING or HALTED. No history means HALTED."""
    rows = db.select("SELECT state FROM trading_state_change WHERE account_id = %s ORDER BY id DESC LIMIT 1", (name,))
    return str(rows[0][0]) if rows else "HALTED"


def open_positions(name: str) -> dict[str, PositionRow]:
    """Positions that are not flat, by symbol."""
    rows = db.select(
        "SELECT symbol, quantity, avg_entry_price, realized_pnl, episode_id, opened_at, version"
        " FROM position WHERE account_id = %s AND quantity > 0 ORDER BY symbol",
        (name,),
    )
    return {row[0]: _position(row) for row in rows}


def positions_for_update(name: str, symbols: Iterable[str]) -> dict[str, PositionRow]:
    """Position rows of these symbols, locked; call with the account locked."""
    rows = db.select(
        "SELECT symbol, quantity, avg_entry_price, realized_pnl, episode_id, opened_at, version"
        " FROM position WHERE account_id = %s AND symbol = ANY(%s) ORDER BY symbol FOR UPDATE",
        (name, sorted(set(symbols))),
    )
    return {row[0]: _position(row) for row in rows}


def _position(row: tuple[object, ...]) -> PositionRow:
    keys = ("symbol", "quantity", "avg_entry_price", "realized_pnl", "episode_id", "opened_at", "version")
    return PositionRow(**dict(zip(keys, row, strict=True)))  # type: ignore[arg-type]


def open_orders(name: str) -> list[OpenOrder]:
    """Orders that may still fill, with what they reserve."""
    rows = db.select(
        'SELECT order_id, symbol, side, reserved_notional FROM "order" WHERE account_id = %s AND state = ANY(%s)',
        (name, OPEN_STATES),
    )
    return [OpenOrder(order_id=row[0], symbol=row[1], side=row[2], reserved_notional=row[3]) for row in rows]


LIVE_COLUMNS = (
    "order_id, client_order_id, decision_id, signal_id, account_id, symbol, kind, side, order_type, reduce_only,"
    " quantity, limit_price, decision_price, filled_quantity, filled_notional, fee, realized_pnl, state, version,"
    " occurred_at, reason_code"
)
LIVE_KEYS = tuple(name.strip().removesuffix("_id") if "account" in name else name.strip() for name in LIVE_COLUMNS.split(","))


ORDERS_BY_ID = f'SELECT {LIVE_COLUMNS} FROM "order" WHERE order_id = ANY(%s::uuid[]) ORDER BY created_at, order_id'  # noqa: S608


def orders_by_id(order_ids: Sequence[str | UUID]) -> list[LiveOrder]:
    """These orders, oldest first."""
    return _live_orders(ORDERS_BY_ID, order_ids)


def orders_for_update(order_ids: Sequence[str | UUID]) -> list[LiveOrder]:
    """These orders, locked; call with the account locked."""
    return _live_orders(f"{ORDERS_BY_ID} FOR UPDATE", order_ids)


def _live_orders(statement: str, order_ids: Sequence[str | UUID]) -> list[LiveOrder]:
    if not order_ids:
        return []
    rows = db.select(statement, (list(map(str, order_ids)),))
    return [LiveOrder(**dict(zip(LIVE_KEYS, row, strict=True))) for row in rows]


def new_orders_older_than(seconds: float, limit: int = 500) -> list[str]:
    """Ids of orders still NEW after that time: their doorbell was lost, or an exit waits for a quote."""
    rows = db.select(
        """SELECT order_id FROM "order" WHERE state = 'NEW' AND created_at < now() - make_interval(secs => %s)
           ORDER BY created_at LIMIT %s""",
        (seconds, limit),
    )
    return [str(row[0]) for row in rows]


def unanswered_orders(seconds: float, limit: int = 500) -> list[str]:
    """Ids of orders claimed that long ago whose answer was never recorded."""
    rows = db.select(
        """SELECT order_id FROM "order" WHERE state IN ('SUBMITTED', 'UNKNOWN', 'PARTIALLY_FILLED')
           AND claimed_at < now() - make_interval(secs => %s) ORDER BY claimed_at LIMIT %s""",
        (seconds, limit),
    )
    return [str(row[0]) for row in rows]
