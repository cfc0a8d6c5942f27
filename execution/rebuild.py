"""Rebuilding the books: everything that derives from fills and ledger, computed anew and compared to what is stored.

The same functions that booked live (`execution.rules.accounting`) run over the fills in the order they were
recorded, so a difference of a single digit is a fault and not a rounding. The ledger's legs must be what they give; it
is append-only and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cdb_site import db
from execution import queries
from execution.booking import episode_of
from execution.models import Position
from execution.rules.accounting import ZERO, Holding, begun, book, notional

CASH = """SELECT coalesce(sum(amount), 0), coalesce(-sum(capital), 0) FROM ledger_entry WHERE account_id = %s"""
FILLS = """SELECT order_id, symbol, side, price, quantity, fee, coalesce(fee_quantity, 0), coalesce(dust_quantity, 0),
      executed_at FROM fill WHERE account_id = %s ORDER BY fill_id"""
LEGS = ("amount", "inventory", "fees", "realized", "units")
LEDGER = f"""SELECT symbol, {", ".join(f"sum(ledger_entry.{name})" for name in LEGS)}
    FROM ledger_entry JOIN fill USING (fill_id) WHERE ledger_entry.account_id = %s GROUP BY symbol"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDifference:
    """One stored figure that the fills do not give."""

    table: str
    row: str
    column: str
    stored: Decimal
    rebuilt: Decimal

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.column} is {self.stored}, the fills give {self.rebuilt}"


@dataclass(slots=True, kw_only=True)
class Sums:
    """What an order's fills add up to."""

    filled_quantity: Decimal = ZERO
    filled_notional: Decimal = ZERO
    fee: Decimal = ZERO
    realized_pnl: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """The books as the fills and the ledger give them."""

    cash: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    paid_in: Decimal = ZERO
    legs: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    orders: dict[UUID, Sums] = field(default_factory=dict)


def rebuild(account: str) -> Rebuilt:
    """Run all fills of the account through the books' arithmetic. Raises Oversold if they sell more than was held."""
    books = Rebuilt()
    [(books.cash, books.paid_in)] = db.select(CASH, (account,))
    for order_id, symbol, side, price, quantity, fee, base_fee, dust, executed_at in db.select(FILLS, (account,)):
        before = books.holdings.get(symbol, Holding(symbol=symbol))
        before = begun(before, episode_id=episode_of(order_id), opened_at=executed_at)
        booking = book(before, side=side, price=price, quantity=quantity, fee=fee, base_fee=base_fee, dust=dust)
        books.holdings[symbol] = booking.holding
        legs = books.legs.setdefault(symbol, dict.fromkeys(LEGS, ZERO))
        for name in LEGS:
            legs[name] += sum((getattr(entry, name) for entry in booking.entries), ZERO)
        books.realized_pnl += booking.realized_pnl
        books.fees += fee
        sums = books.orders.setdefault(order_id, Sums())
        sums.filled_quantity += quantity
        sums.filled_notional += notional(price, quantity)
        sums.fee += fee
        sums.realized_pnl += booking.realized_pnl
    return books


def differences(account: str) -> list[BookDifference]:
    """Compare the stored books to the rebuilt ones, in one consistent reading."""
    with db.snapshot():
        rebuilt = rebuild(account)
        return [
            BookDifference(table=table, row=row, column=column, stored=stored, rebuilt=computed)
            for table, row, column, stored, computed in _pairs(account, rebuilt)
            if stored != computed
        ]


def _pairs(account: str, rebuilt: Rebuilt) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
    stored = queries.account(account)
    for column in ("cash", "realized_pnl", "fees", "paid_in"):
        yield "account", account, column, getattr(stored, column), getattr(rebuilt, column)
    yield from _ledger_pairs(account, rebuilt)
    yield from _position_pairs(account, rebuilt)
    yield from _order_pairs(account, rebuilt)


