"""Latest-wins messages: quotes, portfolio marks, heartbeats. Sent directly, never stored, read from the newest.

The latest quote of every symbol also lies in a Redis hash with its event and receive times, for a reader that starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from cdb_site.bus.events import encode, make
from cdb_site.bus.redis import connection, read_hash
from cdb_site.bus.topics import topic
from cdb_site.clock import iso

QUOTES_KEY = "cdb:quotes"


def publish(topic_name: str, payload: dict[str, Any], *, producer: str, occurred_at: datetime) -> None:
    """Validate and send one message. Raises InvalidEvent, or redis errors when Redis does not answer."""
    target = topic(topic_name)
    event = make(topic_name, payload, key=f"{producer}:{iso(occurred_at)}", producer=producer, occurred_at=occurred_at)
    connection().xadd(target.key, {"e": encode(event)}, maxlen=target.cap, approximate=True)


def store_quotes(quotes: Sequence[dict[str, Any]]) -> None:
    """Remember the latest quote of each symbol."""
    if quotes:
        connection().hset(QUOTES_KEY, mapping={quote["symbol"]: orjson.dumps(quote) for quote in quotes})


def read_quotes() -> dict[str, dict[str, Any]]:
    """The latest quote of every symbol seen, by symbol."""
    return {symbol: orjson.loads(body) for symbol, body in read_hash(QUOTES_KEY).items()}
