"""Dead letters: what is given up is kept with its error, and an operator is told. Whoever gives up says who it was."""

from __future__ import annotations

import logging

from django.utils import timezone
from prometheus_client import Counter

from cdb_site.alerts import operations as alerts
from cdb_site.bus import models

log = logging.getLogger(__name__)
DEAD = Counter("cdb_bus_dead_letters_total", "Entries given up", ["topic", "reason"])
BODY_MAX = 100_000
ERROR_MAX = 2_000
ERROR_IN_ALERT_MAX = 300


def bury(
    *, topic: str, group: str, entry_id: str, body: bytes, error: str, attempts: int, state: str, reason: str
) -> None:
    """Keep the entry once, however often it comes, and raise the topic's alert. `reason` labels the metric."""
    error = as_text(error.encode("utf-8", "backslashreplace"))
    DEAD.labels(topic, reason).inc()
    log.error("dead letter on %s: %s", topic, error, extra={"entry_id": entry_id})
    models.DeadLetter.objects.get_or_create(
        topic=topic,
        group=group,
        entry_id=entry_id,
        defaults={
            "body": as_text(body)[:BODY_MAX],
            "error": error[:ERROR_MAX],
            "attempts": attempts,
            "state": state,
            "created_at": timezone.now(),
        },
    )
    alerts.raise_alert(
        "SYSTEM_DEAD_LETTER",
        source="bus",
        key=topic,
        params={"topic": topic, "service": group, "error": error[:ERROR_IN_ALERT_MAX]},
    )


def as_text(body: bytes) -> str:
    """A message as text that PostgreSQL stores, whatever bytes it is made of."""
    return body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
