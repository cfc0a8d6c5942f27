"""Heartbeats on the `health` topic: not only "alive" but "turning, and this far behind"."""

from __future__ import annotations

import logging
import os
import resource
from pathlib import Path
from typing import Any

from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime
from cdb_site.failures import REDIS_WAIT
from cdb_site.mode_told import ModeFollower

log = logging.getLogger(__name__)
EVERY_S = 1.0
# A service not heard for three heartbeats is down.
DOWN_AFTER_S = 3 * EVERY_S


class Heartbeat:
    """Hosted by every service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.mode = ModeFollower()

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                latest.publish(
                    "health",
                    payload(self.runtime),
                    producer=self.runtime.service.name,
                    occurred_at=self.runtime.clock.market_now(),
                )
                self.runtime.progress.turned("heartbeat")
            except REDIS_WAIT as problem:
                log.debug("heartbeat not sent: %s", problem)
            self.mode.look(self.runtime.clock.monotonic_s())
            self.runtime.pause(EVERY_S)


def payload(runtime: Runtime) -> dict[str, Any]:
    """The heartbeat's fields."""
    progress = runtime.progress
    loop, age_s = progress.slowest()
    reason = progress.reason
    standard = runtime.service.port
    return {
        "service": runtime.service.name,
        "instance": runtime.instance,
        "pid": os.getpid(),
        "port": runtime.environment.ports.get(runtime.service.name, standard),
        "loop_age_ms": int(age_s * 1000),
        "lag": progress.lag,
        "processed": progress.processed,
        "status": progress.status,
        "rss_bytes": resident_bytes(),
        "cpu_ms": processor_ms(),
        "up_s": int(progress.up_s),
        "interval_s": str(EVERY_S),
        "detail": {"slowest_loop": loop} | ({"reason": reason} if reason else {}) | progress.facts,
    }


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_ms() -> int:
    """Processor time that this process, with all its threads, has taken since it was started or forked."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1000)
