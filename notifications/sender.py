"""The sender of notifications: a part of the clock, on which no trading waits.

It is woken by the alerts' topic, plans what is to be told where, and gives each channel's messages to a thread of its
own: a channel that hangs keeps nobody else waiting, and never this loop. All it knows stands in the tables; two senders
share the work row by row.
"""

from __future__ import annotations

import threading
from datetime import datetime

from cdb_site import failures
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime
from execution.queries import PAPER
from notifications import claims, courier, planning
from notifications.bell import Bell

LOOK_EVERY_S = 15.0
WAIT_S = 2.0
LEAST_S = 0.2


class NotificationSender:
    """Hosted by the signal generator."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.clock = runtime, runtime.clock
        self.couriers: dict[int, threading.Thread] = {}
        self.looked_at: datetime | None = None
        self._bell = Bell()
        self._look_at_s = float("-inf")
        self._delivered = threading.Event()

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            self.runtime.progress.turned("notifications")
            with failures.waiting_for_servers("the sender of notifications"):
                if self.clock.monotonic_s() >= self._look_at_s:
                    self._look_at_s = self.clock.monotonic_s() + LOOK_EVERY_S
                    self._look_at_s = self.clock.monotonic_s() + self.look()
            self._wait()

    def look(self) -> float:
        """Plan, and send what is due. Returns the seconds until the next look is worth it."""
        now = self.clock.wall_now()
        planning.plan(PAPER, now, looked_at=self.looked_at)
        self.looked_at = now
        claims.release(now)
        channels, later = claims.due(now)
        busy = [channel for channel in channels if not self._begin(channel, now)]
        if busy:
            return WAIT_S
        return max(min(LOOK_EVERY_S, (later - now).total_seconds()), LEAST_S) if later else LOOK_EVERY_S

    def _begin(self, channel: int, now: datetime) -> bool:
        """Give a channel's next messages to a thread. False while its last ones are still under way."""
        former = self.couriers.get(channel)
        if former is not None and former.is_alive():
            return False
        # Its own turn: a channel whose claim fails, or runs out of time, keeps those after it from nothing.
        with failures.waiting_for_servers(f"the claim for channel {channel}"):
            messages = claims.claim(channel, now)
            if messages:
                thread = threading.Thread(
                    target=self._deliver, args=(messages,), name=f"courier {channel}", daemon=True
                )
                self.couriers[channel] = thread
                thread.start()
            return True
        return False

    def _deliver(self, messages: list[claims.OutgoingMessage]) -> None:
        try:
            courier.deliver(messages, self.clock)
        finally:
            self._delivered.set()

    def _wait(self) -> None:
        wait_s = min(WAIT_S, max(self._look_at_s - self.clock.monotonic_s(), LEAST_S))
        try:
            rang = self._bell.wait(wait_s)
        except UNREACHABLE:
            rang = False
            self._bell.forget()
            self.runtime.pause(wait_s)
        if rang or self._delivered.is_set():
            self._delivered.clear()
            self._look_at_s = self.clock.monotonic_s()
