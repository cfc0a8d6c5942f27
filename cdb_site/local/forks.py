"""The starter's side of the nursery (`cdb_site.local.nursery`): services as forks of one process that has imported all.

A fork shares the parent's pages and starts in a fraction of the time. Whatever stands in the way of one, such as
another system than Linux, an environment of its own, or a nursery that is not ready, makes it an ordinary process.
Killed, the nursery leaves its forks running: they are seen by id and start time then, and the supervisor starts
another one for what is started next.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from cdb_site.clock import SYSTEM
from cdb_site.local import processes
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.logview import open_log
from cdb_site.local.signals import undisturbed

SUPPORTED = sys.platform == "linux"
READY_S = 20.0
ANSWER_S = 5.0
ORPHAN_LOOK_S = 0.05
STOP_S = 5.0
# What a fork may be told otherwise than the nursery.
OWN = ("REDIS_USER", "REDIS_PASSWORD")


class Fork:
    """A forked process, with what `subprocess.Popen` offers of it. `returncode` None after its end: nobody saw it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.identity = processes.identity_of(pid)
        self._ended = threading.Event()
        self.orphaned = False

    def ended(self, returncode: int | None) -> None:
        self.returncode = returncode
        self._ended.set()

    def poll(self) -> int | None:
        """The exit code of one that has ended (0 where nobody saw it), None while it runs."""
        if not self._ended.is_set() and self.orphaned and (self.identity is None or self.identity.process() is None):
            self.ended(None)
        return (self.returncode or 0) if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended. Raises subprocess.TimeoutExpired."""
        deadline_s = SYSTEM.monotonic_s() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            left_s = deadline_s - SYSTEM.monotonic_s()
            if left_s <= 0:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self._ended.wait(min(left_s, ORPHAN_LOOK_S))
        return code

    def send_signal(self, number: int) -> None:
        """Unless it has ended; its id may be a stranger's then."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class NurseryProcess:
    """The nursery of one system. `env` is its own and that of its forks, but for what each is given of `OWN`."""

    name = title = "nursery"
    port = None

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self.env, self.log = dict(env), log
        self.restarts = 0
        self.wanted = False
        self.popen: subprocess.Popen[bytes] | None = None
        self._talk: Talk | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self.popen.pid if self.popen and self.popen.poll() is None else None

    def start(self) -> None:
        """Start it, and return at once: it imports while others do something else."""
        self.wanted = True
        ours, theirs = socket.socketpair()
        log = open_log(self.log)
        with undisturbed(), theirs:
            self.popen = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "cdb_site.local.nursery", str(theirs.fileno())],
                cwd=CHECKOUT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        if not isinstance(log, int):
            log.close()
        with self._lock:
            self._talk = Talk(ours)

    def wait_ready(self) -> bool:
        """Whether it can fork, once that is known; False after READY_S."""
        return self._talk is not None and self._talk.ready.wait(READY_S) and not self._talk.over

    def fork(self, command: Sequence[str], env: Mapping[str, str], log: int) -> Fork | None:
        """A fork that runs this command line of Python, its output in `log`; None: start it in the ordinary way."""
        with self._lock:
            talk = self._talk
            own = {name: env[name] for name in OWN if name in env}
            alike = {**self.env, **own} == env
            if talk is None or not talk.ready.is_set() or not alike or not forkable(command):
                return None
            fork = talk.ask(command[1:], own, log)
            if fork is None and self.popen is not None:
                self.popen.kill()  # or it forks later what is started in the ordinary way now
            return fork

    def stop(self) -> None:
        """It ends when nobody talks to it any more."""
        self.wanted = False
        if self.popen is None or self._talk is None:
            return
        self._talk.close()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(STOP_S)
        self.popen.kill()
        self.popen.wait()


def forkable(command: Sequence[str]) -> bool:
    """A module or a file of ours, run by this Python."""
    return command[0] == sys.executable and len(command) > 1 and (command[1] == "-m" or command[1].endswith(".py"))


class Talk:
    """The conversation with one nursery, heard by a thread. `over`: it has ended, and its forks are orphans."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.ready = threading.Event()
        self.over = False
        self._started: queue.SimpleQueue[Fork | None] = queue.SimpleQueue()
        self._forks: dict[int, Fork] = {}
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def ask(self, command: Sequence[str], own: Mapping[str, str], log: int) -> Fork | None:
        """None when it does not answer."""
        request = json.dumps({"command": list(command), "own": dict(own)}).encode()
        try:
            socket.send_fds(self.control, [request], [log])
            return self._started.get(timeout=ANSWER_S)
        except (OSError, queue.Empty):
            self.close()
            return None

    def close(self) -> None:
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        with suppress(OSError), self.control, self.control.makefile("rb") as lines:
            for line in lines:
                self._heard(json.loads(line))
        self.over = True
        for fork in list(self._forks.values()):
            fork.orphaned = True
        self.ready.set()
        self._started.put(None)

    def _heard(self, message: dict[str, int]) -> None:
        if "ready" in message:
            self.ready.set()
        elif "started" in message:
            fork = self._forks[message["started"]] = Fork(message["started"])
            self._started.put(fork)
        else:
            self._forks.pop(message["ended"]).ended(message["returncode"])
