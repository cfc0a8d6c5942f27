"""The index by which a day's rows are found in a table that grows without end and is written in the order of time.

It keeps the first and last time of every few pages, not of every row: what is written pays nearly nothing for it, and
a day is read from the pages it lies on (PostgreSQL's BRIN). New pages are taken in by autovacuum, which is never off.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex

PAGES = 16


def by_day(column: str, *, name: str) -> BrinIndex:
    return BrinIndex(fields=[column], name=name, pages_per_range=PAGES, autosummarize=True)
