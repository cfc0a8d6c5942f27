"""Keeps this process's market clock at the anchor that the REST screener shares over Redis."""

from __future__ import annotations

from cdb_site.bus.redis import UNREACHABLE, read_hash
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import ANCHOR_KEY, ANCHOR_LIFETIME_S, SYSTEM, age_s, anchor_from_fields

FOLLOW_S = 1.0
FIRST_S = 0.2


class ClockFollower:
    """Hosted by every service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            followed = follow_shared_anchor()
            self.runtime.progress.turned("clock")
            self.runtime.pause(FOLLOW_S if followed else FIRST_S)


def follow_shared_anchor() -> bool:
    """Take over the shared anchor. False while a fresh one is still to come: there is none, it has expired, as after a
    restart, or Redis does not answer; the last one then holds."""
    try:
        stored = read_hash(ANCHOR_KEY)
    except UNREACHABLE:
        return False
    if not stored:
        return False
    shared = anchor_from_fields(stored)
    SYSTEM.follow(shared)
    return age_s(shared.wall_s, SYSTEM.wall_s()) < ANCHOR_LIFETIME_S
