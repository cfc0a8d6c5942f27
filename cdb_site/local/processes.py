"""Finding and stopping processes without ever hitting a stranger's.

A process is named by its id together with its start time, because ids are used again. Those of a data folder that
nobody holds any more are found by a mark in their environment, or by the data folder on their command line.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil

from cdb_site.clock import SYSTEM

MARK = "CDB_SUPERVISED_FOLDER"
GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One process for good: `started_s` is its creation time in seconds since the epoch."""

    pid: int
    started_s: float

    def process(self) -> psutil.Process | None:
        """The running process, None when it has ended (or its id belongs to another now)."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started_s) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


def identity_of(pid: int) -> Identity | None:
    """None when no such process runs."""
    with suppress(psutil.Error):
        return Identity(pid=pid, started_s=psutil.Process(pid).create_time())
    return None


def matching(wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """All running processes for which `wanted` holds; those we may not look into are left out."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and wanted(process):
                found.append(process)
    return found


def servers_of(data: Path) -> list[psutil.Process]:
    """PostgreSQL or Valkey processes whose command line names this data folder (or a file in it)."""
    text = str(data)

    def names_data(process: psutil.Process) -> bool:
        arguments = process.cmdline()
        if not arguments or Path(arguments[0]).name not in ("postgres", "valkey-server", "redis-server"):
            return False
        return any(argument == text or argument.startswith(text + os.sep) for argument in arguments[1:])

    return matching(names_data)


def marked(folder: Path) -> list[psutil.Process]:
    """Processes started for this data folder by a supervisor, itself excluded."""
    text = str(folder)
    return matching(lambda process: process.pid != os.getpid() and process.environ().get(MARK) == text)


def send(process: psutil.Process, number: int) -> None:
    with suppress(*GONE):
        process.send_signal(number)


def kill_group(pid: int) -> None:
    """SIGKILL to what is left of a session that we started with this leader."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def still_running(listed: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for processes that are not our children; those that still run after the time.

    One that has ended but was not yet collected by its parent, a zombie, has ended.
    """
    deadline_s = SYSTEM.monotonic_s() + timeout_s
    alive = list(listed)
    while True:
        alive = [process for process in alive if _runs(process)]
        if not alive or SYSTEM.monotonic_s() >= deadline_s:
            return alive
        Event().wait(0.02)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running()) and bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def stop_all(listed: Iterable[psutil.Process], grace_s: float) -> None:
    """SIGTERM, up to `grace_s` seconds, then SIGKILL, to processes that are not our children."""
    asked = list(listed)
    for process in asked:
        send(process, signal.SIGTERM)
    # A frozen (SIGSTOP) process does not act on SIGTERM; SIGKILL needs no cooperation.
    alive = still_running(asked, grace_s)
    for process in alive:
        send(process, signal.SIGKILL)
    still_running(alive, 10)


def stop_server(process: psutil.Process) -> None:
    """Stop a database server that is not our child, frozen or not: fast shutdown, then immediate, then SIGKILL.

    PostgreSQL and Valkey both take SIGINT as an orderly shutdown.
    """
    children: list[psutil.Process] = []
    with suppress(*GONE):
        children = process.children(recursive=True)
    for number, grace_s in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        send(process, signal.SIGCONT)
        send(process, number)
        if not still_running([process], grace_s):
            break
    stop_all(children, grace_s=3)
