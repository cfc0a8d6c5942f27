"""Makes a web server process a service: reader, slow facts, clock and heartbeat in threads beside the event loop.

Started by `manage.py run_dashboard` when its server is ready, never by an import: tests and other commands load the
same modules without reading a stream. Exports how old each service's last heartbeat is.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import close_old_connections, connections
from prometheus_client import Gauge

from cdb_site.bus.clock_follower import ClockFollower
from cdb_site.bus.events import BusEvent
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM
from cdb_site.health.heartbeat import Heartbeat
from cdb_site.services import service
from cdb_site.threads import keep_running
from dashboard.live.doorkeeper import DOORKEEPER
from dashboard.live.facts import SlowFacts
from dashboard.live.feed import Batch
from dashboard.live.fold import alert_row
from dashboard.live.hub import AUDIENCE, FEED, HUB
from dashboard.live.nudges import FACTS, PEOPLE, NudgeListener
from dashboard.live.reader import StreamReader

log = logging.getLogger(__name__)
HEARTBEAT_AGE = Gauge("cdb_service_heartbeat_age_seconds", "Wall seconds since a service's last heartbeat", ["service"])
ALERT_GROUP = "alerts"
JOIN_S = 1.2


class LiveProcess:
    """The threads of one dashboard process; `loop` is the server's event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        environment = settings.ENVIRONMENT
        self.loop = loop
        self.runtime = Runtime(service=service("dashboard"), environment=environment, instance=environment.INSTANCE)
        self.threads: list[threading.Thread] = []
        self.facts = SlowFacts(self.runtime, FEED, AUDIENCE)
        self.answers = {PEOPLE: lambda: self._in_loop(DOORKEEPER.look_now), FACTS: self.facts.look_now}

    def start(self) -> None:
        FEED.begin()
        HUB.start_anew(FEED.epoch, FEED.seq)
        parts: dict[str, Callable[[], Callable[[], None]]] = {
            "clock": lambda: ClockFollower(self.runtime).run,
            "heartbeat": lambda: Heartbeat(self.runtime).run,
            "facts": lambda: self.facts.run,
            "nudges": lambda: NudgeListener(self.runtime, self.answers).run,
            "reader": lambda: (
                StreamReader(self.runtime, FEED, AUDIENCE, deliver=self.deliver, toast=self.toast, began=self.began).run
            ),
            "ages": lambda: self.export_ages,
        }
        for name, factory in parts.items():
            self.runtime.progress.expect(name)
            thread = threading.Thread(target=self._keep_running, args=(name, factory), name=name, daemon=True)
            self.threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self.runtime.stopping.set()
        AUDIENCE.expect()
        self.facts.look_now()
        for thread in self.threads:
            thread.join(JOIN_S)

    def began(self, epoch: str, seq: int) -> None:
        self._in_loop(HUB.start_anew, epoch, seq)

    def deliver(self, batch: Batch) -> None:
        self._in_loop(HUB.deliver, batch)

    def toast(self, event: BusEvent) -> None:
        """Tell every dashboard process of a new alert, or of one that is seen now, through the channel layer. What a
        halt or a breaker changes besides is read at once."""
        self.facts.look_now()
        if event.payload["version"] == 1 or event.payload["state"] == "ACKNOWLEDGED":
            self._in_loop(lambda: self.loop.create_task(_send_toast(alert_row(event))))

    def export_ages(self) -> None:
        while not self.runtime.stopping.is_set():
            self.runtime.progress.turned("ages")
            for row in FEED.latest()["health"]:
                HEARTBEAT_AGE.labels(row["service"]).set(max(0.0, SYSTEM.wall_s() - row["received_s"]))
            self.runtime.pause(1.0)

    def _in_loop(self, function: Callable[..., Any], *arguments: Any) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(function, *arguments)

    def _keep_running(self, name: str, factory: Callable[[], Callable[[], None]]) -> None:
        keep_running(name, factory, stopping=self.runtime.stopping, failed=close_old_connections)
        connections.close_all()


async def _send_toast(row: dict[str, Any]) -> None:
    try:
        await get_channel_layer().group_send(ALERT_GROUP, {"type": "alert.toast", "alert": row})
    except Exception:
        # The alert's row reaches the screens through the stream all the same.
        log.exception("an alert's toast was not sent")


_running: list[LiveProcess] = []


def start(loop: asyncio.AbstractEventLoop) -> LiveProcess:
    """Start the process's live parts once."""
    if not _running:
        _running.append(LiveProcess(loop))
        _running[0].start()
    return _running[0]


def running() -> LiveProcess | None:
    return _running[0] if _running else None
