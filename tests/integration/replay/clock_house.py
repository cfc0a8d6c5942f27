"""The clock's part of the replay with the real carrier in processes of their own, and what their tests look at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from replay.models import ReplayRun
from replay.runner import ReplayRunner

PATIENCE_S = 90.0


def real_runner(environment: Any) -> ReplayRunner:
    """Carries out runs by `manage.py carry_out_replay`, as the clock does."""
    return ReplayRunner(Runtime(service=service("signal_gen"), environment=environment, instance="tests"))


def until(runner: ReplayRunner, holds: Callable[[], bool]) -> None:
    """Look as often as the clock would, only faster."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        told = list(ReplayRun.objects.values("state", "progress", "step", "attempts", "error"))
        assert time.monotonic() < deadline, told
        runner.turn()
        time.sleep(0.05)


def now(run: ReplayRun) -> ReplayRun:
    return ReplayRun.objects.get(pk=run.pk)


def processes_of(session: int) -> list[int]:
    """Living processes of a session: a carrier and all that it started."""
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal() and _session(one) == session]


def _session(process: Path) -> int | None:
    try:
        state, *fields = (process / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if state == "Z" else int(fields[2])


def gone(session: int, within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while processes_of(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not processes_of(session)


def nicenesses(session: int) -> set[int]:
    return {os.getpriority(os.PRIO_PROCESS, pid) for pid in processes_of(session)}
