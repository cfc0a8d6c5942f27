"""The clock's part that sees to the runs of the replay: one at a time on this machine, each in a process of its own.

A run is claimed first and its process started then, so that whatever ends the process, or the clock between the two,
leaves a lease that runs out. A replay takes minutes of a processor: beside the clock it would hold up everything timed.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError

from cdb_site import failures
from cdb_site.bus.runtime import Runtime
from replay import operations, queries

log = logging.getLogger(__name__)
LOOK_EVERY_S = 1.0
STOP_WITHIN_S = 5.0


def command(run_id: UUID, carrier: str) -> Sequence[str]:
    return [sys.executable, "manage.py", "carry_out_replay", str(run_id), "--carrier", carrier]


class ReplayRunner:
    """Hosted by the clock. `turn` looks once: what ended, what was lost, what is next."""

    def __init__(self, runtime: Runtime, command: Callable[[UUID, str], Sequence[str]] = command) -> None:
        self.runtime, self.command = runtime, command
        self.machine = socket.gethostname()
        self.child: subprocess.Popen[bytes] | None = None
        self.carrier = ""
        self.run_id: UUID | None = None

    def run(self) -> None:
        try:
            while not self.runtime.stopping.is_set():
                with failures.waiting_for_servers("the runs of the replay"):
                    self.turn()
                    self.runtime.progress.turned("replay runs")
                self.runtime.pause(LOOK_EVERY_S)
        finally:
            self.end()

    def turn(self) -> None:
        now = self.runtime.clock.wall_now()
        if self.child is not None and self.child.poll() is not None:
            operations.take_up_lost(now, carrier=self.carrier)
            self.child = None
        operations.take_up_lost(now)
        if self.child is None:
            self._start_next()

    def _start_next(self) -> None:
        run_id = queries.next_waiting(self.machine)
        if run_id is None:
            return
        self.carrier = f"{self.machine} {uuid4().hex}"
        now = self.runtime.clock.wall_now()
        if operations.claim(run_id, machine=self.machine, carrier=self.carrier, now=now) is None:
            return
        self.run_id = run_id
        words = self.command(run_id, self.carrier)
        # A session of its own: it ends with all that it starts, and no signal to the clock's group reaches it half-way.
        self.child = subprocess.Popen(words, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
        log.info("run %s of the replay is carried out by process %d", run_id, self.child.pid)

    def end(self) -> None:
        """The clock stops: the run is given back and waits for the next one. Its process does that, or this one for it
        where it was stopped before it had begun to listen."""
        if self.child is None:
            return
        stopped = self.child.poll() is None
        self.child.terminate()
        try:
            self.child.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child = None
        if stopped and self.run_id is not None:
            with suppress(OperationalError, InterfaceError):
                operations.give_back(self.run_id, self.carrier)
