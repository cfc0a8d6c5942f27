"""The reconciler hosted by the execution service: the books beside the venue, once a minute and after every reconnect.

It has the venue's own stream listened to, and knows when that was away. The look at the start is a step of the
service's recovery (`execution/recovery.py`).
"""

from __future__ import annotations

import threading

from cdb_site import failures
from cdb_site.bus import readiness
from cdb_site.bus.runtime import Runtime
from execution.desks import listen, reconciled_desk
from execution.models import Reconciliation
from execution.reconcile import reconcile

EVERY_S, TURN_S = 60.0, 1.0
_reconnected = threading.Event()


def after_reconnect() -> None:
    """The venue's own stream was away: what it did not tell is looked for soon."""
    _reconnected.set()


class Reconciler:
    """Runs `reconcile` in-process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._looked_at_s = runtime.clock.monotonic_s()

    def run(self) -> None:
        listen(on_connected=after_reconnect)
        while not self.runtime.pause(TURN_S):
            self.runtime.progress.turned("reconciler")
            if readiness.is_ready(self.runtime.service.name):
                with failures.waiting_for_servers("the reconciler"):
                    self.look()

    def look(self) -> None:
        """Look if it is time."""
        now_s, cause = self.runtime.clock.monotonic_s(), Reconciliation.Cause.PERIODIC
        if _reconnected.is_set():
            _reconnected.clear()
            cause = Reconciliation.Cause.RECONNECT
        elif now_s - self._looked_at_s < EVERY_S:
            return
        self._looked_at_s = now_s
        reconcile(reconciled_desk(), cause=cause)
