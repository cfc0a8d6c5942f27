"""A topic of the tests' own, what its consumer heard, and readers of it on the session's Valkey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from cdb_site.bus import outbox, registry
from cdb_site.bus.consumer import GroupReader
from cdb_site.bus.events import BusEvent
from cdb_site.bus.runtime import Runtime
from cdb_site.services import Service

LISTENER = Service(name="listener", container="cdb_listener", title="Listener", kind="worker", port=None)
PAYLOAD = {
    "description": "One word.",
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
}


@dataclass
class Gossip:
    """The topic `gossip`: `heard` is what the handler was given, batch by batch; `fail_on` words raise in it."""

    client: Any
    heard: list[list[str]] = field(default_factory=list)
    fail_on: dict[str, Exception] = field(default_factory=dict)
    died: list[tuple[str, str]] = field(default_factory=list)

    def handler(self, events: list[BusEvent]) -> None:
        words = [event.payload["word"] for event in events]
        for word in words:
            if word in self.fail_on:
                raise self.fail_on[word]
        self.heard.append(words)

    @property
    def words(self) -> list[str]:
        return [word for batch in self.heard for word in batch]

    def say(self, *words: str) -> list[BusEvent]:
        """Emit one event a word, in one unit of work."""
        with outbox.unit_of_work("test") as unit:
            return [unit.emit("gossip", {"word": word}, key=word, occurred_at=datetime.now(UTC)) for word in words]

    def send_raw(self, *bodies: bytes) -> list[str]:
        return [self.client.xadd("cdb:gossip", {"e": body}).decode() for body in bodies]

    def reader(self, *, instance: str = "1", handler: Callable[[list[BusEvent]], Any] | None = None) -> GroupReader:
        """A reader whose groups are made and whose own pending entries are finished, as after the start of a worker."""
        consumer = registry.Consumer(
            topic="gossip",
            service="listener",
            handler=handler or self.handler,
            batch=200,
            on_dead=lambda event, error: self.died.append((event.payload["word"], error)),
        )
        runtime = Runtime(service=LISTENER, environment=settings.ENVIRONMENT, instance=instance)
        reader = GroupReader(runtime, [consumer])
        reader._start()
        return reader

    def pending(self) -> int:
        return int(self.client.xpending("cdb:gossip", "listener")["pending"])

    def sent(self) -> list[bytes]:
        """Bodies on the stream, oldest first."""
        return [fields[b"e"] for _, fields in self.client.xrange("cdb:gossip")]
