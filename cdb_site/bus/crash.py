"""Crash points: places where a test may end the process as kill -9 would, between two steps that must be safe.

`CDB_CRASH_POINT=risk:after_commit:3` kills the risk service the third time it passes `after_commit`.
Without the variable a crash point costs one comparison.
"""

from __future__ import annotations

import os
import signal

from django.conf import settings

POINTS = (
    "before_commit",
    "after_commit",
    "after_publish",
    "before_ack",
    "after_ack",
    "before_send",
    "after_send",
)

_remaining: dict[tuple[str, str], int] = {}


def arm(service: str) -> None:
    """Read the variable for this service; called once at the start of a worker for each that it hosts."""
    text = settings.ENVIRONMENT.CDB_CRASH_POINT
    if not text:
        return
    name, point, count = text.split(":")
    if point not in POINTS:
        raise ValueError(f"CDB_CRASH_POINT: no crash point is named {point!r}; known: {', '.join(POINTS)}")
    if name == service:
        _remaining[name, point] = int(count)


def crash_point(point: str, service: str) -> None:
    """`service` is whose step it is: several may live in this process."""
    if not _remaining or (service, point) not in _remaining:
        return
    _remaining[service, point] -= 1
    if _remaining[service, point] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
