"""What runs in a data folder, as `make ps` shows it and `make down` stops it: `state.json`, always whole.

The supervisor writes it after every change. Nothing in it is trusted alone: a process counts only when its id and
its start time agree.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cdb_site.clock import SYSTEM
from cdb_site.local import processes
from cdb_site.local.folders import Folder, known_folders
from cdb_site.local.problems import LocalProblem
from cdb_site.local.processes import Identity

STOP_SUPERVISOR_S = 60.0
ABANDONED_AFTER_S = 60.0


@dataclass(frozen=True, kw_only=True)
class ProcessEntry:
    """One process of the system: a server, a service, or the supervisor itself."""

    name: str
    pid: int
    started_s: float
    port: int | None = None
    restarts: int = 0

    @property
    def identity(self) -> Identity:
        return Identity(pid=self.pid, started_s=self.started_s)

    def runs(self) -> bool:
        return self.identity.process() is not None


@dataclass(frozen=True, kw_only=True)
class SystemState:
    """All entries of one folder, and the address of its dashboard."""

    mode: str = ""
    url: str = ""
    supervisor: ProcessEntry | None = None
    entries: list[ProcessEntry] = field(default_factory=list)


def entry(name: str, pid: int | None, port: int | None = None, restarts: int = 0) -> ProcessEntry | None:
    """The entry of a process that runs now; None when it does not."""
    identity = processes.identity_of(pid) if pid else None
    if identity is None:
        return None
    return ProcessEntry(name=name, pid=identity.pid, started_s=identity.started_s, port=port, restarts=restarts)


def write(folder: Folder, state: SystemState) -> None:
    _write(folder.state_file, asdict(state))


def write_env(folder: Folder, env: Mapping[str, str]) -> None:
    """Keep the services' environment, passwords included, for commands run inside the system (mode 0600)."""
    _write(folder.env_file, dict(env))


def read_env(folder: Folder) -> dict[str, str]:
    """The environment of the running system. Raises LocalProblem when none runs in the folder."""
    if not folder.env_file.exists() or not folder.lock().is_held():
        raise LocalProblem(f"no system runs in {folder.path}. Start one with `make demo` or `make run`.")
    values = json.loads(folder.env_file.read_text(encoding="utf-8"))
    # The mark is for what the supervisor started; a person's command must outlive it.
    values.pop(processes.MARK, None)
    return {str(name): str(value) for name, value in values.items()}


def _write(path: Path, content: dict[str, Any]) -> None:
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)


def read(folder: Folder) -> SystemState:
    """The written state; an empty one when there is none or it cannot be understood."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        stored = json.loads(folder.state_file.read_text(encoding="utf-8"))
        supervisor = ProcessEntry(**stored["supervisor"]) if stored["supervisor"] else None
        entries = [ProcessEntry(**item) for item in stored["entries"]]
        return SystemState(mode=stored["mode"], url=stored["url"], supervisor=supervisor, entries=entries)
    return SystemState()


def clear(folder: Folder) -> None:
    folder.state_file.unlink(missing_ok=True)
    folder.env_file.unlink(missing_ok=True)


def stop_leftovers(folder: Folder, grace_s: float = 15.0) -> int:
    """Stop what a killed supervisor left of this folder, services before servers; how many processes there were."""
    recorded = [item.identity.process() for item in read(folder).entries if item.name not in ("postgres", "valkey")]
    services = {process.pid: process for process in recorded if process is not None}
    services |= {process.pid: process for process in processes.marked(folder.path)}
    processes.stop_all(services.values(), grace_s)
    servers = processes.servers_of(folder.valkey)
    for place in folder.postgres_places():
        servers += processes.servers_of(place)
    for process in servers:
        processes.stop_server(process)
    clear(folder)
    return len(services) + len(servers)


def stop_supervisor(folder: Folder) -> bool:
    """Ask the folder's supervisor to stop and wait for it; False when none runs."""
    supervisor = read(folder).supervisor
    process = supervisor.identity.process() if supervisor else None
    if process is None or process.pid == os.getpid():
        return False
    processes.stop_all([process], STOP_SUPERVISOR_S)
    return True


def clear_abandoned() -> None:
    """Stop and delete temporary folders whose test or measurement was killed: their lock is free, but was taken."""
    for folder in known_folders():
        lock = folder.lock()
        with suppress(OSError):
            age_s = SYSTEM.wall_s() - folder.path.stat().st_mtime
            if folder.is_temporary and age_s > ABANDONED_AFTER_S and lock.path.exists() and lock.acquire():
                stop_leftovers(folder)
                folder.remove()
                lock.release()
