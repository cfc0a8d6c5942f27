"""Carrying out one run, in a process of its own: its lease renewed every second by a thread beside the work.

The thread also sees that the run is canceled, taken over by somebody else, or that the process that started this one is
gone. The work hears of it when it next tells how far it is; if it does not tell, the process ends all the same, with
those it started: what a run brings is kept in one transaction at its end, so nothing half done is left.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from cdb_site.clock import SYSTEM, Clock
from cdb_site.failures import Failure, meaning_of
from replay import operations
from replay.carried import Brought, Carrier
from replay.carriers import CARRIERS
from replay.models import ReplayRun
from replay.operations import Held

log = logging.getLogger(__name__)
RENEW_EVERY_S = 1.0
GRACE_S = 5.0
PATIENCE_S = 120.0
ERROR_MOST = 2_000


class RunEnds(Exception):
    """The work is to end: `why` is CANCEL, LOST or STOP."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Lease:
    """The run as this process holds it. Called with a fraction and a step it notes how far the work is, and raises
    RunEnds where it is to end."""

    def __init__(
        self, run_id: UUID, carrier: str, clock: Clock = SYSTEM, end: Callable[[], object] | None = None
    ) -> None:
        self.run_id, self.carrier, self.clock = run_id, carrier, clock
        self.progress, self.step, self.why = 0.0, "", ""
        self._parent, self._end = os.getppid(), end or end_all
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease of a replay", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self, progress: float, step: str = "") -> None:
        self.progress, self.step = progress, step or self.step
        if self.why:
            raise RunEnds(self.why)

    def _keep(self) -> None:
        try:
            while not self._over.is_set() and not self.why:
                self.why = self._look()
                self._over.wait(RENEW_EVERY_S)
            if not self._over.wait(GRACE_S if self.why == Held.CANCEL else 0.0):
                settle(self, self.why)
                self._end()
        finally:
            connection.close()

    def _look(self) -> str:
        if os.getppid() != self._parent:
            return "STOP"
        try:
            now = self.clock.wall_now()
            held = operations.renew(self.run_id, self.carrier, progress=self.progress, step=self.step, now=now)
        except (OperationalError, InterfaceError) as problem:
            # The lease lasts many looks; who is really taken over hears of it with the next one that succeeds.
            log.warning("the lease of run %s is not renewed: %s", self.run_id, problem)
            close_old_connections()
            return ""
        return "" if held == Held.HELD else held.value


def carry_out(run: ReplayRun, carriers: Mapping[str, Carrier] = CARRIERS, clock: Clock = SYSTEM) -> bool:
    """Carry out a run that is claimed already, to its end. Returns whether it brought something that was kept."""
    carrier = carriers[run.kind]
    with Lease(run.run_id, run.carrier, clock) as lease:
        try:
            brought = carrier(run.parameters, lease)
        except RunEnds as ends:
            settle(lease, ends.why)
        except (ValueError, LookupError) as problem:
            fail(lease, str(problem))
        except Exception as problem:
            log.exception("run %s failed", run.run_id)
            fail(lease, f"{type(problem).__name__}: {problem}")
        else:
            return patiently(lambda: keep(lease, brought), clock)
    return False


def keep(lease: Lease, brought: Brought) -> bool:
    now = lease.clock.wall_now()
    return operations.finish(lease.run_id, lease.carrier, brought.kept, brought.manifest, now=now)


def fail(lease: Lease, words: str) -> None:
    said = words.strip()[:ERROR_MOST] or "it failed without a word"
    patiently(lambda: operations.fail(lease.run_id, lease.carrier, said, now=lease.clock.wall_now()), lease.clock)


def settle(lease: Lease, why: str) -> None:
    """The run ends before it is through: canceled for good, or given back; what is lost is another's to settle."""
    if why == Held.CANCEL:
        operations.settle_canceled(lease.run_id, lease.carrier, now=lease.clock.wall_now())
    elif why == "STOP":
        operations.give_back(lease.run_id, lease.carrier)


def patiently(act: Callable[[], bool], clock: Clock = SYSTEM) -> bool:
    """Do it, again and again while the database is away: what took an hour is not thrown away for a restart of it."""
    until_s = clock.monotonic_s() + PATIENCE_S
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError) as problem:
            if meaning_of(problem) == Failure.WORK or clock.monotonic_s() > until_s:
                raise
            log.warning("what a run of the replay brought is not kept yet: %s", problem)
            close_old_connections()
            threading.Event().wait(RENEW_EVERY_S)


def stop_in_order() -> None:
    """SIGTERM ends the work as a canceled run ends, and gives the run back."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise RunEnds("STOP")

    signal.signal(signal.SIGTERM, stop)


def end_all() -> None:
    """This process and those it started, at once."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
