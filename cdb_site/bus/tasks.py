"""Timed jobs of the bus: ring again what was sent without effect, and cut the streams to what is still needed."""

from __future__ import annotations

import logging

import redis
from celery import shared_task

from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.bus.consumer import ensure_group, group_lag
from cdb_site.bus.redis import connection
from cdb_site.bus.registry import SWEEPS
from cdb_site.bus.topics import TOPICS, Topic
from cdb_site.clock import SYSTEM

log = logging.getLogger(__name__)
RING_AGAIN_S = 30
READERS_BEHIND_S = 10


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
                outbox.send(events)
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


@shared_task(name="bus.trim_streams")
def trim_streams() -> None:
    """Cut every durable stream below its slowest group (and its last seconds), and at its hard cap.

    A group that lags past the cap loses doorbells, not events: it is served from PostgreSQL by the sweeps.
    """
    for topic in TOPICS.values():
        if topic.durable:
            _trim(topic)


def _trim(topic: Topic) -> None:
    client = connection()
    needed = [_first_needed(client, topic, group) for group in topic.consumers]
    if needed:
        client.xtrim(topic.key, minid=min([*needed, _lately()], key=_order), approximate=False)
    if client.xlen(topic.key) > topic.cap:
        client.xtrim(topic.key, maxlen=topic.cap, approximate=False)
        if topic.consumers:
            alerts.raise_alert("SYSTEM_LAG_PAST_CAP", source="bus", key=topic.name, params={"topic": topic.name})


def _lately() -> str:
    """What is younger stays for readers without a group, which may be a moment behind."""
    return f"{int((SYSTEM.wall_s() - READERS_BEHIND_S) * 1000)}-0"


def _first_needed(client: redis.Redis, topic: Topic, group: str) -> str:
    """The oldest entry id the group may still want: its oldest pending entry, else its read position.

    The position is read first: what is delivered between the two reads lies behind it and is kept.
    """
    ensure_group(client, topic.name, group)
    position = next(
        (row["last-delivered-id"].decode() for row in client.xinfo_groups(topic.key) if row["name"].decode() == group),
        "0-0",
    )
    pending = client.xpending(topic.key, group)
    oldest = pending["min"].decode() if pending["pending"] else position
    return str(min(position, oldest, key=_order))


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
