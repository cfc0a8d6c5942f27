"""The rows of an export, oldest first, in portions found by the key where the former ended: no transaction stays open
while somebody receives slowly, and nothing is read twice.

Rows that a filter leaves out are looked through a portion at a time, within the days that are asked for and nowhere
else. Where days are of one clock and the key of another, the keys of these days bound the walk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from cdb_site import db
from risk import round_trips
from risk.exports.tables import ExportTable
from risk.exports.wishes import ExportWish
from risk.models import RoundTrip

PORTION = 2_000
ExportRow = dict[str, Any]
# What cannot be pulled up is counted from the days' rows alone: else the first row of the days would be looked for from
# the first one of all.
EDGES = "SELECT min(key), max(key) FROM (SELECT {key} AS key FROM {source} WHERE {days} OFFSET 0) AS asked"


def count(wish: ExportWish, account: str) -> int:
    """How many rows there are now."""
    _catch_up(wish, account)
    return _of_days(wish, account).filter(**wish.narrow).count()


def portions(wish: ExportWish, account: str) -> Iterator[list[ExportRow]]:
    """Every row that is asked for."""
    _catch_up(wish, account)
    table = wish.table
    edges = None if table.by_time else _edges(wish, account)
    if edges == (None, None):
        return
    rows = _of_days(wish, account).order_by(*table.key)
    if edges:
        rows = rows.filter(**{f"{table.key[0]}__gte": edges[0], f"{table.key[0]}__lte": edges[1]})
    last: Sequence[Any] = ()
    while True:
        left = _beyond(rows, table.key, last) if last else rows
        edge = left.values_list(*table.key)[PORTION - 1 : PORTION].first() if wish.narrow else None
        within = _until(left, table.key, edge) if edge else left
        found = list(within.filter(**wish.narrow).values(*_sources(table))[:PORTION])
        if found:
            yield [_row(table, stored) for stored in found]
        if edge is None and (wish.narrow or len(found) < PORTION):
            return
        last = edge or tuple(found[-1][name] for name in table.key)


def _catch_up(wish: ExportWish, account: str) -> None:
    """Round trips are written by whoever looks first."""
    if wish.table.model is RoundTrip:
        round_trips.catch_up(account)


def _of_days(wish: ExportWish, account: str) -> QuerySet[Any]:
    table = wish.table
    rows: QuerySet[Any] = table.model._default_manager.filter(**{table.account: account})
    if wish.begin:
        rows = rows.filter(**{f"{table.at}__gte": wish.begin})
    if wish.end:
        rows = rows.filter(**{f"{table.at}__lt": wish.end})
    return rows


def _edges(wish: ExportWish, account: str) -> tuple[Any, Any] | None:
    """The first and last key of the days; (None, None) when there is no row, None when all days are asked for."""
    if not (wish.begin or wish.end):
        return None
    table = wish.table
    days = [f"{table.account} = %(account)s"]
    days += [f"{table.at} >= %(begin)s"] if wish.begin else []
    days += [f"{table.at} < %(end)s"] if wish.end else []
    statement = EDGES.format(key=table.key[0], source=f'"{table.model._meta.db_table}"', days=" AND ".join(days))
    asked = {"account": account, "begin": wish.begin, "end": wish.end}
    [(low, high)] = db.select(statement, {name: value for name, value in asked.items() if value is not None})
    return low, high


def _beyond(rows: QuerySet[Any], key: Sequence[str], place: Sequence[Any]) -> QuerySet[Any]:
    """After this row. The first condition bounds the walk through the index, the second takes the row itself out."""
    past = Q(**{f"{key[0]}__gt": place[0]})
    return rows.filter(past | Q(**{f"{key[-1]}__gt": place[-1]}), **{f"{key[0]}__gte": place[0]})


def _until(rows: QuerySet[Any], key: Sequence[str], place: Sequence[Any]) -> QuerySet[Any]:
    """Up to this row and with it."""
    before = Q(**{f"{key[0]}__lt": place[0]})
    return rows.filter(before | Q(**{f"{key[-1]}__lte": place[-1]}), **{f"{key[0]}__lte": place[0]})


def _sources(table: ExportTable) -> list[str]:
    """The columns that are read: the file's, and the key's."""
    named = [table.account if name == "account" else name for name in table.columns if name not in table.made]
    return list(dict.fromkeys([*named, *table.key]))


def _row(table: ExportTable, stored: Mapping[str, Any]) -> ExportRow:
    row: ExportRow = {}
    for name in table.columns:
        if name in table.made:
            row[name] = table.made[name](stored)
        else:
            row[name] = stored[table.account if name == "account" else name]
    return row
