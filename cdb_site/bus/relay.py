"""The relay: sends what a crash or a Redis outage left in the outbox, in the order it was stored.

Rows are picked with FOR UPDATE SKIP LOCKED and never by "id greater than the last": ids commit out of order. Rows
younger than a second are left to the process that wrote them. An event that no stream takes (its topic is gone, it
cannot be written) becomes a parked dead letter, and the others go on.
"""

from __future__ import annotations

from django.db import transaction
from prometheus_client import Counter

from cdb_site import db, failures
from cdb_site.bus import models, outbox, streams
from cdb_site.bus.burial import bury
from cdb_site.bus.events import BusEvent
from cdb_site.bus.runtime import Runtime

RELAYED = Counter("cdb_bus_relayed_total", "Events the relay sent because their writer could not")
EVERY_S = 0.5
BATCH = 50
PICK = """
    SELECT unit_id, event_ids FROM outbox WHERE created_at < now() - interval '1 second'
    ORDER BY sequence LIMIT %s FOR UPDATE SKIP LOCKED"""


class Relay:
    """Hosted by the clock service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            sent = 0
            with failures.waiting_for_servers("the relay"):
                sent = relay_once()
                self.runtime.progress.turned("relay")
            if not sent:
                self.runtime.pause(EVERY_S)


def relay_once() -> int:
    """Send (or park) what up to BATCH transactions left; returns how many events. Raises when a server is away."""
    with transaction.atomic():
        rows = db.select(PICK, (BATCH,))
        events = outbox.stored_events([event_id for _, event_ids in rows for event_id in event_ids])
        unsent = streams.send(events)
        for event, why in unsent:
            _park(event, why)
        models.Outbox.objects.filter(unit_id__in=[unit_id for unit_id, _ in rows]).delete()
    RELAYED.inc(len(events) - len(unsent))
    return len(events)


def _park(event: BusEvent, why: str) -> None:
    bury(
        topic=event.topic,
        group="relay",
        entry_id=event.event_id,
        body=streams.readable_body(event),
        error=why,
        attempts=1,
        state=models.DeadLetter.State.PARKED,
        reason="UNSENDABLE",
    )
