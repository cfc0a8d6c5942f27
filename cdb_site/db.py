"""Bulk writes for the hot path: models declare the columns, one statement writes a whole micro-batch.

`INSERT … SELECT * FROM unnest(arrays)` costs one round trip whatever the number of rows, and the ORM's per-object
work is left out. `returning` tells which rows were new, so that effects follow only those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import orjson
from django.db import connection, models


@cache
def _columns(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, str]:
    """(column list, unnest arguments) of the named fields."""
    fields = [model._meta.get_field(name) for name in names]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    arrays = ", ".join(f"%s::{_array_type(field)}" for field in fields)
    return columns, arrays


def _array_type(field: Any) -> str:
    kind = field.target_field.db_type(connection) if field.is_relation else field.db_type(connection)
    base = str(kind).split("(")[0]
    return {"varchar": "text[]", "numeric": "numeric[]", "serial": "int[]", "bigserial": "bigint[]"}.get(
        base, f"{base}[]"
    )


def _is_json(model: type[models.Model], name: str) -> bool:
    return isinstance(model._meta.get_field(name), models.JSONField)


def bulk_insert(
    model: type[models.Model],
    rows: Sequence[dict[str, Any]],
    *,
    on_conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """Insert `rows` (all with the same keys: field names, JSON as plain values) in one statement.

    `on_conflict`, such as "DO NOTHING", and `returning`, such as "id", are SQL. Returns the returned rows.
    """
    if not rows:
        return []
    names = tuple(rows[0])
    columns, arrays = _columns(model, names)
    values = [_column_values(model, name, rows) for name in names]
    statement = f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT * FROM unnest({arrays})'  # noqa: S608
    if on_conflict:
        statement += f" ON CONFLICT {on_conflict}"
    if returning:
        statement += f" RETURNING {returning}"
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if returning else []


def _column_values(model: type[models.Model], name: str, rows: Sequence[dict[str, Any]]) -> list[Any]:
    if _is_json(model, name):
        return [orjson.dumps(row[name]).decode() for row in rows]
    return [row[name] for row in rows]


@contextmanager
def pipelined() -> Iterator[None]:
    """Send the statements of the block without waiting for each answer; an error is raised at its end.

    For writes whose results nobody reads, and for nothing else. Blocks may lie within each other.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def select_together(queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[tuple[Any, ...]]]:
    """The rows of several SQL queries, in one round trip."""
    connection.ensure_connection()
    with connection.wrap_database_errors, ExitStack() as stack:
        cursors = [stack.enter_context(connection.cursor()) for _ in queries]
        with connection.connection.pipeline():
            for cursor, (statement, parameters) in zip(cursors, queries, strict=True):
                cursor.execute(statement, parameters)
        return [cursor.fetchall() for cursor in cursors]


def select(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one SQL query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def execute(statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run one SQL statement; returns the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount
