"""Cuts the streams to what is still needed, in entries and in bytes, so that Redis never stays full.

Part of the clock's own process and not a queued job: a queue lies in Redis, and a full Redis takes no job. For the same
reason only commands are used that a full server accepts: XINFO, XPENDING, XLEN, MEMORY USAGE and XTRIM.

    needed   the oldest entry a group has not finished, and the last seconds for readers without a group
    cap      what is beyond it goes although it is needed: its group loses doorbells, not events, and is served from
             PostgreSQL by the sweeps
"""

from __future__ import annotations

import logging

import redis
from prometheus_client import Gauge

from cdb_site import failures
from cdb_site.alerts import operations as alerts
from cdb_site.bus.consumer import groups_of
from cdb_site.bus.redis import connection
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.topics import TOPICS, Topic
from cdb_site.clock import SYSTEM

log = logging.getLogger(__name__)
STREAM_BYTES = Gauge("cdb_bus_stream_bytes", "Memory of a stream in Redis, as the server estimates it", ["topic"])
EVERY_S = 2.0
READERS_BEHIND_S = 10
# Past the cap it is cut a little below, or every turn would cut again.
CUT_TO = 0.9


class StreamTrimmer:
    """Hosted by the clock service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            with failures.waiting_for_servers("the trimming"):
                trim_streams()
                self.runtime.progress.turned("trimming")
            self.runtime.pause(EVERY_S)


def trim_streams() -> None:
    """Cut every stream. One that cannot be cut, such as a key of another kind, keeps no other from it."""
    client = connection()
    for topic in TOPICS.values():
        try:
            if client.exists(topic.key):
                _trim(client, topic)
        except redis.exceptions.ResponseError as problem:
            log.warning("the stream of %s cannot be trimmed: %s", topic.name, problem)


def _trim(client: redis.Redis, topic: Topic) -> None:
    if topic.durable:
        needed = [_first_needed(client, topic, group) for group in topic.consumers]
        client.xtrim(topic.key, minid=min([*needed, _lately()], key=_order), approximate=False)
    allowed = _allowed_entries(client, topic)
    if client.xlen(topic.key) > allowed:
        client.xtrim(topic.key, maxlen=allowed, approximate=False)
        if topic.consumers:
            alerts.raise_alert("SYSTEM_LAG_PAST_CAP", source="bus", key=topic.name, params={"topic": topic.name})


def _allowed_entries(client: redis.Redis, topic: Topic) -> int:
    """How many entries of the present size lie within both caps."""
    used = int(client.memory_usage(topic.key) or 0)
    STREAM_BYTES.labels(topic.name).set(used)
    if used <= topic.cap_bytes:
        return topic.cap
    return min(topic.cap, int(int(client.xlen(topic.key)) * topic.cap_bytes / used * CUT_TO))


def _lately() -> str:
    """What is younger stays for readers without a group, which may be a moment behind."""
    return f"{int((SYSTEM.wall_s() - READERS_BEHIND_S) * 1000)}-0"


def _first_needed(client: redis.Redis, topic: Topic, group: str) -> str:
    """The oldest entry id the group may still want: its oldest pending entry, else its read position.

    The position is read first: what is delivered between the two reads lies behind it and is kept. A group that is not
    made yet will read from the beginning.
    """
    row = groups_of(client, topic.key).get(group)
    if row is None:
        return "0-0"
    position = row["last-delivered-id"].decode()
    pending = client.xpending(topic.key, group)
    oldest = pending["min"].decode() if pending["pending"] else position
    return str(min(position, oldest, key=_order))


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
