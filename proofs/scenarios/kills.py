"""Services that die on cue in the middle of a scenario, one group after the other, each as the one before works again.

An undisturbed run has no groups: then nothing dies and nothing waits.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cdb_site.clock import SYSTEM
from cdb_site.local.system import System
from proofs.rig.waiting import expect, pause

BACK_S = 40.0


class Rolling:
    """kill -9 of one group of services after the other, each as soon as the one before works again."""

    def __init__(self, system: System, groups: Sequence[tuple[str, ...]]) -> None:
        self.system, self.groups = system, groups
        self.killed: list[str] = []
        self._thread: threading.Thread | None = None

    def strike(self) -> None:
        """Begin; the scenario goes on meanwhile."""
        if self.groups:
            self._thread = threading.Thread(target=self._roll, name="kills", daemon=True)
            self._thread.start()

    def at_once(self, name: str) -> None:
        """Kill one service now; nobody waits for it. Nothing in an undisturbed run."""
        if self.groups:
            self.system.process(name).kill()

    def over(self) -> None:
        """Wait until everything that was killed works again."""
        if self._thread is not None:
            self._thread.join()
        missing = [name for group in self.groups for name in group if name not in self.killed]
        expect(not missing, f"{', '.join(missing)} could not be killed and brought back")

    def _roll(self) -> None:
        for group in self.groups:
            before = {name: self.system.process(name).pid for name in group}
            for name in group:
                self.system.process(name).kill()
            self.killed += [name for name in group if self._back(name, before[name])]

    def _back(self, name: str, before: int | None) -> bool:
        child, deadline_s = self.system.process(name), SYSTEM.monotonic_s() + BACK_S
        while SYSTEM.monotonic_s() < deadline_s:
            if child.pid not in (None, before) and (child.port is None or self.system.health(name)[0] == 200):
                return True
            pause(0.05)
        return False


@contextmanager
def frozen_service(system: System, name: str) -> Iterator[None]:
    """SIGSTOP, and SIGCONT at the end of the block or before."""
    os.kill(system.process(name).pid or 0, signal.SIGSTOP)
    try:
        yield
    finally:
        go_on(system, name)


def go_on(system: System, name: str) -> None:
    if pid := system.process(name).pid:
        os.kill(pid, signal.SIGCONT)
