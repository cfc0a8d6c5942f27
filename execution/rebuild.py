"""Rebuilding the books: everything that derives from fills and ledger, computed anew and compared to what is stored.

The same functions that booked live (`execution.books`) run over the fills in the order they were recorded, so a
difference of a single digit is a fault and not a rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cdb_site import db
from execution import queries
from execution.books import ZERO, Holding, book, notional


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
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
    holdings: dict[str, Holding] = field(default_factory=dict)
    orders: dict[UUID, Sums] = field(default_factory=dict)


def rebuild(account: str) -> Rebuilt:
    """Run all fills of the account through the books' arithmetic. Raises Oversold if they sell more than was held."""
    books = Rebuilt()
    books.cash = db.select(
        "SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account_id = %s", (account,)
    )[0][0]
    fills = db.select(
        "SELECT order_id, symbol, side, price, quantity, fee FROM fill WHERE account_id = %s ORDER BY fill_id",
        (account,),
    )
    for order_id, symbol, side, price, quantity, fee in fills:
        booking = book(books.holdings.get(symbol, Holding()), side=side, price=price, quantity=quantity, fee=fee)
        books.holdings[symbol] = booking.holding
        books.realized_pnl += booking.realized_pnl
        books.fees += fee
        sums = books.orders.setdefault(order_id, Sums())
        sums.filled_quantity += quantity
        sums.filled_notional += notional(price, quantity)
        sums.fee += fee
        sums.realized_pnl += booking.realized_pnl
    return books


def differences(account: str) -> list[Difference]:
    """Compare the stored books to the rebuilt ones, in one consistent reading."""
    with transaction.atomic():
        queries.account(account, lock=True)
        rebuilt = rebuild(account)
        return [
            Difference(table=table, row=row, column=column, stored=stored, rebuilt=computed)
            for table, row, column, stored, computed in _pairs(account, rebuilt)
            if stored != computed
        ]


def _pairs(account: str, rebuilt: Rebuilt) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
    stored = queries.account(account)
    for column in ("cash", "realized_pnl", "fees"):
        yield "account", account, column, getattr(stored, column), getattr(rebuilt, column)
    yield from _position_pairs(account, rebuilt)
    yield from _order_pairs(account, rebuilt)


def _position_pairs(account: str, rebuilt: Rebuilt) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
    columns = ("quantity", "avg_entry_price", "realized_pnl")
    rows = db.select(
        "SELECT symbol, quantity, avg_entry_price, realized_pnl FROM position WHERE account_id = %s", (account,)
    )
    stored = {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}
    for symbol in sorted(set(stored) | set(rebuilt.holdings)):
        holding = rebuilt.holdings.get(symbol, Holding())
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
    """Set every derived figure to what the fills give. Returns how many differed. Fills and ledger are not touched."""
    with transaction.atomic():
        queries.account(account, lock=True)
        found = differences(account)
        for difference in found:
            _set(account, difference)
        return len(found)


def _set(account: str, difference: Difference) -> None:
    column = f'"{difference.column}"'
    keys: dict[str, tuple[str, tuple[Any, ...]]] = {
        "account": ("account = %s", (account,)),
        "position": ("account_id = %s AND symbol = %s", (account, difference.row)),
        "order": ("order_id = %s", (difference.row,)),
    }
    where, values = keys[difference.table]
    db.execute(f'UPDATE "{difference.table}" SET {column} = %s WHERE {where}', (difference.rebuilt, *values))  # noqa: S608
