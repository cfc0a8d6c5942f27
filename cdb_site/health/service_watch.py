"""Listens to the heartbeats of all services: one that is not heard for three of them is down, and an alert says so.

Hosted by the clock and by the risk manager, so that each of the two is watched, too. What can be judged: services heard
at least once, while Redis answers and has done so for a while; with Redis away nobody is heard, and that says nothing.
"""

from __future__ import annotations

from typing import Any

import redis

from cdb_site import failures
from cdb_site.alerts import operations as alerts
from cdb_site.alerts.models import Alert
from cdb_site.bus.events import NewerMajorVersion, decode
from cdb_site.bus.redis import connection
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.schema import InvalidEvent
from cdb_site.bus.topics import topic
from cdb_site.health.heartbeat import DOWN_AFTER_S
from cdb_site.services import SERVICES

LOOK_EVERY_S = 1.0
# Longer than a restart of Redis is noticed by everybody.
LISTENED_S = 5.0
CODE = "SERVICE_DOWN"
TITLES = {row.name: row.title for row in SERVICES}


class ServiceWatch:
    """Hosted; watches all services but its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.heard_at_s: dict[str, float] = {}
        self.down: set[str] = set()
        self._position = "-"
        self._listening_since_s = runtime.clock.monotonic_s()

    def run(self) -> None:
        self.down = set(Alert.objects.filter(code=CODE).exclude(state="CLOSED").values_list("key", flat=True))
        while not self.runtime.stopping.is_set():
            with failures.waiting_for_servers("the watch over the services"):
                self.look()
                self.runtime.progress.turned("service watch")
            self.runtime.pause(LOOK_EVERY_S)

    def look(self) -> None:
        """Take the newest heartbeats; raise and close alerts where a service fell silent or came back."""
        self._listen()
        now_s = self.runtime.clock.monotonic_s()
        if now_s - self._listening_since_s < LISTENED_S:
            return
        silent = {name for name, at_s in self.heard_at_s.items() if now_s - at_s > DOWN_AFTER_S}
        for name in sorted(silent - self.down):
            params = {"service": TITLES.get(name, name), "age_s": round(now_s - self.heard_at_s[name], 1)}
            alerts.raise_alert(CODE, source=self.runtime.service.name, key=name, params=params)
        for name in sorted(self.down & self.heard_at_s.keys() - silent):
            alerts.close_alert(CODE, source=self.runtime.service.name, key=name)
        self.down = (self.down - self.heard_at_s.keys()) | silent

    def _listen(self) -> None:
        """Note who was heard since the last look. Raises redis errors, and then listens anew."""
        client, now_s = connection(), self.runtime.clock.monotonic_s()
        try:
            entries: Any = client.xrange(topic("health").key, min=self._position)
        except redis.exceptions.RedisError:
            self._listening_since_s = float("inf")
            raise
        self._listening_since_s = min(self._listening_since_s, now_s)
        wall_s = self.runtime.clock.wall_s()
        for entry_id, fields in entries:
            self._position = f"({entry_id.decode()}"
            service = _service_of(fields.get(b"e", b""))
            if service and service != self.runtime.service.name:
                age_s = max(0.0, wall_s - int(entry_id.split(b"-")[0]) / 1000)
                self.heard_at_s[service] = max(self.heard_at_s.get(service, float("-inf")), now_s - age_s)


def _service_of(body: bytes) -> str | None:
    try:
        return str(decode(body).payload["service"])
    except (InvalidEvent, NewerMajorVersion):
        return None
