"""What happens to one micro-batch: take effect, or find out which entry hurts, and bound what it may cost.

    batch fails        → halves are tried on their own, down to single entries
    single entry fails → counted in `delivery_attempt` (committed first), tried again, after MAX_ATTEMPTS dead-lettered
    delivered before   → runs alone, its attempt committed first: an entry that kills its worker is counted, too
    cannot be read     → dead-lettered at once; from a newer major version → parked

PostgreSQL or Redis being away is no fault of an entry: it raises `BackingServerAway`, and the whole batch waits. Which
failure means that is told by its code (`cdb_site.failures`); what comes again with its entry counts as the entry's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.db import close_old_connections
from prometheus_client import Counter, Histogram

from cdb_site import db, failures
from cdb_site.bus import models
from cdb_site.bus.burial import bury
from cdb_site.bus.events import BusEvent, NewerMajorVersion, decode
from cdb_site.bus.registry import Consumer, OnDeadLetter
from cdb_site.bus.schema import InvalidEvent
from cdb_site.logs import concerning

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5

CONSUMED = Counter("cdb_bus_consumed_total", "Events that took effect", ["topic", "service"])
BATCHES = Histogram("cdb_bus_batch_seconds", "Time of one micro-batch, commit and publish included", ["topic"])
SPLITS = Counter("cdb_bus_split_batches_total", "Micro-batches split because one of their events failed", ["topic"])


class BackingServerAway(Exception):
    """PostgreSQL or Redis did not answer; nothing was acknowledged."""


@contextmanager
def outage_apart() -> Iterator[None]:
    """Turn what is no fault of the entry in the block into `BackingServerAway`."""
    try:
        yield
    except Exception as problem:
        if not failures.is_waited_for(problem):
            raise
        close_old_connections()
        raise BackingServerAway(str(problem)) from problem


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream entry as it lies in Redis."""

    entry_id: str
    body: bytes


class Delivery:
    """Takes entries of one consumer's topic to their end. Returning means: may be acknowledged."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer

    def first_time(self, entries: list[Entry]) -> None:
        """Entries never delivered before: all in one batch."""
        self._run([(entry, event) for entry in entries if (event := self._read(entry))])

    def again(self, entry: Entry) -> None:
        """An entry delivered before and not acknowledged: alone, its attempt counted first."""
        event = self._read(entry)
        if event:
            self._run_alone(entry, event)

    def _run(self, batch: list[tuple[Entry, BusEvent]]) -> None:
        if not batch:
            return
        try:
            self._handle([event for _, event in batch])
        except BackingServerAway:
            raise
        except Exception:
            SPLITS.labels(self.consumer.topic).inc()
            if len(batch) == 1:
                self._run_alone(*batch[0])
                return
            log.warning("%s: a batch of %d failed and is split", self.consumer.topic, len(batch), exc_info=True)
            middle = len(batch) // 2
            self._run(batch[:middle])
            self._run(batch[middle:])

    def _run_alone(self, entry: Entry, event: BusEvent) -> None:
        while True:
            attempts = self._count_attempt(entry)
            if attempts > MAX_ATTEMPTS:
                self._give_up(entry, event, f"failed {MAX_ATTEMPTS} times or ended its worker", attempts - 1)
                return
            try:
                self._handle([event])
                return
            except BackingServerAway:
                self._take_attempt_back(entry)
                raise
            except Exception as problem:
                with concerning(event.correlation_id):
                    log.warning("%s %s failed, attempt %d", event.topic, event.event_id, attempts, exc_info=True)
                if attempts >= MAX_ATTEMPTS:
                    self._give_up(entry, event, f"{type(problem).__name__}: {problem}", attempts)
                    return

    def _handle(self, events: list[BusEvent]) -> None:
        chains = {event.correlation_id for event in events}
        chain = chains.pop() if len(chains) == 1 else None
        with outage_apart(), concerning(chain), BATCHES.labels(self.consumer.topic).time():
            self.consumer.handler(events)
        CONSUMED.labels(self.consumer.topic, self.consumer.service).inc(len(events))

    def _read(self, entry: Entry) -> BusEvent | None:
        try:
            event = decode(entry.body)
            if event.topic != self.consumer.topic:
                raise InvalidEvent("envelope", "topic", f"is {event.topic!r} on the stream of {self.consumer.topic!r}")
            return event
        except InvalidEvent as problem:
            self._bury(entry, str(problem), 1, models.DeadLetter.State.OPEN, "INVALID")
        except NewerMajorVersion as problem:
            self._bury(entry, f"schema version {problem} is newer", 1, models.DeadLetter.State.PARKED, "NEWER_VERSION")
        return None

    def _count_attempt(self, entry: Entry) -> int:
        statement = """
            INSERT INTO delivery_attempt (topic, "group", entry_id, attempts) VALUES (%s, %s, %s, 1)
            ON CONFLICT (topic, "group", entry_id)
            DO UPDATE SET attempts = delivery_attempt.attempts + 1, last_at = now() RETURNING attempts"""
        key = (self.consumer.topic, self.consumer.service, entry.entry_id)
        with outage_apart():
            return int(db.select(statement, key)[0][0])

    def _take_attempt_back(self, entry: Entry) -> None:
        """An outage is no fault of the entry: it must not use up its attempts."""
        statement = """
            UPDATE delivery_attempt SET attempts = attempts - 1
            WHERE topic = %s AND "group" = %s AND entry_id = %s AND attempts > 0"""
        with suppress(BackingServerAway), outage_apart():
            db.execute(statement, (self.consumer.topic, self.consumer.service, entry.entry_id))

    def _give_up(self, entry: Entry, event: BusEvent, error: str, attempts: int) -> None:
        self._bury(entry, error, attempts, models.DeadLetter.State.OPEN, "FAILED")
        if self.consumer.on_dead:
            self._settle(self.consumer.on_dead, event, error)

    def _settle(self, on_dead: OnDeadLetter, event: BusEvent, error: str) -> None:
        """What ails the event may ail its settlement, too; the letter is kept, and the stream goes on."""
        try:
            with outage_apart():
                on_dead(event, error)
        except BackingServerAway:
            raise
        except Exception:
            log.exception("the dead %s %s could not be settled", event.topic, event.event_id)

    def _bury(self, entry: Entry, error: str, attempts: int, state: str, reason: str) -> None:
        with outage_apart():
            bury(
                topic=self.consumer.topic,
                group=self.consumer.service,
                entry_id=entry.entry_id,
                body=entry.body,
                error=error,
                attempts=attempts,
                state=state,
                reason=reason,
            )
