"""The bookings of a day in the order of the account's versions, and how the books stood before the first of them.

A transaction that books writes ledger entries of one time, and raises the account's version by one for its fills and by
one for each payment. What the books were before comes from the ledger's sums and, by symbol, from the fills since the
position was last flat: no other row is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import execution.queries
from cdb_site import db
from execution.booking import episode_of
from execution.rules.accounting import Holding
from replay.rules.recorded_day import DayBooking, DayFill
from replay.rules.standing import booked

NUMBERED = """WITH grouped AS (SELECT recorded_at, min(id) AS first, min(fill_id) AS first_fill,
        min(occurred_at) AS begun, max(occurred_at) AS ended,
        max((fill_id IS NOT NULL)::int) + count(*) FILTER (WHERE fill_id IS NULL) AS steps,
        coalesce(sum(amount) FILTER (WHERE fill_id IS NULL), 0) AS paid
      FROM ledger_entry WHERE account_id = %(account)s GROUP BY recorded_at),
    numbered AS (SELECT *, sum(steps) OVER (ORDER BY first) AS version FROM grouped)"""
SPAN = f"""{NUMBERED} SELECT min(version - steps) FILTER (WHERE ended >= %(since)s AND begun < %(until)s),
    max(version) FILTER (WHERE ended >= %(since)s AND begun < %(until)s), max(version) FROM numbered"""  # noqa: S608
GROUPS = f"""{NUMBERED} SELECT version::bigint, recorded_at, paid, first, first_fill FROM numbered
    WHERE version > %(after)s AND version <= %(last)s ORDER BY version"""  # noqa: S608
FIRST_AFTER = f"{NUMBERED} SELECT min(first), min(first_fill) FROM numbered WHERE version > %(after)s"  # noqa: S608
BEFORE = """SELECT coalesce(sum(amount), 0), coalesce(sum(amount) FILTER (WHERE fill_id IS NULL), 0)
    FROM ledger_entry WHERE account_id = %(account)s AND (%(first)s::bigint IS NULL OR id < %(first)s)"""
FILL = """fill.fill_id, fill.order_id, fill.symbol, fill.side, fill.price, fill.quantity, fill.fee,
    coalesce(fill.fee_quantity, 0), coalesce(fill.dust_quantity, 0), fill.realized_pnl, fill.executed_at"""
HELD_BEFORE = f"""WITH own AS (SELECT *, sum({execution.queries.UNITS.format(fill="fill")})
        OVER (PARTITION BY symbol ORDER BY fill_id) AS held FROM fill
      WHERE account_id = %(account)s AND (%(first)s::bigint IS NULL OR fill_id < %(first)s))
    SELECT {FILL}, 0 FROM own AS fill
    WHERE fill_id > coalesce((SELECT max(flat.fill_id) FROM own AS flat
      WHERE flat.symbol = fill.symbol AND flat.held = 0), 0) ORDER BY fill_id"""  # noqa: S608
FILLS = f"""SELECT {FILL}, coalesce(moved.cash, 0), moved.recorded_at FROM fill JOIN LATERAL (
      SELECT sum(amount) AS cash, min(recorded_at) AS recorded_at FROM ledger_entry
      WHERE ledger_entry.fill_id = fill.fill_id) AS moved ON true
    WHERE fill.account_id = %(account)s AND fill.fill_id >= %(first)s AND moved.recorded_at <= %(until)s
    ORDER BY fill.fill_id"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How the books stood at a version, and what followed. `unnumbered` are steps of the version that no entry made:
    books that were rebuilt."""

    version: int
    cash: Decimal
    paid_in: Decimal
    holdings: dict[str, Holding]
    bookings: tuple[DayBooking, ...]
    unnumbered: int


def read(account: str, since: datetime, until: datetime, seen: Sequence[int]) -> Books:
    """The bookings of a day of market time, from the version that its first decision saw on; `seen` are the versions
    that decisions saw."""
    asked: dict[str, Any] = {"account": account, "since": since, "until": until}
    first, last, newest = db.select(SPAN, asked)[0]
    unnumbered = max(0, execution.queries.account(account).version - int(newest or 0))
    lowest = min([version - unnumbered for version in seen], default=None)
    after = min(one for one in (first, lowest, newest or 0) if one is not None)
    last = max(one for one in (last, max(seen, default=None), after) if one is not None)
    groups = db.select(GROUPS, {**asked, "after": after, "last": last})
    entry, fill = db.select(FIRST_AFTER, {**asked, "after": after})[0]
    cash, paid_in = db.select(BEFORE, {**asked, "first": entry})[0]
    return Books(
        version=int(after),
        cash=cash,
        paid_in=paid_in,
        holdings=_held_before(asked, fill),
        bookings=_bookings(asked, groups),
        unnumbered=unnumbered,
    )


def _held_before(asked: dict[str, Any], first: int | None) -> dict[str, Holding]:
    """The positions that the fills before this one left."""
    holdings: dict[str, Holding] = {}
    for row in db.select(HELD_BEFORE, {**asked, "first": first}):
        fill = _fill(row)
        holdings[fill.symbol] = booked(holdings.get(fill.symbol, Holding(symbol=fill.symbol)), fill).holding
    return holdings


def _bookings(asked: dict[str, Any], groups: Sequence[tuple[Any, ...]]) -> tuple[DayBooking, ...]:
    first = next((row[4] for row in groups if row[4] is not None), None)
    by_time: dict[datetime, list[DayFill]] = {}
    if first is not None:
        for row in db.select(FILLS, {**asked, "first": first, "until": groups[-1][1]}):
            by_time.setdefault(row[12], []).append(_fill(row))
    return tuple(
        DayBooking(version=row[0], at=row[1], fills=tuple(by_time.get(row[1], ())), paid=row[2]) for row in groups
    )


def _fill(row: tuple[Any, ...]) -> DayFill:
    return DayFill(
        fill_id=row[0],
        order_id=row[1],
        episode_id=episode_of(row[1]),
        symbol=row[2],
        side=row[3],
        price=row[4],
        quantity=row[5],
        fee=row[6],
        base_fee=row[7],
        dust=row[8],
        realized_pnl=row[9],
        executed_at=row[10],
        cash=row[11],
    )
