"""How far behind and how full the servers are, for Prometheus: outbox, dead letters, disk, Redis.

Hosted by the REST screener, on no event's way. One look every few seconds, which costs the same however much is stored:
the outbox holds what is unsent alone, dead letters have an index of those that wait, at most COUNTED_MAX are counted.
What cannot be read is NaN, which is neither well nor ill; `cdb_server_answers` tells then which server does not answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

from django.conf import settings
from prometheus_client import Gauge

from cdb_site import db, failures
from cdb_site.bus.redis import connection
from cdb_site.bus.runtime import Runtime

OUTBOX_AGE = Gauge("cdb_outbox_age_seconds", "Wall seconds that the oldest unsent transaction waits; 0: none does")
DEAD_LETTERS = Gauge("cdb_dead_letters_open", "Dead letters that wait for somebody, counted up to 1000")
DISK_FREE = Gauge("cdb_disk_free_ratio", "Free share of the disk that DATA_DIR lies on")
REDIS_USED = Gauge("cdb_redis_memory_ratio", "Used share of Redis' memory limit; 0 where it has none")
ANSWERS = Gauge("cdb_server_answers", "1 while the server answers, 0 while it does not", ["server"])
EVERY_S = 5.0
COUNTED_MAX = 1000
OLDEST = "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM outbox"
WAITING = f"SELECT count(*) FROM (SELECT 1 FROM dead_letter WHERE state <> 'RETRIED' LIMIT {COUNTED_MAX}) AS waiting"  # noqa: S608


class ServerLevels:
    """Hosted; looks until the service stops."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            look(settings.ENVIRONMENT.DATA_DIR)
            self.runtime.progress.turned("levels")
            self.runtime.pause(EVERY_S)


def look(data_dir: Path) -> None:
    """Set every gauge once."""
    _tell("postgres", _postgres, OUTBOX_AGE, DEAD_LETTERS)
    _tell("redis", _redis, REDIS_USED)
    try:
        usage = shutil.disk_usage(data_dir)
        DISK_FREE.set(usage.free / usage.total)
    except OSError:
        DISK_FREE.set(nan)


def _tell(server: str, read: Callable[[], tuple[float, ...]], *gauges: Gauge) -> None:
    """What a silent server would have told is unknown until it tells it again."""
    values: tuple[float, ...] | None = None
    with failures.waiting_for_servers("the look at the levels"):
        values = read()
    ANSWERS.labels(server).set(values is not None)
    for gauge, value in zip(gauges, values or (nan,) * len(gauges), strict=True):
        gauge.set(value)


def _postgres() -> tuple[float, ...]:
    return float(db.select(OLDEST)[0][0]), float(db.select(WAITING)[0][0])


def _redis() -> tuple[float, ...]:
    told: Any = connection().info("memory")
    return (told["used_memory"] / told["maxmemory"] if told["maxmemory"] else 0.0,)
