"""Threads that live as long as their process: what ends one is logged and counted, and it is started again.

Every long-lived thread of a service, of the dashboard and of the local supervisor runs in `keep_running`. The pause
before a new start grows while starts follow one another, and is short again after a good run.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from prometheus_client import Counter

from cdb_site.clock import SYSTEM

log = logging.getLogger(__name__)
ENDED = Counter("cdb_part_failures_total", "How often a part of a process failed and was started again", ["part"])
PAUSE_S = 0.5
PAUSE_MAX_S = 15.0
RAN_WELL_S = 30.0


def keep_running(
    name: str,
    factory: Callable[[], Callable[[], object]],
    *,
    stopping: threading.Event,
    pause: Callable[[float], bool] | None = None,
    monotonic_s: Callable[[], float] = SYSTEM.monotonic_s,
    failed: Callable[[], object] = lambda: None,
) -> None:
    """Run what `factory` makes, anew whenever it ends, until `stopping` is set; `failed` is called after a failure.

    `pause` waits that many seconds and says whether it is time to stop; by default it waits on `stopping`.
    """
    pause = pause or stopping.wait
    next_s = PAUSE_S
    while not stopping.is_set():
        started_s = monotonic_s()
        try:
            factory()()
        except Exception:
            if monotonic_s() - started_s > RAN_WELL_S:
                next_s = PAUSE_S
            ENDED.labels(name).inc()
            log.exception("%s failed; started again in %.1f s", name, next_s)
            failed()
        if pause(next_s):
            break
        next_s = min(next_s * 2, PAUSE_MAX_S)
