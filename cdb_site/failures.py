"""What a failure of PostgreSQL or Redis means for whoever met it, told by its code: the one table of them.

    WAIT   the server is away, full or starting, or somebody else holds what is wanted: nothing is wrong with the work
    RETRY  the work lost a race or ran out of time: it may succeed when tried again, a bounded number of times
    WORK   it fails again the same way: find the row that does it and set it aside

`docs/failures.md` says the same in words, with what each loop and consumer does about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

import psycopg
import redis
from django.db import InterfaceError, OperationalError, close_old_connections

log = logging.getLogger(__name__)


class Failure(Enum):
    WAIT = "WAIT"
    RETRY = "RETRY"
    WORK = "WORK"


# By SQLSTATE, the longest prefix counts. Whatever is not named is WORK.
SQLSTATES = {
    "08": Failure.WAIT,  # connection failures
    "25006": Failure.WAIT,  # read-only: a standby, or a server that is being moved
    "25P03": Failure.WAIT,  # the session was ended because its transaction stood idle
    "25P04": Failure.RETRY,  # transaction_timeout
    "28": Failure.WAIT,  # a password or a right that is being changed is no fault of the row
    "3D000": Failure.WAIT,  # the database is not there yet
    "40": Failure.RETRY,  # serialization failure, deadlock
    "53": Failure.WAIT,  # disk full, too many connections
    "53200": Failure.RETRY,  # out of memory may be this statement's own doing
    "55P03": Failure.WAIT,  # a lock of somebody else; how long one may be held is bounded at the server
    "57": Failure.WAIT,  # shutdown, restart, recovery
    "57014": Failure.RETRY,  # canceled: statement_timeout
    "58": Failure.WAIT,  # errors of the server's own files
}
REDIS_WAIT = (
    redis.exceptions.ConnectionError,  # also: loading, authentication, too many clients
    redis.exceptions.TimeoutError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.ClusterDownError,
)


def meaning_of(problem: BaseException) -> Failure:
    """What the failure means; an exception that is none of a server's is WORK."""
    if isinstance(problem, REDIS_WAIT):
        return Failure.WAIT
    original = _of_psycopg(problem)
    if original is not None and original.sqlstate:
        return _by_sqlstate(original.sqlstate)
    # Without a code no server has judged the statement: the connection broke, or was broken before.
    lost = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
    return Failure.WAIT if isinstance(problem, lost) else Failure.WORK


def is_waited_for(problem: BaseException) -> bool:
    return meaning_of(problem) is Failure.WAIT


@contextmanager
def waiting_for_servers(who: str, pause: Callable[[], object] = lambda: None) -> Iterator[None]:
    """One turn of a loop. What is waited for or tried again is logged, and the next turn does so; else it raises.

    `pause` is called then by loops whose turns follow one another too closely for a log line each.
    """
    try:
        yield
    except Exception as problem:
        meaning = meaning_of(problem)
        if meaning is Failure.WORK:
            raise
        log.warning("%s %s: %s", who, "waits" if meaning is Failure.WAIT else "tries again", problem)
        close_old_connections()
        pause()


def _of_psycopg(problem: BaseException | None) -> psycopg.Error | None:
    """The driver's exception that Django's was made from."""
    while problem is not None and not isinstance(problem, psycopg.Error):
        problem = problem.__cause__
    return problem


def _by_sqlstate(sqlstate: str) -> Failure:
    for length in (5, 2):
        if sqlstate[:length] in SQLSTATES:
            return SQLSTATES[sqlstate[:length]]
    return Failure.WORK
