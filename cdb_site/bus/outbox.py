"""The unit of work: rows, their events and the events' outbox entries in one transaction, then the doorbell.

1. The caller writes its rows and emits events inside `unit_of_work`.
2. `event` and `outbox` rows are written in the same transaction; it commits.
3. The events are added to their streams (XADD), then their outbox rows are deleted.

A consumer deletes them with its next batch, so that a batch costs one commit.

With `in_line` the consumers that live in this process take the events between 1 and 2, in the same transaction
(`docs/lane.md`). The stream says who has: its group acknowledges them unread.

A crash after 2 leaves outbox rows, which the relay sends. A crash between the two halves of 3 sends twice: consumers
take effect once. An event emitted again (same key) is not stored twice; it is sent again with the same event_id.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from prometheus_client import Counter
from redis.exceptions import RedisError

from cdb_site import db
from cdb_site.bus import models, registry, sent
from cdb_site.bus.crash import crash_point
from cdb_site.bus.events import BusEvent, encode, make
from cdb_site.bus.streams import send

log = logging.getLogger(__name__)
EVENT_FIELDS = tuple(item.name for item in fields(BusEvent))
PUBLISH_FAILURES = Counter("cdb_bus_publish_failures_total", "Batches left to the relay: Redis did not answer")
HANDED_OVER = Counter("cdb_bus_handed_over_total", "Events taken in line, before their commit", ["topic", "service"])


class UnitOfWork:
    """Collects what one transaction writes and says. `resend` re-rings events stored earlier."""

    def __init__(self, producer: str, *, in_line: bool = False) -> None:
        self.producer, self.in_line = producer, in_line
        self.events: list[BusEvent] = []
        self.bodies: list[bytes] = []
        self.writes: list[db.Write] = []
        self.taken: dict[str, str] = {}
        self.afterwards: list[Callable[[], object]] = []
        self.unit_id = str(uuid4())

    def spoken_by(self, producer: str) -> UnitOfWork:
        """The same unit, in which somebody else writes and speaks."""
        other = copy(self)
        other.producer = producer
        return other

    def take(self, event: BusEvent, service: str) -> None:
        """The event takes effect for the service in this very transaction: its group need not read it."""
        self.taken[event.event_id] = service

    def then(self, act: Callable[[], object]) -> None:
        """Do this when all is committed and sent."""
        self.afterwards.append(act)

    def write(self, write: db.Write) -> None:
        """Leave a write to the end of the block, where all of them and the events become one statement."""
        self.writes.append(write)

    def emit(
        self,
        topic_name: str,
        payload: dict[str, Any],
        *,
        key: str,
        occurred_at: datetime,
        cause: BusEvent | None = None,
        correlation_id: str | None = None,
        begins_chain: bool = False,
    ) -> BusEvent:
        """Say that something happened. Raises InvalidEvent before anything is written."""
        event = make(
            topic_name,
            payload,
            key=key,
            producer=self.producer,
            occurred_at=occurred_at,
            cause=cause,
            correlation_id=correlation_id,
            begins_chain=begins_chain,
        )
        self.events.append(event)
        return event

    def resend(self, event_ids: Sequence[str]) -> None:
        """Ring again for events already stored, unchanged."""
        self.events.extend(stored_events(event_ids))


class _OpenUnits(threading.local):
    def __init__(self) -> None:
        self.units: list[UnitOfWork] = []


_open = _OpenUnits()


def current_unit() -> UnitOfWork | None:
    """The innermost open unit of work of this thread."""
    return _open.units[-1] if _open.units else None


@contextmanager
def unit_of_work(producer: str, *, durable_commit: bool = True, in_line: bool = False) -> Iterator[UnitOfWork]:
    """One transaction and what it says. `durable_commit=False` only for data that can be fetched again; `in_line` lets
    consumers of this process take it over before the commit."""
    unit = UnitOfWork(producer, in_line=in_line)
    with transaction.atomic():
        if not durable_commit:
            db.execute("SET LOCAL synchronous_commit = off")
        _open.units.append(unit)
        try:
            yield unit
            if in_line:
                _hand_over(unit)
        finally:
            _open.units.remove(unit)
        cleared = _store(unit)
        crash_point("before_commit", producer)
    crash_point("after_commit", producer)
    sent.forget(cleared)
    # Within somebody else's transaction nothing is committed yet: the bell waits for that commit.
    transaction.on_commit(lambda: _follow(unit))


def _follow(unit: UnitOfWork) -> None:
    """What comes after the commit, also when the streams or the clearing fail."""
    if _deferred.acts is not None:
        _deferred.units.append(unit)
        _deferred.acts += unit.afterwards
        return
    try:
        _tell([*_deferred.taken(), unit])
    finally:
        for act in unit.afterwards:
            act()


def _hand_over(unit: UnitOfWork) -> None:
    """Let the consumers of this process take what is said, and then what they say. More than a consumer takes at once
    goes by the stream: account and gate are not kept for longer than a batch."""
    heard = 0
    while heard < len(unit.events):
        new, heard = unit.events[heard:], len(unit.events)
        for consumer in registry.in_line_consumers({event.topic for event in new}):
            theirs = [event for event in new if event.topic == consumer.topic]
            if len(theirs) <= consumer.batch:
                _take_over(unit, consumer, theirs)


def _take_over(unit: UnitOfWork, consumer: registry.Consumer, events: list[BusEvent]) -> None:
    spoken = unit.spoken_by(consumer.service)
    _open.units.append(spoken)
    try:
        assert consumer.in_line  # noqa: S101 - only such consumers are found
        consumer.in_line(spoken, events)
    finally:
        _open.units.remove(spoken)
    for event in events:
        unit.take(event, consumer.service)
    unit.then(lambda: HANDED_OVER.labels(consumer.topic, consumer.service).inc(len(events)))


class _Deferred(threading.local):
    def __init__(self) -> None:
        self.acts: list[Callable[[], object]] | None = None
        self.units: list[UnitOfWork] = []

    def taken(self) -> list[UnitOfWork]:
        """The units that wait to be told, once."""
        units, self.units = self.units, []
        return units


_deferred = _Deferred()


@contextmanager
def afterwards_at_end() -> Iterator[None]:
    """What this thread has to do after its commits within the block is done at the end of it, and not under whatever
    lock the block holds. What they say goes to the streams with what the first of these acts says, in its order: an
    order is on its way before anybody is told of it."""
    acts: list[Callable[[], object]] = []
    _deferred.acts = acts
    try:
        yield
    finally:
        _deferred.acts = None
        try:
            for act in acts:
                act()
        finally:
            _tell(_deferred.taken())


def _store(unit: UnitOfWork) -> int:
    """Write the block's rows, its events, their outbox row and the deletion of sent ones together. Returns how many
    those are."""
    deletion, sent_count = sent.deletion()
    db.write_together([*unit.writes, *_insertions(unit), *deletion])
    return sent_count


def _insertions(unit: UnitOfWork) -> list[db.Write]:
    """An event is spelled once: its row and its stream entry are the same JSON."""
    if not unit.events:
        return []
    unit.bodies = [encode(event) for event in unit.events]
    waiting = {"unit_id": unit.unit_id, "event_ids": [event.event_id for event in unit.events]}
    return [
        db.insertion_of(models.Event, EVENT_FIELDS, unit.bodies, "DO NOTHING"),
        db.insertion(models.Outbox, [waiting]),
    ]


def _tell(units: Sequence[UnitOfWork]) -> None:
    """Add what these units say to the streams, in one call."""
    events = [event for unit in units for event in unit.events]
    if not events:
        return
    taken = {event_id: service for unit in units for event_id, service in unit.taken.items()}
    try:
        unsent = send(events, taken, [body for unit in units for body in unit.bodies])
    except RedisError:  # away, frozen, or full: what is committed stands and is sent later
        PUBLISH_FAILURES.inc()
        log.warning("Redis did not take %d events; the relay will send them", len(events))
        return
    refused = {event.event_id for event, _ in unsent}
    for unit in units:
        crash_point("after_publish", unit.producer)
        ids = {event.event_id for event in unit.events}
        if ids and ids.isdisjoint(refused):  # else the relay sends them again, and parks those that no stream takes
            sent.note(unit.unit_id)


def stored_events(event_ids: Sequence[str]) -> list[BusEvent]:
    """Events as they were stored, in the order of their storing."""
    rows = models.Event.objects.filter(event_id__in=event_ids).order_by("sequence")
    return [event_from_row(row) for row in rows]


def event_from_row(row: models.Event) -> BusEvent:
    from_clock = row.occurred_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return BusEvent(
        event_id=str(row.event_id),
        topic=row.topic,
        schema_version=row.schema_version,
        occurred_at=from_clock,
        producer=row.producer,
        correlation_id=str(row.correlation_id),
        causation_id=str(row.causation_id) if row.causation_id else None,
        payload=row.payload,
    )
