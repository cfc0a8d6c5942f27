"""Outbox rows of what a thread has sent, and their deletion.

A consumer deletes them with its next batch instead of by a transaction of their own, and when it is idle; anybody else
at once. Losing a deletion to a crash only sends once more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError

from cdb_site import db

log = logging.getLogger(__name__)
CLEAR = "DELETE FROM outbox WHERE unit_id = ANY(%s::uuid[])"
CLEAR_ALONE = """DELETE FROM outbox USING (SELECT set_config('synchronous_commit', 'off', true)) AS quick
    WHERE unit_id = ANY(%s::uuid[])"""


class _Sent(threading.local):
    def __init__(self) -> None:
        self.unit_ids: list[str] = []
        self.lazily = False


_sent = _Sent()


@contextmanager
def clearing_lazily() -> Iterator[None]:
    """This thread is a consumer in the block: it promises to call `clear` when it is idle."""
    _sent.lazily = True
    try:
        yield
    finally:
        _sent.lazily = False


def waiting_to_be_cleared() -> bool:
    return bool(_sent.unit_ids)


def note(unit_id: str) -> None:
    """The row's events are in their streams. Nothing depends on what follows: a row that is left is sent once more."""
    _sent.unit_ids.append(unit_id)
    if _sent.lazily:
        return
    try:
        clear()
    except DatabaseError as problem:
        log.warning("%d outbox rows are left to the relay: %s", len(_sent.unit_ids), problem)


def clear() -> None:
    """Delete the rows of everything this thread has sent."""
    unit_ids = list(_sent.unit_ids)
    if unit_ids:
        db.execute(CLEAR_ALONE, (unit_ids,))
        forget(len(unit_ids))


def deletion() -> tuple[list[db.Write], int]:
    """(the write that deletes them, for company; how many they are, to be forgotten once it is committed)."""
    unit_ids: Sequence[str] = list(_sent.unit_ids)
    return ([db.Write(statement=CLEAR, parameters=(unit_ids,))] if unit_ids else []), len(unit_ids)


def forget(count: int) -> None:
    del _sent.unit_ids[:count]
