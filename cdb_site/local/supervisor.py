"""Keeps servers and services of one folder running, and stops them in order.

A thread looks at every process five times a second; what ended by itself is started again after its pause. What runs
is written to the folder's `state.json` after every change, or as soon as a full disk has room again. Stopping goes from
the dashboard back to the exchange, so that each service still has what it depends on while it finishes; the servers end
last.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from subprocess import TimeoutExpired

from cdb_site.clock import SYSTEM
from cdb_site.local import state
from cdb_site.local.children import Backoff, Child, RestartPause
from cdb_site.local.folders import Folder
from cdb_site.local.forks import NurseryProcess
from cdb_site.local.granting import Granting
from cdb_site.local.ports import is_free
from cdb_site.local.server_process import ServerProcess
from cdb_site.local.servers import Servers
from cdb_site.threads import keep_running

LOOK_EVERY_S = 0.2
STOP_INTERVAL_S = 0.3
HEAD_START = ("mexc_sim", "dashboard")
HEAD_START_S = 8.0


class Supervisor:
    """Owns the processes of one folder from `start()` to `stop()`."""

    def __init__(
        self,
        folder: Folder,
        servers: Servers,
        children: list[Child],
        *,
        mode: str,
        url: str,
        note: Callable[[str], None],
        backoff: Backoff,
        nursery: NurseryProcess | None = None,
    ) -> None:
        self.nursery = nursery
        self.folder = folder
        self.servers = servers
        self.children = children
        self.mode = mode
        self.url = url
        self.note = note
        self.granting = Granting(folder.path, children, note) if mode == "demo" else None
        self._backing = [*servers.own, *([nursery] if nursery is not None else [])]
        self._pauses = {server.name: RestartPause(backoff) for server in self._backing}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._failing: dict[str, str] = {}
        self._recorded: list[tuple[str, int | None, int]] = []

    def start(self) -> None:
        """Start the services and keep watch. What the person waits for, the page, gets the processor first."""
        if self.nursery is not None:
            self.nursery.wait_ready()
        for child in self.children:
            if child.name in HEAD_START:
                child.start()
        self.record()
        self._await_port("dashboard")
        for child in self.children:
            child.start()
            self.record()
        for pause in self._pauses.values():
            pause.started()
        if self.granting is not None:
            self._apart("wishes", self.granting.begin)
        self._thread.start()

    def _await_port(self, name: str) -> None:
        """Wait until this service listens, at most HEAD_START_S seconds; not at all when there is none."""
        deadline_s = SYSTEM.monotonic_s() + HEAD_START_S
        for child in self.children:
            while child.name == name and child.port and child.pid and is_free(child.port):
                if SYSTEM.monotonic_s() > deadline_s:
                    return
                self._stopping.wait(0.1)

    def record(self) -> None:
        """Write what runs now, when it differs from what was written last."""
        current = [*self._backing, *self.children]
        snapshot = [(item.name, item.pid, item.restarts) for item in current]
        if snapshot == self._recorded:
            return
        entries = [state.entry(item.name, item.pid, item.port, item.restarts) for item in self._backing]
        entries += [
            state.entry(name, child.pid, child.ports.get(name), child.restarts)
            for child in self.children
            for name in child.services
        ]
        running = [entry for entry in entries if entry is not None]
        supervisor = state.entry("supervisor", os.getpid())
        state.write(
            self.folder, state.SystemState(mode=self.mode, url=self.url, supervisor=supervisor, entries=running)
        )
        self._recorded = snapshot

    def _watch(self) -> None:
        keep_running("supervisor", lambda: self._look, stopping=self._stopping)

    def _look(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            for server in self._backing:
                self._apart(server.title, partial(self._revive_server, server))
            for child in self.children:
                self._apart(child.name, partial(self._revive_child, child))
            if self.granting is not None:
                self._apart("wishes", self.granting.look)
            self._apart("what runs cannot be recorded", self.record)

    def _apart(self, about: str, act: Callable[[], None]) -> None:
        """Do one thing of a turn. If it cannot be done, that is noted once, and the others are done all the same."""
        try:
            act()
        except Exception as problem:
            said = f"{about}: {problem}"
            if self._failing.get(about) != said:
                self.note(said)
            self._failing[about] = said
        else:
            self._failing.pop(about, None)

    def _revive_child(self, child: Child) -> None:
        done = child.revive()
        if done:
            self.note(done)

    def _revive_server(self, server: ServerProcess | NurseryProcess) -> None:
        """Also the nursery: what it forked runs on meanwhile."""
        pause = self._pauses[server.name]
        if not server.wanted or server.pid is not None:
            pause.resume_s = None
        elif pause.resume_s is None:
            self.note(f"{server.title} ended; starts again in {pause.ended():g} s")
        elif pause.over and not self._stopping.is_set():
            pause.started()
            server.start()
            server.restarts += 1
            self.note(f"{server.title} started again, restart {server.restarts}")

    def stop(self) -> None:
        """Services in reverse order, each with its grace; nothing of their sessions is left."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.granting is not None:
            self._apart("wishes", self.granting.end)
        begun_s = SYSTEM.monotonic_s()
        for child in reversed(self.children):
            child.ask_to_stop()
            if child.popen is not None:
                with suppress(TimeoutExpired):
                    child.popen.wait(STOP_INTERVAL_S)
        for child in reversed(self.children):
            child.finish(begun_s + child.runnable.stop_grace_s)
