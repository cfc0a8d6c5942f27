"""The relay: sends what a crash or a Redis outage left in the outbox.

Rows are picked with FOR UPDATE SKIP LOCKED and never by "id greater than the last": ids commit out of order. Rows
younger than a second are left to the process that wrote them.
"""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from prometheus_client import Counter

from cdb_site import db
from cdb_site.bus import models, outbox
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime

log = logging.getLogger(__name__)
RELAYED = Counter("cdb_bus_relayed_total", "Events the relay sent because their writer could not")
EVERY_S = 0.5
BATCH = 500
PICK = """
    SELECT event_id FROM outbox WHERE created_at < now() - interval '1 second'
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED"""


class Relay:
    """Hosted by the clock service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                sent = relay_once()
            except (OperationalError, InterfaceError, *UNREACHABLE) as problem:
                log.warning("the relay waits for its servers: %s", problem)
                close_old_connections()
                sent = 0
            self.runtime.progress.turned("relay")
            if sent < BATCH:
                self.runtime.pause(EVERY_S)


def relay_once() -> int:
    """Send up to BATCH left-over events; returns how many. Raises when a server does not answer."""
    with transaction.atomic():
        ids = [row[0] for row in db.select(PICK, (BATCH,))]
        if not ids:
            return 0
        outbox.send(outbox.stored_events(ids))
        models.Outbox.objects.filter(event_id__in=ids).delete()
    RELAYED.inc(len(ids))
    return len(ids)
