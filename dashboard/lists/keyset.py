"""Pages of a long list, newest first, by the key of the row where one ends: no row before it is read to leave it out.

A cursor is `<time>_<id>`; `before` asks for what is older than that row, `after` for what is newer. What is none is
not heeded: the list begins at its newest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from cdb_site.clock import iso

Key = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetPage:
    """Some rows, and the cursors of the rows before and after them; empty where there are none."""

    rows: list[Any]
    newer: str
    older: str


def parse(text: str) -> Key | None:
    at, _, name = text.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(name)) if moment.tzinfo else None
    except ValueError:
        return None


def cursor(key: Key) -> str:
    return f"{iso(key[0])}_{key[1]}"


def keyset_page(rows: QuerySet[Any], asked: Mapping[str, str], *, at: str, name: str, size: int) -> KeysetPage:
    """`rows` by (`at`, `name`), newest first, from where `asked` says."""

    def key(row: Any) -> Key:
        return getattr(row, at), getattr(row, name)

    after, before = parse(asked.get("after", "")), parse(asked.get("before", ""))
    if after:
        newer = _beyond(rows, after, "gt", at, name).order_by(at, name)[: size + 1]
        found = list(newer)
        return _page(list(reversed(found[:size])), key, newer=len(found) > size, older=True)
    older = (_beyond(rows, before, "lt", at, name) if before else rows).order_by(f"-{at}", f"-{name}")[: size + 1]
    found = list(older)
    return _page(found[:size], key, newer=before is not None, older=len(found) > size)


def _beyond(rows: QuerySet[Any], key: Key, way: str, at: str, name: str) -> QuerySet[Any]:
    """The first condition bounds the walk through the index, the second takes the row itself out."""
    past = Q(**{f"{at}__{way}": key[0]}) | Q(**{f"{name}__{way}": key[1]})
    return rows.filter(past, **{f"{at}__{way}e": key[0]})


def _page(rows: list[Any], key: Callable[[Any], Key], *, newer: bool, older: bool) -> KeysetPage:
    return KeysetPage(
        rows=rows,
        newer=cursor(key(rows[0])) if rows and newer else "",
        older=cursor(key(rows[-1])) if rows and older else "",
    )
