"""A server of ours as a process: started, waited for, kept, killed, found again. What PostgreSQL and Valkey share.

`wanted` False: stopped on purpose, so whoever supervises does not start it again. The port stays the same over
restarts. A server left running by a starter that died is stopped before a new one starts.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from cdb_site.clock import SYSTEM
from cdb_site.local import processes
from cdb_site.local.logview import open_log
from cdb_site.local.problems import LocalProblem
from cdb_site.local.signals import undisturbed

LOG_LINES = 8
TRY_AGAIN_S = 0.5


class Ended(LocalProblem):
    """The server ended while it was starting."""


class ServerProcess(ABC):
    """One server of a data folder."""

    name: ClassVar[str]
    ready_timeout_s: ClassVar[float]
    # What the end of the log says when the predecessor is not quite gone: a start a moment later succeeds.
    passing_ends: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, data: Path, log: Path, port: int, password: str) -> None:
        self.data = data
        self.log = log
        self.port = port
        self.password = password
        self.process: subprocess.Popen[bytes] | None = None
        self.wanted = False
        self.restarts = 0
        self._lock = threading.RLock()

    @property
    @abstractmethod
    def title(self) -> str:
        """The server's name and version, for people."""

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    @abstractmethod
    def _launch(self) -> None:
        """Prepare what it needs and `_spawn` it."""

    @abstractmethod
    def _answers(self) -> bool:
        """Ask it once; False when it does not answer yet. Raises LocalProblem when it never will."""

    def start(self) -> None:
        """Start, unless it runs, and wait until it answers. Raises LocalProblem with the end of its log."""
        with self._lock:
            self.wanted = True
            deadline_s = SYSTEM.monotonic_s() + self.ready_timeout_s
            while self.pid is None:
                self.stop_leftover()
                self._launch()
                try:
                    self._wait_until_ready(deadline_s)
                except Ended as problem:
                    if SYSTEM.monotonic_s() > deadline_s or not self._may_try_again(str(problem)):
                        raise
                    threading.Event().wait(TRY_AGAIN_S)

    def _may_try_again(self, log_end: str) -> bool:
        """Whether a start that ended so may do better a moment later; the server may do something about it first."""
        return any(words in log_end for words in self.passing_ends)

    def _spawn(self, command: Sequence[str], cwd: str | Path, **options: Any) -> None:
        log = open_log(self.log)
        try:
            with undisturbed():
                self.process = subprocess.Popen(  # noqa: S603
                    command,
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **options,
                )
        finally:
            if not isinstance(log, int):
                log.close()

    def _wait_until_ready(self, deadline_s: float) -> None:
        while not self._answers():
            if self.pid is None:
                raise Ended(f"{self.title} ended while starting; its log {self.log} says:\n{self._log_end()}")
            if SYSTEM.monotonic_s() > deadline_s:
                self.stop()
                raise LocalProblem(f"{self.title} gave no answer in {self.ready_timeout_s:g} s; see {self.log}")
            if self.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.03)

    def _log_end(self) -> str:
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            return "\n".join(lines[-LOG_LINES:])
        return "nothing that could be read"

    @abstractmethod
    def stop(self) -> None:
        """Stop in order, harder when it does not end; it stays stopped until `start()`."""

    def kill(self) -> None:
        """SIGKILL, as a crash would; whoever supervises it starts it again."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: connected, but silent, until `thaw()`."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def stop_leftover(self) -> None:
        """Stop a server of this data folder that a dead starter left behind."""
        for process in processes.servers_of(self.data):
            if self.process is None or process.pid != self.process.pid:
                processes.stop_server(process)
