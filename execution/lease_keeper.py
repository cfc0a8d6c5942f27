"""The lease keeper hosted by the execution service: every second it says that what this process is sending is alive.

A loop of its own, because the others may be the ones that wait for the venue. A process that is gone or stands still
renews nothing: after the lease another one asks the venue for its orders.
"""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, close_old_connections

from cdb_site.bus.runtime import Runtime
from execution.desks import desk

log = logging.getLogger(__name__)
EVERY_S = 1.0


class LeaseKeeper:
    """Runs `Desk.renew_leases` in-process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        mine = desk()
        while not self.runtime.pause(EVERY_S):
            try:
                mine.renew_leases()
            except (OperationalError, InterfaceError) as problem:
                log.warning("the lease keeper waits for PostgreSQL: %s", problem)
                close_old_connections()
            self.runtime.progress.turned("leases")
