"""An event: what happened, when, caused by what. The envelope is common, the payload belongs to the topic.

`event_id` is uuid5 of topic and natural key, so saying the same thing twice gives the same event. `correlation_id`
joins all that follows from one beginning (a candle's signal, its decision, order and fills); `causation_id` is the
event directly before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import Any
from uuid import UUID

import orjson

from cdb_site.bus import schema
from cdb_site.bus.builders import fits_by_construction
from cdb_site.clock import iso

NAMESPACE = UUID("5b0d6d0c-6a0e-5c5e-9a52-0f6a3a1d7c11").bytes
VARIANTS = "89ab89ab89ab89ab"


@dataclass(frozen=True, slots=True, kw_only=True)
class BusEvent:
    """One message. Ids are UUID texts, `occurred_at` is ISO-8601 UTC (market time)."""

    event_id: str
    topic: str
    schema_version: str
    occurred_at: str
    producer: str
    correlation_id: str
    causation_id: str | None
    payload: dict[str, Any]


class NewerMajorVersion(Exception):
    """Written by a newer major version of the system: parked, not guessed at."""


def id_text(*parts: str) -> str:
    """uuid5 of the parts as text: the same parts give the same id on every machine."""
    digits = sha1(NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    variant = VARIANTS[int(digits[16], 16)]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def deterministic_id(*parts: str) -> UUID:
    """The same as an object."""
    return UUID(id_text(*parts))


def make(
    topic: str,
    payload: dict[str, Any],
    *,
    key: str,
    producer: str,
    occurred_at: datetime,
    cause: BusEvent | None = None,
    correlation_id: str | None = None,
    begins_chain: bool = False,
) -> BusEvent:
    """Build and validate an event. `key` names what happened within its topic; `begins_chain`: what follows from it
    carries its own id, whatever caused it."""
    if not fits_by_construction(topic, payload):
        schema.validate_payload(topic, payload)
    event_id = id_text(topic, key)
    return BusEvent(
        event_id=event_id,
        topic=topic,
        schema_version=schema.version(),
        occurred_at=iso(occurred_at),
        producer=producer,
        correlation_id=correlation_id or (cause.correlation_id if cause and not begins_chain else event_id),
        causation_id=cause.event_id if cause else None,
        payload=payload,
    )


def encode(event: BusEvent) -> bytes:
    """The event as JSON bytes: the single field of a stream entry, and its row."""
    return orjson.dumps(event)


def decode(body: bytes, *, payload_too: bool = True) -> BusEvent:
    """Parse and validate one message. Raises InvalidEvent, or NewerMajorVersion for one from the future.

    Without `payload_too` the payload is taken as its producer has validated it: for showing, never for trading.
    """
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise schema.InvalidEvent("envelope", "body", f"is not JSON: {problem}") from problem
    schema.validate_envelope(envelope)
    if int(envelope["schema_version"].split(".")[0]) > int(schema.version().split(".")[0]):
        raise NewerMajorVersion(envelope["schema_version"])
    if payload_too:
        schema.validate_payload(envelope["topic"], envelope["payload"])
    return BusEvent(**{name: envelope[name] for name in BusEvent.__slots__})
