"""The quotes' stream, read by the tape for itself: what comes behind an entry, and whether some in between is gone.

The stream keeps some minutes of quotes. Whoever was away for less, or could not write, finds them all there; so nothing
of the tape needs to be held in memory, and the thread that feeds the marks is not asked for anything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import redis

from cdb_site.bus.consumer import stream_entries
from cdb_site.bus.tail import readable
from cdb_site.bus.topics import topic
from risk.tape.block import TapedEvent, place_order

QUOTES = topic("market_data.quotes").key
BEGINNING = "0-0"


class Chunk(NamedTuple):
    """Events in order; `newest`: the last entry that was read, also if it could not be understood. `gone`: the stream
    begins behind the entry that was read from, so that some may be missing."""

    events: list[TapedEvent]
    newest: str
    gone: bool
    entries: int


def read_after(client: redis.Redis, place: str, count: int) -> Chunk:
    """Up to `count` entries behind this one. Raises what Redis raises."""
    response: Any = client.xread({QUOTES: place}, count=count)
    [(_, entries)] = stream_entries(response) or [("", [])]
    if not entries:
        return Chunk([], place, gone=False, entries=0)
    oldest: Any = client.xrange(QUOTES, count=1)
    first = oldest[0][0].decode() if oldest else entries[0][0]
    gone = place != BEGINNING and place_order(first) > place_order(place)
    events = [taped for name, body in entries if body and (taped := _taped(name, body))]
    return Chunk(events, entries[-1][0], gone, len(entries))


def _taped(name: str, body: bytes) -> TapedEvent | None:
    event = readable(body)
    if event is None:
        return None
    return TapedEvent(name, event.producer, event.occurred_at, tuple(event.payload["quotes"]))
