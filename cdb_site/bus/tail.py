"""Readers without a group: they start at the newest entry and see what follows. For marks, screens and monitoring.

A reader that falls behind skips: of latest-wins topics only what still lies in the short stream is seen.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import close_old_connections

from cdb_site.bus.consumer import stream_entries
from cdb_site.bus.events import BusEvent, NewerMajorVersion, decode
from cdb_site.bus.redis import BLOCK_MS, UNREACHABLE, connect
from cdb_site.bus.registry import Follower
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.schema import InvalidEvent
from cdb_site.bus.topics import topic

log = logging.getLogger(__name__)
COUNT = 500


class TailReader:
    """One thread that follows several topics and hands each batch to the topic's function."""

    def __init__(self, runtime: Runtime, handlers: dict[str, Follower]) -> None:
        self.runtime = runtime
        self.handlers = {topic(name).key: handler for name, handler in handlers.items()}
        self.client = connect()

    def run(self) -> None:
        positions: dict[Any, Any] = {}
        while not self.runtime.stopping.is_set():
            try:
                positions = positions or self._newest()
                response = self.client.xread(positions, count=COUNT, block=BLOCK_MS)
                self.runtime.progress.turned("reader")
                for key, entries in stream_entries(response):
                    positions[key] = entries[-1][0]
                    self._hand_over(key, [body for _, body in entries if body], positions[key])
            except UNREACHABLE as problem:
                log.warning("%s reader waits for Redis: %s", self.runtime.service.name, problem)
                positions = {}
                self.runtime.pause(0.5)

    def _newest(self) -> dict[Any, Any]:
        """Where each stream ends now. "$" would skip what arrives between two reads."""
        positions: dict[Any, Any] = {}
        for key in self.handlers:
            newest: list[Any] = self.client.xrevrange(key, count=1) or []
            positions[key] = newest[0][0] if newest else "0-0"
        return positions

    def _hand_over(self, key: str, bodies: list[bytes], place: str) -> None:
        events = [event for body in bodies if (event := readable(body))]
        try:
            self.handlers[key](events, place)
        except Exception:
            log.exception("reader of %s failed on %d events", key, len(events))
            close_old_connections()


def readable(body: bytes, *, payload_too: bool = True) -> BusEvent | None:
    """The event, or None for a message that cannot be read: its consumer group dead-letters it, a reader skips it."""
    try:
        return decode(body, payload_too=payload_too)
    except (InvalidEvent, NewerMajorVersion) as problem:
        log.debug("skipped an unreadable message: %s", problem)
        return None
