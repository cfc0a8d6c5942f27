"""A sender with a clock that the test moves, channels, and alerts to be told of."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings

from cdb_site.alerts.models import Alert
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import Clock
from cdb_site.services import service
from notifications.models import AlertChannel, ChannelDelivery
from notifications.sender import NotificationSender
from tests.integration.notifications.catchers import WebCatcher


class MovedClock(Clock):
    """Both clocks run `ahead_s` before the machine's; or stand at `stands_at`."""

    ahead_s = 0.0
    stands_at: datetime | None = None

    def wall_s(self) -> float:
        if self.stands_at:
            return self.stands_at.timestamp() + self.ahead_s
        return time.time() + self.ahead_s

    def monotonic_s(self) -> float:
        return time.monotonic() + self.ahead_s


class PostHouse:
    def __init__(self) -> None:
        self.clock = MovedClock()
        self.sender = self.another_sender()

    def another_sender(self) -> NotificationSender:
        runtime = Runtime(
            service=service("signal_gen"), environment=settings.ENVIRONMENT, instance="1", clock=self.clock
        )
        return NotificationSender(runtime)

    def work(self, looks: int = 1) -> None:
        """Look, and wait for what was begun."""
        for _ in range(looks):
            self.sender.look()
            for courier in list(self.sender.couriers.values()):
                courier.join(30)

    def move(self, seconds: float) -> None:
        self.clock.ahead_s += seconds

    @property
    def now(self) -> datetime:
        return self.clock.wall_now()

    def alert(self, code: str = "FEED_SILENT", *, age_s: float = 0.0, **changes: Any) -> Alert:
        raised_at = self.now - timedelta(seconds=age_s)
        values = {"level": "CRITICAL", "source": "risk", "key": str(uuid4()), "params": {"age_s": 40}}
        return Alert.objects.create(**{"code": code, "raised_at": raised_at} | values | changes)


def channel(catcher: WebCatcher | None = None, **changes: Any) -> AlertChannel:
    address = catcher.address() if catcher else "json://127.0.0.1:9/hush-hush-7f3a"
    values: dict[str, Any] = {
        "name": f"ops {uuid4().hex[:6]}", "url": address, "service": "json", "least_level": "INFO",
        "changed_by": "anna", "told_since": "2020-01-01T00:00Z", "per_minute": 60,
    }  # fmt: skip
    return AlertChannel.objects.create(**values | changes)


def states() -> list[str]:
    return list(ChannelDelivery.objects.order_by("pk").values_list("state", flat=True))
