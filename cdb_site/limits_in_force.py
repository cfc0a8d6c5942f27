"""One limit as it is in force now, for those below the risk manager who go by it: the newest row of `limit_version`.

Read again every second, so a new version holds here within one. Decisions do not come here: they read all limits in
their own transaction. While the database is away the last value stands; before the first version, the table's default.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError

from cdb_site import db
from cdb_site.clock import Clock
from cdb_site.limit_table import BY_NAME

log = logging.getLogger(__name__)
ACCOUNT = "paper"
LIFETIME_S = 1.0


class LimitInForce:
    """Call it for the number. Threads may share one: at worst two of them read the same row."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self.clock = BY_NAME[name].name, clock
        self._value = float(BY_NAME[name].default)
        self._read_at = float("-inf")

    def __call__(self) -> float:
        now_s = self.clock.monotonic_s()
        if now_s - self._read_at > LIFETIME_S:
            self._read_at = now_s
            self._value = self._stored()
        return self._value

    def _stored(self) -> float:
        statement = f"SELECT {self.name} FROM limit_version WHERE account = %s ORDER BY version DESC LIMIT 1"  # noqa: S608
        try:
            rows = db.select(statement, (ACCOUNT,))
        except (DatabaseError, InterfaceError) as problem:
            log.warning("%s not read, it stays %g: %s", self.name, self._value, problem)
            return self._value
        return float(rows[0][0]) if rows else self._value
