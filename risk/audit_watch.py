"""Sees that the books are audited: none for more than three periods is an alert, whatever kept it from running.

Hosted by the clock and not by the risk manager, whose audits it watches.
"""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from cdb_site import failures
from cdb_site.alerts import operations as alerts
from cdb_site.bus.runtime import Runtime
from execution.queries import PAPER
from risk.models import AuditRun

LOOK_EVERY_S = 2.0
CODE = "AUDIT_MISSED"
MISSED_AFTER_S = 3.0 * settings.CELERY_BEAT_SCHEDULE["risk.audit_books"]["options"]["expires"]


class AuditWatch:
    """Raises AUDIT_MISSED and closes it with the next audit."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._began_s = runtime.clock.monotonic_s()
        self._missed = False

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            with failures.waiting_for_servers("the watch over the audit"):
                self.look()
                self.runtime.progress.turned("audit watch")
            self.runtime.pause(LOOK_EVERY_S)

    def look(self) -> None:
        """Judge the age of the last audit; until an audit could have come since our own start, nothing is missed."""
        age_s = self._age_s()
        if age_s > MISSED_AFTER_S and not self._missed:
            alerts.raise_alert(CODE, source="bus", key=PAPER, params={"age_s": round(age_s)})
            self._missed = True
        elif age_s <= MISSED_AFTER_S:
            alerts.close_alert(CODE, source="bus", key=PAPER)
            self._missed = False

    def _age_s(self) -> float:
        watched_s = self.runtime.clock.monotonic_s() - self._began_s
        newest = AuditRun.objects.first()
        return min(watched_s, (timezone.now() - newest.ran_at).total_seconds()) if newest else watched_s
