"""Bulk writes for the hot path: models declare the columns, one statement writes a whole micro-batch.

`INSERT … SELECT FROM jsonb_to_recordset(one JSON parameter)` costs one round trip whatever the number of rows, a tenth
of the processor time of arrays and `unnest` (psycopg escapes every array element in Python), and none of the ORM's
per-object work. `returning` tells which rows were new, so that effects follow only those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from django.db import connection, models, transaction


@cache
def _insert(model: type[models.Model], names: tuple[str, ...], tail: str) -> str:
    """The statement of a bulk insert of rows that have these fields, by name."""
    fields = [_field(model, name) for name in names]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    given = ", ".join(f'"{name}"' for name in names)
    record = ", ".join(f'"{name}" {field.db_type(connection)}' for name, field in zip(names, fields, strict=True))
    return (
        f'INSERT INTO "{model._meta.db_table}" ({columns})'  # noqa: S608
        f" SELECT {given} FROM jsonb_to_recordset(%s::jsonb) AS new ({record}){tail}"
    )


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)  # noqa: S101 - relations from other tables have no column
    return field


def _run(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Any:
    """The psycopg cursor of one statement. Django's own cursors would cost a fifth of a small transaction."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection.connection.execute(statement, parameters or None)


def as_json(rows: Sequence[Any]) -> str:
    """Rows as the JSON text that `jsonb_to_recordset` takes. Decimals go as exact text, times as ISO-8601."""
    return orjson.dumps(rows, default=str).decode()


# What stands between these two in a transaction is planned once a connection, not each time anew for its parameters.
# For statements whose best plan is the same whatever is asked: one that filters by a state in a parameter finds no
# partial index.
PLANNED_ONCE: tuple[str, Sequence[Any]] = ("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)", ())
PLANNED_EACH_TIME: tuple[str, Sequence[Any]] = ("SELECT set_config('plan_cache_mode', 'auto', true)", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One INSERT, UPDATE or DELETE that waits for company. Later ones of the same trip may read what it returns
    under `name`. With `expected` it must return so many rows: else somebody else was first."""

    statement: str
    parameters: tuple[Any, ...]
    name: str = ""
    expected: int | None = None


class Overtaken(Exception):
    """A write returned other than the expected number of rows; the transaction must be rolled back."""


def write_together(writes: Sequence[Write]) -> None:
    """Run several writes as one statement. None of them sees what another one wrote, and no row is written twice.
    Raises Overtaken when one of them does not return what is expected of it."""
    names = [write.name or f"write_{number}" for number, write in enumerate(writes)]
    parts = [f"{name} AS ({write.statement})" for name, write in zip(names, writes, strict=True)]
    if not parts:
        return
    expected = {name: write.expected for name, write in zip(names, writes, strict=True) if write.expected is not None}
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in expected) or "1"  # noqa: S608
    values = [value for write in writes for value in write.parameters]
    [counted] = _fetched(_run(f"WITH {', '.join(parts)} SELECT {counts}", values))
    if expected and counted != tuple(expected.values()):
        raise Overtaken(f"{dict(zip(expected, counted, strict=True))} rows instead of {expected}")


def insertion(
    model: type[models.Model],
    rows: Sequence[dict[str, Any]],
    *,
    on_conflict: str = "",
    returning: str = "",
    name: str = "",
    expected: int | None = None,
) -> Write:
    """The insertion of `rows` (at least one; all with the same keys: field names, JSON as plain values).

    `on_conflict`, such as "DO NOTHING", and `returning`, such as "id", are SQL.
    """
    tail = (f" ON CONFLICT {on_conflict}" if on_conflict else "") + (f" RETURNING {returning}" if returning else "")
    statement = _insert(model, tuple(rows[0]), tail)
    return Write(statement=statement, parameters=(as_json(rows),), name=name, expected=expected)


def insertion_of(model: type[models.Model], names: tuple[str, ...], texts: Sequence[bytes], on_conflict: str) -> Write:
    """The same of rows that are JSON texts already, each with the fields of these names."""
    body = b"[" + b",".join(texts) + b"]"
    return Write(statement=_insert(model, names, f" ON CONFLICT {on_conflict}"), parameters=(body.decode(),))


def bulk_insert(
    model: type[models.Model], rows: Sequence[dict[str, Any]], *, on_conflict: str = "", returning: str = ""
) -> list[tuple[Any, ...]]:
    """Insert `rows` at once, as `insertion` says. Returns the returned rows."""
    if not rows:
        return []
    write = insertion(model, rows, on_conflict=on_conflict, returning=returning)
    if not returning:
        _run(write.statement, write.parameters)
        return []
    [written] = select_together([(write.statement, write.parameters)])
    return written


def _fetched(cursor: Any) -> list[tuple[Any, ...]]:
    with connection.wrap_database_errors:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction whose reads all see the database at one moment; nothing is written in it.

    Within a transaction already begun (a web request that writes) that one's isolation holds.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        take_time()
        yield


def take_time() -> None:
    """Within a transaction that computes between its statements: the server ends it after a minute, not after 5 s."""
    execute("SET LOCAL idle_in_transaction_session_timeout = '60s'")


def select_together(queries: Sequence[tuple[str, Sequence[Any] | Mapping[str, Any]]]) -> list[list[tuple[Any, ...]]]:
    """The rows of several SQL queries, in one round trip."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        cursors = [_run(statement, parameters) for statement, parameters in queries]
    return [_fetched(cursor) for cursor in cursors]


def select(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one SQL query."""
    return _fetched(_run(statement, parameters))


def execute(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run one SQL statement; returns the number of rows it touched."""
    touched: int = _run(statement, parameters).rowcount
    return touched
