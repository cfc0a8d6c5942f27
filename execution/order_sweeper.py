"""The sweeper hosted by the execution service: every second it finishes what crashes or missing quotes left behind."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, close_old_connections

from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime
from execution.tasks import sweep_orders

log = logging.getLogger(__name__)
EVERY_S = 1.0


class OrderSweeper:
    """Runs `execution.sweep_orders` in-process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.pause(EVERY_S):
            try:
                sweep_orders()
            except (OperationalError, InterfaceError, *UNREACHABLE) as problem:
                log.warning("the order sweep waits for its servers: %s", problem)
                close_old_connections()
            self.runtime.progress.turned("sweeper")