def _ledger_pairs(account: str, rebuilt: Rebuilt) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
    stored = {row[0]: dict(zip(LEGS, row[1:], strict=True)) for row in db.select(LEDGER, (account,))}
    nothing = dict.fromkeys(LEGS, ZERO)
    for symbol in sorted(stored.keys() | rebuilt.legs.keys()):
        for name in LEGS:
            yield "ledger of", symbol, name, stored.get(symbol, nothing)[name], rebuilt.legs.get(symbol, nothing)[name]


def _position_pairs(account: str, rebuilt: Rebuilt) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
    columns = ("quantity", "avg_entry_price", "realized_pnl")
    rows = db.select(
        "SELECT symbol, quantity, avg_entry_price, realized_pnl FROM position WHERE account_id = %s", (account,)
    )
    stored = {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}
    for symbol in sorted(set(stored) | set(rebuilt.holdings)):
        holding = rebuilt.holdings.get(symbol, Holding(symbol=symbol))
        for column in columns:
            yield "position", symbol, column, stored.get(symbol, {}).get(column, ZERO), getattr(holding, column)


def _order_pairs(account: str, rebuilt: Rebuilt) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
    columns = ("filled_quantity", "filled_notional", "fee", "realized_pnl")
    rows = db.select(
        'SELECT order_id, filled_quantity, filled_notional, fee, realized_pnl FROM "order" WHERE account_id = %s',
        (account,),
    )
    for row in rows:
        sums = rebuilt.orders.get(row[0], Sums())
        for column, value in zip(columns, row[1:], strict=True):
            yield "order", str(row[0]), column, value, getattr(sums, column)


def write(account: str) -> int:
    """Set every derived row to what the fills give. Returns how many figures differed. Fills and ledger stay."""
    with transaction.atomic():
        db.take_time()
        queries.account(account, lock=True)
        found = differences(account)
        if found:
            rebuilt = rebuild(account)
            _write_account(account, rebuilt)
            _write_positions(account, rebuilt)
            _write_orders(account, rebuilt)
        return len(found)


def _write_account(account: str, rebuilt: Rebuilt) -> None:
    db.execute(
        "UPDATE account SET cash = %s, realized_pnl = %s, fees = %s, paid_in = %s, version = version + 1"
        " WHERE account = %s",
        (rebuilt.cash, rebuilt.realized_pnl, rebuilt.fees, rebuilt.paid_in, account),
    )


def _write_positions(account: str, rebuilt: Rebuilt) -> None:
    """All positions anew, with the episodes their fills began."""
    versions = dict(db.select("SELECT symbol, version FROM position WHERE account_id = %s", (account,)))
    rows = [
        {
            "account": account,
            "symbol": symbol,
            "quantity": holding.quantity,
            "avg_entry_price": holding.avg_entry_price,
            "realized_pnl": holding.realized_pnl,
            "episode_id": holding.episode_id,
            "opened_at": holding.opened_at,
            "version": versions.get(symbol, 0) + 1,
        }
        for symbol, holding in sorted(rebuilt.holdings.items())
    ]
    db.execute("DELETE FROM position WHERE account_id = %s", (account,))
    db.bulk_insert(Position, rows)


def _write_orders(account: str, rebuilt: Rebuilt) -> None:
    columns = ("filled_quantity", "filled_notional", "fee", "realized_pnl")
    rows = [
        {"order_id": order_id, **{name: getattr(sums, name) for name in columns}}
        for order_id, sums in rebuilt.orders.items()
    ]
    db.execute(
        """UPDATE "order" SET filled_quantity = new.filled_quantity, filled_notional = new.filled_notional,
               fee = new.fee, realized_pnl = new.realized_pnl
           FROM jsonb_to_recordset(%s::jsonb) AS new (order_id uuid, filled_quantity numeric, filled_notional numeric,
               fee numeric, realized_pnl numeric)
           WHERE "order".order_id = new.order_id AND account_id = %s""",
        (db.as_json(rows), account),
    )
