"""What consumes what: tasks register themselves where they are written, the bootstep looks them up here.

`@consumes(topic, service=…)` makes a task the handler of a service's consumer group: every event at least once, in
micro-batches, effects exactly once because handlers write under unique keys.
`@reads(topic, service=…)` hands over what is newest, without a group: for marks and screens. With `place=True` also the
id of the newest entry in the stream that it is about.
`@sweeps(topic)` names the query that finds stored events whose effect is missing.

A consumer may also take over in line (`in_line`): called with the unit of work of whoever speaks, in the same process,
before it commits. What it writes and says is part of that transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cdb_site.bus import lane
from cdb_site.bus.events import BusEvent

Handler = Callable[[list[BusEvent]], Any]
HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])
# (events, the id of the last entry that was read)
Follower = Callable[[list[BusEvent], str], Any]
# (unit of work, events); the unit is outbox's, which looks consumers up here.
InLine = Callable[[Any, list[BusEvent]], Any]
OnDeadLetter = Callable[[BusEvent, str], Any]


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """A service's handler of one topic. `on_dead` settles an event that is given up."""

    topic: str
    service: str
    handler: Handler
    batch: int
    on_dead: OnDeadLetter | None
    in_line: InLine | None = None


CONSUMERS: dict[tuple[str, str], Consumer] = {}
READERS: dict[tuple[str, str], Follower] = {}
SWEEPS: dict[str, Callable[[], Sequence[str]]] = {}


def consumes(
    topic: str,
    *,
    service: str,
    batch: int = 200,
    on_dead: OnDeadLetter | None = None,
    in_line: InLine | None = None,
) -> Callable[[Handler], Handler]:
    """Make the decorated (Celery) task the handler of `topic` in `service`, up to `batch` events at once."""

    def register(handler: Handler) -> Handler:
        CONSUMERS[service, topic] = Consumer(
            topic=topic, service=service, handler=handler, batch=batch, on_dead=on_dead, in_line=in_line
        )
        return handler

    return register


def reads(topic: str, *, service: str, place: bool = False) -> Callable[[HandlerT], HandlerT]:
    """Hand the newest events of `topic` to the decorated function, in a thread of its own."""

    def register(handler: HandlerT) -> HandlerT:
        READERS[service, topic] = handler if place else lambda events, _: handler(events)
        return handler

    return register


def sweeps(topic: str) -> Callable[[Callable[[], Sequence[str]]], Callable[[], Sequence[str]]]:
    """The decorated query returns ids of events on `topic` that were sent long ago and never took effect."""

    def register(query: Callable[[], Sequence[str]]) -> Callable[[], Sequence[str]]:
        SWEEPS[topic] = query
        return query

    return register


def consumers_of(service: str) -> list[Consumer]:
    return [consumer for (name, _), consumer in CONSUMERS.items() if name == service]


def in_line_consumers(topics: Collection[str]) -> list[Consumer]:
    """Those of these topics that this process hosts and that take over in line."""
    return [item for item in CONSUMERS.values() if item.in_line and item.topic in topics and lane.hosts(item.service)]


def readers_of(service: str) -> dict[str, Follower]:
    return {topic: handler for (name, topic), handler in READERS.items() if name == service}
