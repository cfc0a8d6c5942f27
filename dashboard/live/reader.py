"""The one reader of the streams in a dashboard process: every topic once, whatever the number of screens.

It starts at the newest entry (what is older comes from PostgreSQL), sends the first change at once and then at most
one batch per 60 ms; one with orders or alerts in it per 15 ms. It reads no more often than that: events that come one
by one cost a read for many. When Redis was away, was restarted, or entries were
trimmed before they could be read, the numbering starts a new epoch and every screen gets a snapshot instead of a gap.
While nobody looks only heartbeats are read, once a second: Prometheus is told how old they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import redis
from prometheus_client import Counter

from cdb_site.bus import latest
from cdb_site.bus.consumer import stream_entries
from cdb_site.bus.events import BusEvent
from cdb_site.bus.redis import BLOCK_MS, UNREACHABLE, connect
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.tail import readable
from cdb_site.bus.topics import TOPICS, Topic
from dashboard.live.audience import Audience
from dashboard.live.feed import Batch, Feed
from dashboard.live.fold import FOLDS, fold

log = logging.getLogger(__name__)
EVENTS = Counter("cdb_dashboard_events_total", "Events read for the screens", ["topic"])
UNUSABLE = Counter("cdb_dashboard_events_unusable_total", "Events that could not be shown", ["topic"])

COUNT = 1000
FLUSH_S, URGENT_S = 0.06, 0.015
CHECK_S = 2.0
HEARTBEATS_S = 3.0
HEARTBEATS_EVERY_S = 1.0


class StreamReader:
    """`deliver` takes each batch, `toast` each alert event that is news, `began` epoch and number of a new beginning;
    all are called in the reader's thread."""

    def __init__(
        self,
        runtime: Runtime,
        feed: Feed,
        audience: Audience,
        *,
        deliver: Callable[[Batch], None],
        toast: Callable[[BusEvent], None],
        began: Callable[[str, int], None],
    ) -> None:
        self.runtime, self.feed, self.audience, self.began = runtime, feed, audience, began
        self.deliver, self.toast = deliver, toast
        self.client = connect()
        self.keys = {TOPICS[name].key: name for name in FOLDS}
        self.positions: dict[Any, Any] = {}
        self.trail = Trail(self.client, [TOPICS[name] for name in FOLDS])
        self._read_at = 0.0
        self._flushed_at = 0.0
        self._checked_at = 0.0
        self._heard = ""

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                if not self.audience.present:
                    self._rest()
                    continue
                if not self.positions:
                    self._start_at_newest()
                self._turn()
            except UNREACHABLE as problem:
                log.warning("the dashboard's reader waits for Redis: %s", problem)
                self.positions = {}
                self.runtime.pause(0.5)

    def _rest(self) -> None:
        self.positions = {}
        self.audience.rest("reader", HEARTBEATS_EVERY_S)
        self.runtime.progress.turned("reader")
        since = self._heard or self._heartbeats_since()
        entries: Any = self.client.xrange(TOPICS["health"].key, min=since, count=COUNT)
        for entry_id, fields in entries:
            self._heard = f"({entry_id.decode()}"
            self._fold("health", [fields[b"e"]])
        self.feed.flush()

    def _heartbeats_since(self) -> str:
        """Older heartbeats would make a dead service look alive."""
        return str(int((self.runtime.clock.wall_s() - HEARTBEATS_S) * 1000))

    def _start_at_newest(self) -> None:
        run_id = self.client.info("server")["run_id"]
        self.positions = self.trail.start()
        self.feed.restart(run_id[:12])
        for quote in latest.read_quotes().values():
            self.feed.put("quotes", quote)
        self._fold("portfolio", self._recent("portfolio", since="-", count=1))
        self._fold("health", self._recent("health", since=self._heartbeats_since(), count=COUNT))
        self.began(self.feed.epoch, self.feed.flushed_seq)
        self.audience.fresh("reader")

    def _recent(self, name: str, *, since: str, count: int) -> list[bytes]:
        entries: list[Any] = self.client.xrevrange(TOPICS[name].key, min=since, count=count) or []
        return [fields[b"e"] for _, fields in reversed(entries)]

    def _turn(self) -> None:
        self.runtime.pause(max(0.0, self._read_at + URGENT_S - self.runtime.clock.monotonic_s()))
        response = self.client.xread(self.positions, count=COUNT, block=self._block_ms())
        self._read_at = self.runtime.clock.monotonic_s()
        self.runtime.progress.turned("reader")
        for key, entries in stream_entries(response):
            self.positions[key] = entries[-1][0]
            self.trail.saw(key, len(entries))
            self._fold(self.keys[key], [body for _, body in entries if body])
        now = self.runtime.clock.monotonic_s()
        if now - self._flushed_at >= self._gap_s:
            self._flush(now)
        if now - self._checked_at >= CHECK_S:
            self._checked_at = now
            if self.trail.lost(self.positions):
                log.warning("entries were trimmed before the dashboard read them; the screens start anew")
                self.positions = {}

    @property
    def _gap_s(self) -> float:
        return URGENT_S if self.feed.has_urgent else FLUSH_S

    def _block_ms(self) -> int:
        if not self.feed.has_pending:
            return BLOCK_MS
        left_s = self._flushed_at + self._gap_s - self.runtime.clock.monotonic_s()
        return max(1, min(BLOCK_MS, int(left_s * 1000)))

    def _flush(self, now: float) -> None:
        batch = self.feed.flush()
        if batch:
            self._flushed_at = now
            self.deliver(batch)

    def _fold(self, name: str, bodies: list[bytes]) -> None:
        for body in bodies:
            event = readable(body, payload_too=False)
            if event is None:
                UNUSABLE.labels(name).inc()
                continue
            try:
                fold(self.feed, event)
            except Exception:
                UNUSABLE.labels(name).inc()
                log.exception("an event on %s cannot be shown", name)
                continue
            EVENTS.labels(name).inc()
            self.runtime.progress.processed += 1
            if name == "alerts":
                self.toast(event)


class Trail:
    """Tells whether every entry added to the durable streams was read: Redis counts what was added, we what we read."""

    def __init__(self, client: redis.Redis, topics: list[Topic]) -> None:
        self.client = client
        self.keys = [topic.key for topic in topics]
        self.durable = [topic.key for topic in topics if topic.durable]
        self._before: dict[str, int] = {}
        self._seen: dict[str, int] = {}

    def saw(self, key: str, count: int) -> None:
        if key in self._seen:
            self._seen[key] += count

    def lost(self, positions: dict[Any, Any]) -> bool:
        for key in self.durable:
            added, newest = self._added(key)
            if newest == positions.get(key) and added != self._before[key] + self._seen[key]:
                return True
        return False

    def start(self) -> dict[str, str]:
        """Begin at the newest entries; key → id after which to read. `$` would lose what comes between two reads."""
        now = {key: self._added(key) for key in self.keys}
        self._before = {key: added for key, (added, _) in now.items()}
        self._seen = dict.fromkeys(self.keys, 0)
        return {key: newest for key, (_, newest) in now.items()}

    def _added(self, key: str) -> tuple[int, str]:
        """(entries ever added, newest id) of a stream; (0, "0-0") while there is none."""
        try:
            info = self.client.xinfo_stream(key)
        except redis.exceptions.ResponseError:
            return 0, "0-0"
        return int(info["entries-added"]), info["last-generated-id"].decode()
