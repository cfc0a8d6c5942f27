"""One service as a child process in a session of its own: started, watched, stopped, killed.

Where there is a nursery (`cdb_site.local.forks`) it is a fork of that.

A service that ends by itself is started again after a pause that doubles with every early end (0.5 s to 30 s) and
is short again after 30 s of running.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from cdb_site.clock import SYSTEM
from cdb_site.local import processes
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.forks import NurseryProcess
from cdb_site.local.signals import undisturbed


class Member(Protocol):
    """A service with a port of its own, or none."""

    @property
    def name(self) -> str: ...
    @property
    def port(self) -> int | None: ...


class Process(Protocol):
    """A child as `subprocess.Popen` is one, or a fork of the nursery."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...


class Runnable(Member, Protocol):
    """What the supervisor needs of a process: a row of the service table, or several in one."""

    @property
    def members(self) -> Sequence[Member]: ...
    @property
    def stop_grace_s(self) -> int: ...
    @property
    def modes(self) -> tuple[str, ...]: ...

    def command(self, python: str, port: int | None) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Pauses before a restart: `first_s`, doubled up to `most_s`; forgotten after `reset_after_s` of running."""

    first_s: float = 0.5
    most_s: float = 30.0
    reset_after_s: float = 30.0


class RestartPause:
    """The backoff of one process: when it may start again."""

    def __init__(self, backoff: Backoff) -> None:
        self.backoff = backoff
        self.next_s = backoff.first_s
        self.started_s = 0.0
        self.resume_s: float | None = None

    def started(self) -> None:
        self.started_s = SYSTEM.monotonic_s()
        self.resume_s = None

    def ended(self) -> float:
        """Note an unwanted end; the pause in seconds until the next start."""
        if SYSTEM.monotonic_s() - self.started_s >= self.backoff.reset_after_s:
            self.next_s = self.backoff.first_s
        pause = self.next_s
        self.next_s = min(self.backoff.most_s, self.next_s * 2)
        self.resume_s = SYSTEM.monotonic_s() + pause
        return pause

    @property
    def over(self) -> bool:
        return self.resume_s is not None and SYSTEM.monotonic_s() >= self.resume_s


class Child:
    """One process; `wanted` False: stopped on purpose, so not started again. `ports`: of its services, by name."""

    def __init__(
        self,
        runnable: Runnable,
        *,
        ports: Mapping[str, int],
        env: Mapping[str, str],
        output: Callable[[str], IO[bytes] | int],
        backoff: Backoff,
        nursery: NurseryProcess | None = None,
    ) -> None:
        self.runnable = runnable
        self.nursery = nursery
        self.name = runnable.name
        self.services = [member.name for member in runnable.members]
        self.ports = {name: ports[name] for name in self.services if name in ports}
        self.env = dict(env)
        self.output = output
        self.pause = RestartPause(backoff)
        self.popen: Process | None = None
        self.wanted = False
        self.restarts = 0
        self._lock = threading.RLock()

    @property
    def pid(self) -> int | None:
        """The process id; None when it does not run."""
        return self.popen.pid if self.popen and self.popen.poll() is None else None

    @property
    def port(self) -> int | None:
        """That of its first service with one."""
        return next(iter(self.ports.values()), None)

    def start(self) -> None:
        """Start unless it runs already."""
        with self._lock:
            self.wanted = True
            if self.pid is None:
                self._spawn()

    def _spawn(self) -> None:
        target = self.output(self.name)
        command = self.runnable.command(sys.executable, self.port)
        try:
            with undisturbed():
                self.popen = self._forked(command, target) or self._executed(command, target)
        finally:
            if not isinstance(target, int):
                target.close()
        self.pause.started()

    def _forked(self, command: list[str], target: IO[bytes] | int) -> Process | None:
        """None where it must be, or can only be, a process in the ordinary way."""
        if self.nursery is None or isinstance(target, int):
            return None
        return self.nursery.fork(command, self.env, target.fileno())

    def _executed(self, command: list[str], target: IO[bytes] | int) -> Process:
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=CHECKOUT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def revive(self) -> str | None:
        """Note an unwanted end, or start again once its pause is over; what was done, None for nothing."""
        with self._lock:
            if not self.wanted or self.popen is None or self.pid is not None:
                return None
            if self.pause.resume_s is None:
                processes.kill_group(self.popen.pid)
                return f"{self.name} {ending(self.popen.returncode)}; starts again in {self.pause.ended():g} s"
            if not self.pause.over:
                return None
            self._spawn()
            self.restarts += 1
            return f"{self.name} started again, restart {self.restarts}"

    def ask_to_stop(self) -> None:
        """SIGTERM to the leader alone: Celery and daphne stop their own."""
        with self._lock:
            self.wanted = False
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.send_signal(signal.SIGTERM)

    def finish(self, deadline_s: float) -> None:
        """Wait for the end until this monotonic time, then SIGKILL to the whole session."""
        if self.popen is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(max(0.05, deadline_s - SYSTEM.monotonic_s()))
        processes.kill_group(self.popen.pid)
        self.popen.wait()

    def stop(self) -> None:
        """Stop in order; it stays stopped until `start()`."""
        self.ask_to_stop()
        self.finish(SYSTEM.monotonic_s() + self.runnable.stop_grace_s)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL as a crash would; the supervisor starts it again after its pause."""
        if self.popen is not None:
            processes.kill_group(self.popen.pid)
            self.popen.wait()


def ending(returncode: int | None) -> str:
    """How a process ended, in words: its exit code or the signal's name; None where nobody saw it."""
    if returncode is None:
        return "ended, and nobody saw how"
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"was ended by signal {-returncode}"
