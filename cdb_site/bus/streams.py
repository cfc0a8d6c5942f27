"""Adding events to their streams: the doorbells, all of a transaction's in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from prometheus_client import Counter

from cdb_site.bus.events import BusEvent, encode
from cdb_site.bus.redis import connection as redis_connection
from cdb_site.bus.topics import topic
from cdb_site.tallying import count

PUBLISHED = Counter("cdb_bus_published_total", "Events added to a stream", ["topic"])
NOTHING: Mapping[str, str] = {}

# One call for all entries, each (stream, body, who has taken it); per entry "" or why its stream takes none. Any other
# refusal, as by a full Redis before the first of them, is no fault of an entry and fails the call.
ADD = """local refused = {}
for i = 1, #ARGV, 3 do
  local added
  if ARGV[i + 2] == '' then added = redis.pcall('XADD', ARGV[i], '*', 'e', ARGV[i + 1])
  else added = redis.pcall('XADD', ARGV[i], '*', 'e', ARGV[i + 1], 't', ARGV[i + 2]) end
  local problem = type(added) == 'table' and added.err or ''
  if problem ~= '' and string.sub(problem, 1, 9) ~= 'WRONGTYPE' then return added end
  refused[#refused + 1] = problem
end
return refused"""


def send(
    events: Sequence[BusEvent], taken: Mapping[str, str] = NOTHING, bodies: Sequence[bytes] | None = None
) -> list[tuple[BusEvent, str]]:
    """Add events to their streams, in order, in one round trip: all, or none when Redis is away or full, which raises.

    `taken` tells by event id which service has taken one already, `bodies` how each is encoded, where that is done.
    Returns those that no stream takes, each with the
    reason; they are no fault of the others.
    """
    unsent: list[tuple[BusEvent, str]] = []
    sendable: list[BusEvent] = []
    entries: list[Any] = []
    for number, event in enumerate(events):
        try:
            body = bodies[number] if bodies else encode(event)
            entries += [topic(event.topic).key, body, taken.get(event.event_id, "")]
        except (KeyError, TypeError) as problem:  # a topic of another version; a number that JSON writers refuse
            unsent.append((event, str(problem)))
        else:
            sendable.append(event)
    answers: list[Any] = _adder()(args=entries, client=redis_connection()) if sendable else []
    refusals = [(event, why.decode()) for event, why in zip(sendable, answers, strict=True) if why]
    published = [event.topic for event, why in zip(sendable, answers, strict=True) if not why]
    count(PUBLISHED, ((name,) for name in published))
    return unsent + refusals


@cache
def _adder() -> Any:
    return redis_connection().register_script(ADD)


def readable_body(event: BusEvent) -> bytes:
    """The event as JSON, also when `encode` refuses it: for people."""
    return json.dumps(asdict(event), default=str).encode()
