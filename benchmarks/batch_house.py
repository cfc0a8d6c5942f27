"""A process that hosts the lane of one checkout and tells what each batch of signals cost, a JSON line for each asked.

Started as a file with that checkout on PYTHONPATH, so that an older one can be measured by the same program. Processor
time is that of this process, of its PostgreSQL backend and of Valkey, by the kernel's own account; what is left of the
time on the clock is waiting.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

SYMBOLS = 400
TOLD_OF_PROFILE = 45


def main(batch: int) -> None:
    """Read one word a line: `batch`, `came` or `profile N`."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the product logs is no answer
    from proofs.rig.program import enter

    enter(os.environ)
    from benchmarks import grown_lane
    from cdb_site.bus.redis import connection
    from cdb_site.db import select

    servers = [select("SELECT pg_backend_pid()")[0][0], connection().info("server")["process_id"]]
    spent: list[int] = []
    handler = grown_lane.evaluate_candles

    def measured(events: list[object]) -> None:
        before = _used(servers)
        handler(events)
        spent[:] = [now - then for then, now in zip(before, _used(servers), strict=True)]

    grown_lane.evaluate_candles = measured
    house = grown_lane.GrownLane(SYMBOLS, batch)
    for line in sys.stdin:
        word, *count = line.split()
        if word == "batch":
            house.batch()
            answers.write(orjson.dumps(spent) + b"\n")
        elif word == "came":
            answers.write(orjson.dumps(house.came()) + b"\n")
        else:
            grown_lane.evaluate_candles = handler
            with _profiled():
                for _ in range(int(count[0])):
                    house.batch()
            grown_lane.evaluate_candles = measured
            answers.write(b"null\n")


def _used(servers: list[int]) -> list[int]:
    """Nanoseconds so far: on the clock, of this process, of PostgreSQL, of Valkey."""
    return [time.perf_counter_ns(), time.process_time_ns(), *map(_processor_ns, servers)]


def _processor_ns(pid: int) -> int:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


@contextmanager
def _profiled() -> Iterator[None]:
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    yield
    profile.disable()
    for order in ("tottime", "cumulative"):
        pstats.Stats(profile, stream=sys.stderr).sort_stats(order).print_stats(TOLD_OF_PROFILE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
