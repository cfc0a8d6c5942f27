"""A list of the Trades page as SQL: what it reads, what narrows it, and one page of it by its keys.

A page is found by the key of the row at its edge, never by counting rows off: the thousandth page costs what the first
does. Keys are the columns of an index, newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from cdb_site import db
from cdb_site.clock import iso, parse_iso
from dashboard.trades.filters import TradeFilter

PAGE_ROWS = 25
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeList:
    """`columns` by their names on the page; `at` is the market time that days are asked of; `key` the columns a row is
    found by, newest first, with their types; `conditions` by what narrows it, as SQL with %(name)s."""

    source: str
    columns: Mapping[str, str]
    account: str
    at: str
    key: Sequence[tuple[str, str]]
    conditions: Mapping[str, str | Mapping[str, str]]

    def where(self, asked: TradeFilter, account: str, zone: tzinfo) -> tuple[str, dict[str, Any]]:
        """(condition, parameters) of what is asked for."""
        parts = [f"{self.account} = %(account)s"]
        values: dict[str, Any] = {"account": account}
        bounds = (("begin", ">=", asked.begin(zone)), ("end", "<", asked.end(zone)))
        for name, sign, bound in bounds:
            if bound:
                parts.append(f"{self.at} {sign} %({name})s")
                values[name] = bound
        for name in asked.narrowed:
            condition = self.conditions[name]
            parts.append(condition if isinstance(condition, str) else condition[getattr(asked, name)])
            values[name] = getattr(asked, name)
        return " AND ".join(parts), values

    @property
    def key_columns(self) -> str:
        return f"({', '.join(column for column, _ in self.key)})"

    def order(self, way: str) -> str:
        return ", ".join(f"{column} {way}" for column, _ in self.key)

    def beyond(self, sign: str) -> str:
        places = ", ".join(f"%(key_{number})s::{kind}" for number, (_, kind) in enumerate(self.key))
        return f"{self.key_columns} {sign} ({places})"

    def statement(self, condition: str, way: str, limit: int) -> str:
        columns = ", ".join([*self.columns.values(), *(column for column, _ in self.key)])
        return f"SELECT {columns} FROM {self.source} WHERE {condition} ORDER BY {self.order(way)} LIMIT {limit}"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Rows, newest first, the cursors of the pages on either side, empty where there is none, and how many rows are
    newer than these."""

    rows: list[Row]
    newer: str = ""
    older: str = ""
    above: int = 0


def page_of(listing: TradeList, asked: TradeFilter, account: str, zone: tzinfo, size: int = PAGE_ROWS) -> ListPage:
    """The page that `before` or `after` names, else the newest."""
    condition, values = listing.where(asked, account, zone)
    key = read_cursor(listing, asked.after or asked.before)
    up = bool(asked.after and key)
    if key:
        condition += f" AND {listing.beyond('>' if up else '<')}"
        values |= key
    found = db.select(listing.statement(condition, "ASC" if up else "DESC", size + 1), values)
    more, rows = len(found) > size, found[:size]
    if up:
        rows = rows[::-1]
    above = _rows_above(listing, asked, account, zone, rows[0]) if rows and key else 0
    named = [dict(zip(listing.columns, row, strict=False)) for row in rows]
    # Whoever came from a page finds it again on that side.
    return ListPage(
        rows=named,
        newer=cursor_of(listing, rows[0]) if rows and (more if up else key) else "",
        older=cursor_of(listing, rows[-1]) if rows and (key if up else more) else "",
        above=above,
    )


def any_row(listing: TradeList, account: str) -> bool:
    """Whether there ever was one."""
    statement = listing.statement(f"{listing.account} = %(account)s", "DESC", 1)
    return bool(db.select(statement, {"account": account}))


def _rows_above(listing: TradeList, asked: TradeFilter, account: str, zone: tzinfo, row: Sequence[Any]) -> int:
    condition, values = listing.where(asked, account, zone)
    statement = f"SELECT count(*) FROM {listing.source} WHERE {condition} AND {listing.beyond('>')}"  # noqa: S608
    return int(db.select(statement, values | _key_values(row[len(listing.columns) :]))[0][0])


def all_rows(listing: TradeList, asked: TradeFilter, account: str, zone: tzinfo, portion: int) -> Iterator[list[Row]]:
    """Everything that is asked for, newest first, in portions that are read one after the other."""
    condition, values = listing.where(asked, account, zone)
    below = ""
    while True:
        found = db.select(listing.statement(condition + below, "DESC", portion), values)
        if found:
            yield [dict(zip(listing.columns, row, strict=False)) for row in found]
        if len(found) < portion:
            return
        below = f" AND {listing.beyond('<')}"
        values |= _key_values(found[-1][len(listing.columns) :])


def _key_values(key: Sequence[Any]) -> dict[str, Any]:
    return {f"key_{number}": value for number, value in enumerate(key)}


def cursor_of(listing: TradeList, row: Sequence[Any]) -> str:
    """The place of a row as text for an address."""
    key = row[len(listing.columns) :]
    return "~".join(iso(value) if isinstance(value, datetime) else str(value) for value in key)


def read_cursor(listing: TradeList, text: str) -> dict[str, Any]:
    """The parameters of a place; nothing where the text is none of this list's."""
    words = text.split("~")
    try:
        return _key_values([READERS[kind](word) for word, (_, kind) in zip(words, listing.key, strict=True)])
    except ValueError:
        return {}


def _number(word: str) -> int:
    number = int(word)
    if not 0 <= number < 2**63:
        raise ValueError(word)
    return number


def _moment(word: str) -> datetime:
    moment = parse_iso(word)
    if moment.tzinfo is None:
        raise ValueError(word)
    return moment


READERS: dict[str, Callable[[str], Any]] = {"timestamptz": _moment, "bigint": _number, "uuid": UUID}
