"""Closed round trips as a tax return asks for them: what was paid, what came back, how long it was held.

    cost      cash that the buys of the trip took, fees included
    proceeds  cash that its sells brought, fees taken off
    gain      proceeds − cost

All three are sums of the ledger's own entries, so the gains of all trips are what trading did to the cash. A trip goes
from flat to flat and takes its entry at the average, as the books do: it is not first-in-first-out, which would part
purchases that were sold together. Amounts are in the quote asset of the account, not in money of a state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import execution.queries
from cdb_site import db
from execution.rules.accounting import ZERO
from risk.exports.reading import ExportRow, portions
from risk.exports.tables import TAX
from risk.exports.wishes import ExportWish

AVERAGE_ENTRY = "AVERAGE_ENTRY"
HEAD = (
    "One row a closed round trip of one symbol, from flat to flat, by the day it was closed; the last row sums up.",
    "Cost by average entry, as the books count: this is not first-in-first-out (FIFO).",
    "Amounts are in the quote asset named in each row and are not converted. Columns: docs/exports.md.",
)
# The fills of a trip are a query of its own that is not pulled up, else all fills would be joined with all trips.
FACTS = """
    SELECT trip.last, array_agg(f.fill_id ORDER BY f.fill_id), array_agg(DISTINCT f.fee_asset ORDER BY f.fee_asset),
      coalesce(sum(f.quantity) FILTER (WHERE f.side = 'BUY'), 0),
      coalesce(sum(f.quantity) FILTER (WHERE f.side = 'SELL'), 0),
      CASE WHEN bool_and(moved.cash IS NOT NULL) THEN -sum(moved.cash) FILTER (WHERE f.side = 'BUY') END,
      CASE WHEN bool_and(moved.cash IS NOT NULL) THEN sum(moved.cash) FILTER (WHERE f.side = 'SELL') END
    FROM unnest(%(symbols)s::text[], %(first)s::bigint[], %(last)s::bigint[]) AS trip (symbol, first, last)
    CROSS JOIN LATERAL (SELECT * FROM fill
      WHERE account_id = %(account)s AND symbol = trip.symbol AND fill_id BETWEEN trip.first AND trip.last
      ORDER BY fill_id) AS f
    CROSS JOIN LATERAL (SELECT sum(l.amount) AS cash FROM ledger_entry l WHERE l.fill_id = f.fill_id) AS moved
    GROUP BY trip.last"""
FACTS_READ = ("fill_ids", "fee_assets", "bought", "sold", "cost", "proceeds")
# Of a trip whose fills are not in the books, or not in the ledger; the audit names it.
NOT_KNOWN: Mapping[str, Any] = dict.fromkeys(FACTS_READ)
SUMMED = ("cost", "proceeds", "gain", "fees", "gain_in_books")


def tax_portions(wish: ExportWish, account: str) -> Iterator[list[ExportRow]]:
    """The trips in portions, and their sum as the last row of the last one."""
    currency = _currency(account)
    sums: dict[str, Decimal | None] = dict.fromkeys(SUMMED, ZERO)
    for trips in portions(replace(wish, what="round-trips"), account):
        facts = _facts(trips, account)
        rows = [_row(trip, facts.get(trip["last_fill_id"], NOT_KNOWN), wish, currency) for trip in trips]
        for row, name in product(rows, SUMMED):
            sums[name] = plus(sums[name], row[name])
        yield rows
    yield [_sum_row(sums, currency)]


def _currency(account: str) -> str | None:
    try:
        return execution.queries.account(account).quote_asset
    except LookupError:
        return None


def _facts(trips: Sequence[ExportRow], account: str) -> dict[int, dict[str, Any]]:
    """Of each trip, by its last fill, what its fills and the ledger say."""
    asked = {
        "account": account,
        "symbols": [trip["symbol"] for trip in trips],
        "first": [trip["first_fill_id"] for trip in trips],
        "last": [trip["last_fill_id"] for trip in trips],
    }
    return {last: dict(zip(FACTS_READ, facts, strict=True)) for last, *facts in db.select(FACTS, asked)}


def _row(trip: ExportRow, facts: Mapping[str, Any], wish: ExportWish, currency: str | None) -> ExportRow:
    opened, closed = (trip[name].astimezone(wish.zone) for name in ("opened_at", "closed_at"))
    return {
        "row": "TRIP",
        "symbol": trip["symbol"],
        "opened_at": trip["opened_at"],
        "closed_at": trip["closed_at"],
        "opened_local": local(opened),
        "closed_local": local(closed),
        "holding_days": holding_days(opened.date(), closed.date()),
        "quantity_bought": facts["bought"],
        "quantity_sold": facts["sold"],
        "currency": currency,
        "cost": facts["cost"],
        "proceeds": facts["proceeds"],
        "gain": less(facts["proceeds"], facts["cost"]),
        "fees": trip["fees"],
        "fee_asset": " ".join(facts["fee_assets"] or ()),
        "gain_in_books": trip["net"],
        "cost_method": AVERAGE_ENTRY,
        "exit_reason": trip["exit_reason"],
        "fill_ids": " ".join(map(str, facts["fill_ids"] or ())),
    }


def plus(sum_so_far: Decimal | None, value: Decimal | None) -> Decimal | None:
    """A sum of which a part is not known is not known."""
    return None if sum_so_far is None or value is None else sum_so_far + value


def less(value: Decimal | None, taken_off: Decimal | None) -> Decimal | None:
    return None if value is None or taken_off is None else value - taken_off


def _sum_row(sums: Mapping[str, Decimal | None], currency: str | None) -> ExportRow:
    """What has no sum is empty in it."""
    told = {"row": "SUM", "currency": currency, "cost_method": AVERAGE_ENTRY, **sums}
    return {name: told.get(name) for name in TAX.columns}


def local(moment: datetime) -> str:
    """A time of its zone, to the second, with its distance from UTC."""
    return moment.isoformat(sep=" ", timespec="seconds")


def holding_days(opened: date, closed: date) -> int:
    """Midnights between them."""
    return (closed - opened).days
