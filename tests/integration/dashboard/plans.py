"""Which statements read a table from end to end, as the database plans them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db import connection


def plant(statements: Iterable[str]) -> None:
    """Rows by the hundred thousand. On a new connection nothing is planned any more as for the empty tables before."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def whole_reads(statements: Iterable[str], *tables: str) -> list[str]:
    """The queries that read one of these tables whole, each with its plan."""
    names = "|".join(tables)
    named, scanned = re.compile(rf'"?\b({names})\b"?'), re.compile(rf'Seq Scan on "?({names})\b(?!_)')
    found = []
    with connection.cursor() as cursor:
        for statement in statements:
            if not statement.startswith("SELECT") or not named.search(statement):
                continue
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            if scanned.search(plan):
                found.append(f"{statement}\n{plan}")
    return found
