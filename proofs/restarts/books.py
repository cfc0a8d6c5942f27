"""What the account was worth before and after a restart, and what the difference came from.

    equity after − equity before = Σ quantity × market's move + Σ fills × (mark after − their price) − fees − dust

Both sides are put together independently: the left from the two `portfolio` messages that the page shows, the right
from ledger and fills. The fills between two messages are those between the two amounts of cash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import psycopg

from proofs.rig.connections import redis_client

CENT = Decimal("0.01")
OFF_MAX = Decimal("0.01")
LEDGER = """SELECT l.id, l.kind, l.amount, f.fill_id FROM ledger_entry l LEFT JOIN fill f ON f.fill_id = l.fill_id
    WHERE l.account_id = 'paper' ORDER BY l.id"""
FILLS = """SELECT f.fill_id, f.symbol, CASE f.side WHEN 'BUY' THEN f.quantity ELSE -f.quantity END
      - coalesce(f.fee_quantity, 0), coalesce(f.dust_quantity, 0), f.price, f.fee, c.low, c.high, f.side
    FROM fill f LEFT JOIN LATERAL (SELECT min(low) AS low, max(high) AS high FROM marketdata_candle
      WHERE instrument_id = f.symbol AND "interval" = %s
        AND open_time BETWEEN f.executed_at - interval '2 minutes' AND f.executed_at + interval '1 minute') c ON true
    WHERE f.account_id = 'paper' ORDER BY f.fill_id"""
HALTS = "SELECT id, changed_by, reason FROM trading_state_change WHERE state = 'HALTED' AND id > %s ORDER BY id"


@dataclass(frozen=True, kw_only=True)
class ShownPosition:
    quantity: Decimal
    mark: Decimal


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One `portfolio` message."""

    marked_at: str
    equity: Decimal
    cash: Decimal
    trading_state: str
    held: Mapping[str, ShownPosition]

    @property
    def sum(self) -> Decimal:
        return self.cash + sum((row.quantity * row.mark for row in self.held.values()), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class TradedFill:
    """`quantity` is signed, less a fee in base units; `dust` was given up with it for nothing. `low` and `high` are the
    market's around it, None while no candle of it is stored."""

    fill_id: int
    symbol: str
    quantity: Decimal
    dust: Decimal
    price: Decimal
    fee: Decimal
    low: Decimal | None
    high: Decimal | None
    side: str

    @property
    def absurd(self) -> bool:
        """More than 1 % outside of what the market traded at around it."""
        if self.low is None or self.high is None:
            return False
        return not self.low * (1 - OFF_MAX) <= self.price <= self.high * (1 + OFF_MAX)


class BooksFailure(Exception):
    """The books cannot be read as they must be."""


def shown(env: Mapping[str, str]) -> Shown | None:
    """The newest `portfolio` message; None while there is none."""
    entries: Any = redis_client(env).xrevrange("cdb:portfolio", count=1)
    if not entries:
        return None
    payload = orjson.loads(entries[0][1][b"e"])["payload"]
    held = {
        row["symbol"]: ShownPosition(quantity=Decimal(row["quantity"]), mark=Decimal(row["mark_price"]))
        for row in payload["positions"]
    }
    return Shown(
        marked_at=payload["marked_at"],
        equity=Decimal(payload["equity"]),
        cash=Decimal(payload["cash"]),
        trading_state=payload["trading_state"],
        held=held,
    )


def difference(before: Shown, after: Shown, env: Mapping[str, str]) -> tuple[Decimal, list[TradedFill], Decimal]:
    """(what of the equity's change nothing explains, the fills between, what was paid in or out)."""
    with _connection(env) as connection:
        ledger = connection.execute(LEDGER).fetchall()
        fills = {row[0]: TradedFill(**dict(zip(TradedFill.__annotations__, row, strict=True)))
                 for row in connection.execute(FILLS, (env.get("INTERVAL", "1m"),)).fetchall()}  # fmt: skip
    between = ledger[_place(ledger, before.cash) : _place(ledger, after.cash)]
    paid = sum((row[2] for row in between if row[1] not in ("TRADE", "FEE")), Decimal(0))
    numbers = sorted({row[3] for row in between if row[3] is not None})
    traded = [fills[number] for number in numbers]
    return after.equity - before.equity - paid - _explained(before, after, traded), traded, paid


def _explained(before: Shown, after: Shown, traded: list[TradedFill]) -> Decimal:
    """What market, fills and fees made of it. A position's quantity must be that of before and its fills."""
    total = Decimal(0)
    for symbol in {*before.held, *after.held, *(fill.symbol for fill in traded)}:
        mine = [fill for fill in traded if fill.symbol == symbol]
        old, new = before.held.get(symbol), after.held.get(symbol)
        quantity = (old.quantity if old else Decimal(0)) + sum((fill.quantity - fill.dust for fill in mine), Decimal(0))
        if quantity != (new.quantity if new else Decimal(0)):
            raise BooksFailure(f"{symbol}: the fills leave {quantity}, shown is {new.quantity if new else 0}")
        total += quantity * new.mark if new else Decimal(0)
        total -= old.quantity * old.mark if old else Decimal(0)
        total -= sum((fill.quantity * fill.price + fill.fee for fill in mine), Decimal(0))
    return total


def _place(ledger: list[Any], cash: Decimal) -> int:
    """How many entries make this cash: the newest such place. Trade and fee of one fill are one step."""
    total, place = Decimal(0), None
    for number, row in enumerate(ledger, start=1):
        total += row[2]
        if abs(total - cash) < Decimal("1e-10"):
            place = number
    if place is None:
        raise BooksFailure(f"no sum of the ledger is the cash that is shown, {cash}")
    return place


def halts(env: Mapping[str, str], after_id: int) -> list[tuple[int, str, str]]:
    """(id, by, reason) of the halts since that one."""
    with _connection(env) as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(HALTS, (after_id,)).fetchall()]


def _connection(env: Mapping[str, str]) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=env["POSTGRES_HOST"],
        port=env["POSTGRES_PORT"],
        dbname=env["POSTGRES_DB"],
        user=env["POSTGRES_USER"],
        password=env["POSTGRES_PASSWORD"],
    )
