"""The sweeper hosted by the execution service: every second it finishes what crashes or missing quotes left behind."""

from __future__ import annotations

from cdb_site import failures
from cdb_site.bus.runtime import Runtime
from execution.tasks import sweep_orders

EVERY_S = 1.0


class OrderSweeper:
    """Runs `execution.sweep_orders` in-process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.pause(EVERY_S):
            with failures.waiting_for_servers("the order sweep"):
                sweep_orders()
                self.runtime.progress.turned("sweeper")
