"""Celery's scheduler as a part of the clock: it sends the timed jobs of `CELERY_BEAT_SCHEDULE` to their services.

It runs in a thread of the clock and not as the worker's child process (`-B`), so that it is seen: a tick that does not
come makes the clock unhealthy, and its heartbeat says so. It keeps no file: every job is due one period after a start.
A job that could not be worked off within its period is dropped; the next one does the same.
"""

from __future__ import annotations

from celery import current_app
from celery.beat import Scheduler

from cdb_site.bus.runtime import Runtime

LONGEST_SLEEP_S = 1.0


class Beat:
    """Hosted by the clock service: there is exactly one of it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        scheduler = Scheduler(current_app._get_current_object())
        try:
            while not self.runtime.stopping.is_set():
                wanted_s = scheduler.tick()
                self.runtime.progress.turned("beat")
                self.runtime.pause(max(0.0, min(wanted_s, LONGEST_SLEEP_S)))
        finally:
            scheduler.close()
