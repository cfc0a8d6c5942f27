"""The execution mode for whoever has no keys: what the execution service last said, the newest row of `mode_change`.

Where VENUE is PAPER nothing else can be in force, and nobody is asked. Else a mode that execution never told is
UNKNOWN: of keys that only it is given, no other process can say what they make.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from cdb_site import db, logs

log = logging.getLogger(__name__)
PAPER, LIVE, UNKNOWN = "PAPER", "LIVE", "UNKNOWN"
ACCOUNT = "paper"
NEWEST = "SELECT mode, asked, missing, recorded_at FROM mode_change WHERE account_id = %s ORDER BY id DESC LIMIT 1"
LACKS = "SELECT lacks FROM mode_change WHERE account_id = %s ORDER BY id DESC LIMIT 1"
FOLLOW_EVERY_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMode:
    """PAPER, TEST, LIVE or UNKNOWN; what was asked for, which keys were missing for it, and since when."""

    mode: str
    asked: str
    missing: tuple[str, ...] = ()
    since: datetime | None = None

    @property
    def venue(self) -> str:
        """Where an entry goes now: the exchange only where orders are real."""
        return {LIVE: "MEXC", UNKNOWN: UNKNOWN}.get(self.mode, PAPER)


def read() -> ToldMode:
    """As execution last said it. Raises what the database raises."""
    asked = settings.ENVIRONMENT.EXECUTION_MODE
    if settings.ENVIRONMENT.VENUE == PAPER:
        return ToldMode(mode=PAPER, asked=asked, missing=() if asked == PAPER else ("VENUE",))
    rows = db.select(NEWEST, (ACCOUNT,))
    if not rows:
        return ToldMode(mode=UNKNOWN, asked=asked)
    return ToldMode(mode=rows[0][0], asked=rows[0][1], missing=tuple(orjson.loads(rows[0][2])), since=rows[0][3])


def lacks() -> dict[str, list[str]]:
    """Which keys TEST and LIVE still take, as execution last said it; empty: it never said."""
    rows = db.select(LACKS, (ACCOUNT,))
    found: dict[str, list[str]] = orjson.loads(rows[0][0]) if rows else {}
    return found


class ModeFollower:
    """Keeps a process's log at the mode in force: call it often, it asks every three seconds, and never where VENUE is
    PAPER."""

    def __init__(self) -> None:
        self._next_s = float("-inf")

    def look(self, now_s: float) -> None:
        if settings.ENVIRONMENT.VENUE == PAPER or now_s < self._next_s:
            return
        self._next_s = now_s + FOLLOW_EVERY_S
        try:
            logs.tell_mode(read().mode)
        except (DatabaseError, InterfaceError) as problem:
            log.debug("the mode is not read: %s", problem)
            logs.tell_mode(UNKNOWN)
            close_old_connections()
