"""The reader of a service's consumer groups: own pending entries first, then what dead workers left, then what is new.

    read ≤ 200 entries → handler (its own transactions and publishes) → XACK

XACK follows the commit, so a crash anywhere delivers again, never less. What was taken in line before it was sent is
acknowledged unread. Groups are created from id 0, also after Redis came back empty. While PostgreSQL or Redis is away
the reader waits and tries again; nothing is acknowledged.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.db import close_old_connections
from prometheus_client import Gauge

from cdb_site.bus import sent
from cdb_site.bus.crash import crash_point
from cdb_site.bus.delivery import BackingServerAway, Delivery, Entry, outage_apart
from cdb_site.bus.redis import BLOCK_MS, connect
from cdb_site.bus.registry import Consumer, consumes, reads, sweeps
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.topics import topic
from cdb_site.failures import REDIS_WAIT

__all__ = ["GroupReader", "consumes", "reads", "sweeps"]

log = logging.getLogger(__name__)
LAG = Gauge("cdb_bus_lag_entries", "Entries of the stream not yet acknowledged by the group", ["topic", "service"])
CLAIM_IDLE_MS = 60_000
IDLE_MS = 20
UPKEEP_S = 2.0
RETRY_S = 0.5


def ensure_group(client: redis.Redis, topic_name: str, service: str) -> None:
    """Create the group from the beginning of the stream, unless it is there: a full Redis refuses even to be asked."""
    if service in groups_of(client, topic(topic_name).key):
        return
    try:
        client.xgroup_create(topic(topic_name).key, service, id="0", mkstream=True)
    except redis.exceptions.ResponseError as problem:
        if "BUSYGROUP" not in str(problem):
            raise


class GroupReader:
    """The one loop that feeds all topics of a service. Effects and order are per topic."""

    def __init__(self, runtime: Runtime, consumers: list[Consumer]) -> None:
        self.runtime = runtime
        self.client = connect()
        self.service = runtime.service.name
        self.name = f"{self.service}-{runtime.instance}"
        self.deliveries = {topic(item.topic).key: Delivery(item) for item in consumers}
        self.count = min(item.batch for item in consumers)
        self._upkeep_at = 0.0

    def run(self) -> None:
        with sent.clearing_lazily():
            self._run()

    def _run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                self._start()
                while not self.runtime.stopping.is_set():
                    self.turn()
                self._clear_sent()
            except (BackingServerAway, *REDIS_WAIT) as problem:
                log.warning("%s waits for its servers: %s", self.service, problem)
                self.runtime.pause(RETRY_S)
            except redis.exceptions.ResponseError as problem:
                if "NOGROUP" not in str(problem) and "LOADING" not in str(problem):
                    raise
                log.warning("%s: %s; the group is made again", self.service, problem)
                self.runtime.pause(RETRY_S)

    def _start(self) -> None:
        close_old_connections()
        for key, delivery in self.deliveries.items():
            ensure_group(self.client, delivery.consumer.topic, self.service)
            while self._pending(key):
                self.runtime.progress.turned("consumer")

    def turn(self) -> None:
        """Read once (waiting up to a second) and take what came to its end."""
        self._upkeep()
        streams: dict[Any, Any] = dict.fromkeys(self.deliveries, ">")
        block_ms = IDLE_MS if sent.waiting_to_be_cleared() else BLOCK_MS
        response = self.client.xreadgroup(self.service, self.name, streams, count=self.count, block=block_ms)
        self.runtime.progress.turned("consumer")
        if not response:
            self._clear_sent()
        for key, entries in stream_entries(response, self.service):
            delivery = self.deliveries[key]
            delivery.first_time([Entry(name, body) for name, body in entries if body is not None])
            self._acknowledge(key, [name for name, _ in entries])

    def _clear_sent(self) -> None:
        with outage_apart():
            sent.clear()

    def _pending(self, key: str) -> bool:
        """Finish this consumer's own unacknowledged entries, one by one. False when there are none left."""
        response = self.client.xreadgroup(self.service, self.name, {key: "0"}, count=self.count)
        found = False
        for _, entries in stream_entries(response, self.service):
            for name, body in entries:
                found = True
                self._finish_again(key, name, body)
        return found

    def _finish_again(self, key: str, name: str, body: bytes | None) -> None:
        if body is not None:
            self.deliveries[key].again(Entry(name, body))
        self._acknowledge(key, [name])
        self.runtime.progress.turned("consumer")

    def _acknowledge(self, key: str, names: list[str]) -> None:
        if not names:
            return
        crash_point("before_ack", self.service)
        self.client.xack(key, self.service, *names)
        crash_point("after_ack", self.service)
        self.runtime.progress.processed += len(names)

    def _upkeep(self) -> None:
        now = self.runtime.clock.monotonic_s()
        if now - self._upkeep_at < UPKEEP_S:
            return
        self._upkeep_at = now
        close_old_connections()
        for key in self.deliveries:
            self._claim_from_the_dead(key)
        self._measure_lag()

    def _claim_from_the_dead(self, key: str) -> None:
        _, entries, *_ = self.client.xautoclaim(key, self.service, self.name, CLAIM_IDLE_MS, "0-0", count=self.count)
        for name, fields in entries:
            self._finish_again(key, name.decode(), _body(fields, self.service))

    def _measure_lag(self) -> None:
        total = 0
        for key, delivery in self.deliveries.items():
            lag = group_lag(self.client, key, self.service)
            LAG.labels(delivery.consumer.topic, self.service).set(lag)
            total += lag
        self.runtime.progress.measured_lag(total)


def groups_of(client: redis.Redis, key: str) -> dict[str, dict[str, Any]]:
    """The groups of a stream by name, as XINFO tells them; none when the stream is not there."""
    try:
        rows: Any = client.xinfo_groups(key)
    except redis.exceptions.ResponseError as problem:
        if "no such key" not in str(problem):
            raise
        return {}
    return {row["name"].decode() if isinstance(row["name"], bytes) else row["name"]: row for row in rows}


def group_lag(client: redis.Redis, key: str, group: str) -> int:
    """Entries not yet delivered to the group plus those delivered and not acknowledged."""
    row = groups_of(client, key).get(group)
    return int(row.get("lag") or 0) + int(row["pending"]) if row else 0


def stream_entries(response: Any, service: str = "") -> list[tuple[str, list[tuple[str, bytes | None]]]]:
    """Replies as (key, [(entry id, body)]): redis-py answers with a list or a dict. A trimmed entry has no body, and
    neither has one that the service has taken in line."""
    if not response:
        return []
    pairs = response.items() if isinstance(response, dict) else response
    streams = []
    for key, entries in pairs:
        flat = entries[0] if isinstance(response, dict) and entries and isinstance(entries[0], list) else entries
        rows = [(name.decode(), _body(fields, service)) for name, fields in flat]
        streams.append((key.decode() if isinstance(key, bytes) else key, rows))
    return streams


def _body(fields: dict[bytes, bytes] | None, service: str) -> bytes | None:
    if not fields or (service and fields.get(b"t", b"").decode() == service):
        return None
    return fields.get(b"e", b"")
