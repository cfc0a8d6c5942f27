"""Latest-wins messages: quotes, portfolio marks, heartbeats. Sent directly, never stored, read from the newest.

The latest quote of every symbol also lies in a Redis hash with its event and receive times, for a reader that starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import redis

from cdb_site.bus.events import BusEvent, decode, encode, make
from cdb_site.bus.redis import connection, read_hash
from cdb_site.bus.topics import topic
from cdb_site.clock import iso

QUOTES_KEY = "cdb:quotes"
# Times are texts of one length, so their order is that of the texts.
STORE_OVER_OLDER = """
local stored = {}
for place = 2, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[place])
  local readable, quote = pcall(cjson.decode, known or '')
  if not readable or type(quote) ~= 'table' or (quote.received_at or '') < ARGV[1] then
    redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1])
    stored[#stored + 1] = ARGV[place]
  end
end
return stored
"""


def publish(topic_name: str, payload: dict[str, Any], *, producer: str, occurred_at: datetime) -> None:
    """Validate and send one message. Raises InvalidEvent, or redis errors when Redis does not answer."""
    _add(connection(), topic_name, payload, producer, occurred_at)


def publish_quotes(quotes: Sequence[dict[str, Any]], *, producer: str, occurred_at: datetime) -> None:
    """Send quotes and remember the latest of each symbol, in one round trip. Raises what `publish` raises."""
    with connection().pipeline(transaction=False) as together:
        _add(together, "market_data.quotes", {"quotes": list(quotes)}, producer, occurred_at)
        _store(together, quotes)
        together.execute()


def _add(client: redis.Redis, topic_name: str, payload: dict[str, Any], producer: str, occurred_at: datetime) -> None:
    target = topic(topic_name)
    event = make(topic_name, payload, key=f"{producer}:{iso(occurred_at)}", producer=producer, occurred_at=occurred_at)
    client.xadd(target.key, {"e": encode(event)}, maxlen=target.cap, approximate=True)


def store_quotes(quotes: Sequence[dict[str, Any]]) -> None:
    """Remember the latest quote of each symbol."""
    if quotes:
        _store(connection(), quotes)


def _store(client: redis.Redis, quotes: Sequence[dict[str, Any]]) -> None:
    client.hset(QUOTES_KEY, mapping={quote["symbol"]: orjson.dumps(quote) for quote in quotes})


def store_quotes_over_older(quotes: Sequence[dict[str, Any]], before: datetime) -> list[dict[str, Any]]:
    """Remember those quotes whose symbol has none that was received at or after `before`. Returns them."""
    if not quotes:
        return []
    pairs = [part for quote in quotes for part in (quote["symbol"], orjson.dumps(quote))]
    script = connection().register_script(STORE_OVER_OLDER)
    stored = {symbol.decode() for symbol in script(keys=[QUOTES_KEY], args=[iso(before), *pairs])}
    return [quote for quote in quotes if quote["symbol"] in stored]


def read_quotes() -> dict[str, dict[str, Any]]:
    """The latest quote of every symbol seen, by symbol."""
    return {symbol: orjson.loads(body) for symbol, body in read_hash(QUOTES_KEY).items()}


def newest(topic_name: str) -> tuple[BusEvent, float] | None:
    """The newest message of a latest-wins topic and the wall second at which Redis took it; None when there is none.

    Raises InvalidEvent or NewerMajorVersion when it cannot be used.
    """
    entries: Any = connection().xrevrange(topic(topic_name).key, count=1)
    if not entries:
        return None
    entry_id, fields = entries[0]
    return decode(fields[b"e"]), int(entry_id.partition(b"-")[0]) / 1000
