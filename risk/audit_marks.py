"""How far each check of the audit has come, so that a run each minute looks at what is new alone.

A mark says: at this time the check held for all that was there. The next run takes it up a little before, for rows that
were being written meanwhile. A check that finds something, or does not end in its time, keeps its mark: what it found
is found again until it is mended. A sum is carried on: its mark has the sums up to an entry, and the entries after it
are added.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import OperationalError

from cdb_site import db
from cdb_site.clock import SYSTEM
from risk.models import AuditMark

OVERLAP = timedelta(minutes=5)
QUERY_CANCELED = "57014"
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One row that breaks an invariant."""

    invariant: str
    code: str
    row: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.code}: {self.row} {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`query` returns (row, detail) of violations; %(grace)s is the age in s below which rows are left alone.

    At its {recent} stands the condition of a row that is new since %(since)s; without one the check is always whole,
    because it reads little.
    """

    invariant: str
    code: str
    query: str
    recent: str = ""

    def statement(self, mark: AuditMark | None) -> str:
        return self.query.replace("{recent}", self.recent if mark else "true")

    @property
    def sums(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SumCheck:
    """What is `kept` (key, value) must be the sum of its `entries` (number, recorded_at, key, value), exactly.

    `words`: what the key names, the kept value, the entries. `apart`: by how much both may differ, an expression of the
    key; it is looked at only where they do.
    """

    code: str
    kept: str
    entries: str
    words: tuple[str, str, str]
    invariant: str = "I2"
    apart: str = ""

    def statement(self, mark: AuditMark | None) -> str:
        noun, kept, entries = self.words
        return f"""
            WITH kept AS ({self.kept}),
              before AS (SELECT key, value::numeric AS value FROM jsonb_each_text(%(sums)s::jsonb)),
              added AS (SELECT key, sum(value) AS value FROM ({self.entries}) AS entry WHERE number > %(after)s
                GROUP BY key)
            SELECT '{noun} ' || key, '{kept} ' || kept_value || ', {entries} ' || summed FROM (
              SELECT key, coalesce(kept.value, 0) AS kept_value,
                coalesce(before.value, 0) + coalesce(added.value, 0) AS summed
              FROM kept FULL JOIN before USING (key) FULL JOIN added USING (key)) AS both_sides
            WHERE kept_value <> summed {self.within}"""  # noqa: S608

    @property
    def within(self) -> str:
        return f"AND abs(kept_value - summed) > {self.apart}" if self.apart else ""

    @property
    def sums(self) -> str:
        """Query of (number of an entry, {key: its sum up to it}); entries younger than the overlap come after it."""
        return f"""
            WITH kept AS ({self.kept}),
              last AS (SELECT coalesce((SELECT number FROM ({self.entries}) AS entry WHERE recorded_at < %(settled)s
                ORDER BY number DESC LIMIT 1), 0) AS number),
              young AS (SELECT key, sum(value) AS value FROM ({self.entries}) AS entry
                WHERE number > (SELECT number FROM last) GROUP BY key)
            SELECT (SELECT number FROM last),
              (SELECT coalesce(jsonb_object_agg(key, (kept.value - coalesce(young.value, 0))::text), '{{}}')::text
               FROM kept LEFT JOIN young USING (key))"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMark:
    """What a check that held is taken up from."""

    since: datetime
    after: int = 0
    sums: str = "{}"


def known() -> dict[str, AuditMark]:
    """The marks of all checks that ever held, by code."""
    return {row.code: row for row in AuditMark.objects.all()}


def run(check: Check | SumCheck, mark: AuditMark | None, *, grace_s: float, limit_s: float) -> tuple[Rows, NextMark]:
    """(violations, the mark to keep if there are none), in one reading of the database that ends after `limit_s`."""
    with db.snapshot():
        db.execute(f"SET LOCAL statement_timeout = {int(limit_s * 1000)}")
        now = db.select("SELECT now()")[0][0]
        parameters = parameters_of(mark, grace_s, now)
        rows = db.select(check.statement(mark), parameters)
        if rows or not check.sums:
            return rows, NextMark(since=now - OVERLAP)
        number, sums = db.select(check.sums, parameters)[0]
        return rows, NextMark(since=now - OVERLAP, after=number, sums=sums)


def parameters_of(mark: AuditMark | None, grace_s: float, now: datetime) -> dict[str, Any]:
    """What the statements of a check ask for. A mark ahead of a clock that was set back counts as one of now."""
    return {
        "grace": grace_s,
        "since": min(mark.since, now - OVERLAP) if mark else None,
        "after": mark.after if mark else 0,
        "sums": orjson.dumps(mark.sums if mark else {}).decode(),
        "settled": now - OVERLAP,
    }


def advance(code: str, mark: NextMark) -> None:
    """The check held: go on from here."""
    values = {"since": mark.since, "after": mark.after, "sums": orjson.loads(mark.sums)}
    AuditMark.objects.update_or_create(code=code, defaults=values)


class Findings:
    """What one run found: the violations, the time of each check, and those that did not end in theirs."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.missed: list[str] = []
        self.told: dict[str, dict[str, int]] = {}

    def add(self, invariant: str, code: str, rows: Rows) -> list[Violation]:
        """Note what a check found, and give it back."""
        added = [Violation(invariant=invariant, code=code, row=row, detail=text) for row, text in rows]
        self.violations += added
        return added

    @contextmanager
    def timed(self, code: str) -> Iterator[None]:
        """One check. What the server ends because of its time is noted; anything else is the caller's."""
        started_s, before = SYSTEM.monotonic_s(), len(self.violations)
        try:
            yield
        except OperationalError as problem:
            if getattr(problem.__cause__, "sqlstate", "") != QUERY_CANCELED:
                raise
            self.missed.append(code)
        took_ms = int((SYSTEM.monotonic_s() - started_s) * 1000)
        self.told[code] = {"violations": len(self.violations) - before, "ms": took_ms}
