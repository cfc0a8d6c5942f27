"""Timed jobs of the bus: ring again what was sent without effect, and end what is kept for a time only."""

from __future__ import annotations

import logging
from threading import Event

from celery import shared_task

from cdb_site import retention
from cdb_site.bus import outbox, streams
from cdb_site.bus.consumer import ensure_group, group_lag
from cdb_site.bus.redis import connection
from cdb_site.bus.registry import SWEEPS
from cdb_site.bus.topics import TOPICS, Topic

log = logging.getLogger(__name__)
RING_AGAIN_S = 30
BREATH_S = 0.05


@shared_task(name="bus.sweep_unconsumed")
def sweep_unconsumed() -> int:
    """Ring again stored events without effect, of topics whose groups have nothing left to read.

    A backlog is left alone, or the sweep would feed it. Each event is rung at most once per 30 s.
    """
    rung = 0
    for name, query in SWEEPS.items():
        if _backlog(TOPICS[name]) == 0:
            due = [event_id for event_id in query() if _not_rung_lately(event_id)]
            events = outbox.stored_events(due)
            if events:
                log.warning("%d events on %s had no effect and are rung again", len(events), name)
                streams.send(events)
            rung += len(events)
    return rung


def _backlog(topic: Topic) -> int:
    total = 0
    for group in topic.consumers:
        ensure_group(connection(), topic.name, group)
        total += group_lag(connection(), topic.key, group)
    return total


def _not_rung_lately(event_id: str) -> bool:
    return bool(connection().set(f"cdb:rung:{event_id}", 1, nx=True, ex=RING_AGAIN_S))


@shared_task(name="bus.retire_rows")
def retire_rows() -> int:
    """Delete or thin what is kept for a time only. Returns how many rows went."""
    return retention.retire_rows(lambda: Event().wait(BREATH_S))
