"""What a crash left of acts: a halt that was stored and not engaged is engaged by the risk service within seconds; any
other act that nobody carries out any more is answered honestly: it was interrupted, and nothing was done.

AskedAct once a second by the watcher, one short look into an index that is nearly always empty.
"""

from __future__ import annotations

import logging
from uuid import UUID

from cdb_site import db
from cdb_site.clock import Clock
from risk.acts.door import Market, carry_out, settle_undone
from risk.acts.table import ACTS
from risk.marks import Marks

log = logging.getLogger(__name__)
EVERY_S = 1.0
URGENT_AFTER_S = 1.0
INTERRUPTED_AFTER_S = 60.0
STALE = """SELECT key, name, asked_at < clock_timestamp() - make_interval(secs => %s) FROM operator_act
    WHERE state = 'UNDER_WAY' AND asked_at < clock_timestamp() - make_interval(secs => %s)"""


class ActLeftovers:
    """Looked after by one process; two that do it at once do each act once."""

    def __init__(self, marks: Marks, clock: Clock) -> None:
        self._market = Market(marks=lambda: marks, clock=clock)
        self._clock = clock
        self._looked_at = float("-inf")

    def look(self) -> None:
        now = self._clock.monotonic_s()
        if now - self._looked_at < EVERY_S:
            return
        self._looked_at = now
        for key, name, old in db.select(STALE, (INTERRUPTED_AFTER_S, URGENT_AFTER_S)):
            self._settle(key, name, bool(old))

    def _settle(self, key: UUID, name: str, old: bool) -> None:
        act = ACTS.get(name)
        if act is not None and act.urgent:
            log.warning("the act %s (%s) was left under way and is carried out", name, key)
            carry_out(key, self._market, skip_locked=True)
        elif old:
            settle_undone(key, "INTERRUPTED")
