"""The clock's part with real processes: a run to its end, killed at any moment, canceled, failed, given back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from replay import operations
from replay.models import ReplayRun
from replay.operations import LEASE
from replay.runner import ReplayRunner
from tests.integration.replay.stand_in import program

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60.0


@pytest.fixture
def runner(settings: Any) -> Iterator[Callable[..., ReplayRunner]]:
    """A function that makes the clock's part, which carries out runs with this stand-in; its process ends with it."""
    with ExitStack() as stack:

        def made(stand_in: str) -> ReplayRunner:
            runtime = Runtime(service=service("signal_gen"), environment=settings.ENVIRONMENT, instance="tests")
            part = ReplayRunner(runtime, program(stand_in))
            stack.callback(part.end)
            return part

        yield made


@pytest.fixture(autouse=True)
def _the_database_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_DB", str(connection.settings_dict["NAME"]))


def asked(**parameters: Any) -> ReplayRun:
    return operations.ask(uuid4(), "REPLAY", parameters, by="anna")


def until(runner: ReplayRunner, holds: Callable[[], bool]) -> None:
    """Look as often as the clock would, only faster."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, list(ReplayRun.objects.values())
        runner.turn()
        time.sleep(0.05)


def now(run: ReplayRun) -> ReplayRun:
    return ReplayRun.objects.get(pk=run.pk)


def test_a_run_is_carried_out_in_a_process_of_its_own_and_then_the_next(runner: Callable[..., ReplayRunner]) -> None:
    part, runs = runner("at_once"), [asked(), asked()]

    until(part, lambda: all(now(run).state == "DONE" for run in runs))

    assert now(runs[0]).ended_at <= now(runs[1]).ended_at  # type: ignore[operator]
    assert now(runs[0]).attempts == 1


def test_a_run_that_was_killed_is_taken_up_again_at_once(runner: Callable[..., ReplayRunner]) -> None:
    part, run = runner("slowly"), asked(turns=600)
    until(part, lambda: now(run).progress > 0)
    assert part.child is not None

    os.kill(part.child.pid, signal.SIGKILL)
    until(part, lambda: now(run).attempts == 2 and now(run).progress > 0)

    assert now(run).state == "RUNNING"


def test_after_the_last_attempt_it_has_failed_and_says_why(runner: Callable[..., ReplayRunner]) -> None:
    part, run = runner("deaf"), asked()
    for attempt in (1, 2, 3):
        until(part, lambda attempt=attempt: now(run).attempts == attempt and part.child is not None)  # type: ignore[misc]
        part.child.kill()  # type: ignore[union-attr]
        part.child.wait()  # type: ignore[union-attr]

    until(part, lambda: now(run).state == "FAILED")

    assert now(run).error == "PROCESS_LOST"


@pytest.mark.parametrize("stand_in", ["slowly", "deaf"])
def test_a_canceled_run_ends_soon_whether_or_not_its_work_listens(
    runner: Callable[..., ReplayRunner], stand_in: str
) -> None:
    part, run = runner(stand_in), asked(turns=600)
    until(part, lambda: now(run).lease_until is not None and part.child is not None)

    operations.cancel(run.run_id, by="ben", now=part.runtime.clock.wall_now())
    until(part, lambda: now(run).state == "CANCELED")
    until(part, lambda: part.child is None)

    assert now(run).result is None


@pytest.mark.parametrize(("stand_in", "words"), [("broken", "ZeroDivisionError"), ("wrong", "from: there are no")])
def test_a_run_that_fails_says_why(runner: Callable[..., ReplayRunner], stand_in: str, words: str) -> None:
    part, run = runner(stand_in), asked()

    until(part, lambda: now(run).state == "FAILED")

    assert now(run).error.startswith(words)
    assert now(run).attempts == 1


def test_a_clock_that_stops_gives_the_run_back_without_an_attempt(runner: Callable[..., ReplayRunner]) -> None:
    part, run = runner("slowly"), asked(turns=600)
    until(part, lambda: now(run).progress > 0)

    part.end()

    assert (now(run).state, now(run).attempts) == ("QUEUED", 0)


def test_a_clock_that_stops_while_the_process_starts_gives_the_run_back_too(
    runner: Callable[..., ReplayRunner],
) -> None:
    part, run = runner("slowly"), asked(turns=600)
    part.turn()
    assert now(run).state == "RUNNING"

    part.end()

    assert (now(run).state, now(run).attempts) == ("QUEUED", 0)


def test_a_killed_clock_takes_the_process_with_it_and_the_run_waits_again(runner: Callable[..., ReplayRunner]) -> None:
    """The process sees that who started it is gone: here a shell between the two, killed as the clock would be."""
    part = runner("slowly")
    direct = part.command
    part.command = lambda run_id, carrier: ["sh", "-c", '"$@" & wait', "sh", *direct(run_id, carrier)]
    run = asked(turns=600)
    until(part, lambda: now(run).progress > 0)

    assert part.child is not None
    os.kill(part.child.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while now(run).state == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.1)

    assert (now(run).state, now(run).attempts) == ("QUEUED", 0)


def test_what_a_process_did_not_begin_is_lost_with_its_lease(runner: Callable[..., ReplayRunner]) -> None:
    """Between the claim and the start of the process the clock was killed."""
    part, run = runner("at_once"), asked()
    wall = part.runtime.clock.wall_now()
    operations.claim(run.run_id, machine=part.machine, carrier="gone", now=wall - 2 * LEASE)

    until(part, lambda: now(run).state == "DONE")

    assert now(run).attempts == 2


def test_its_loop_turns_while_a_run_is_carried_out(runner: Callable[..., ReplayRunner]) -> None:
    part, run = runner("slowly"), asked(turns=600)

    def as_the_clock_does() -> None:
        try:
            part.run()
        finally:
            connection.close()

    thread = threading.Thread(target=as_the_clock_does)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while now(run).progress == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert part.runtime.progress.slowest()[1] < 3
    finally:
        part.runtime.stopping.set()
        thread.join()

    assert now(run).state == "QUEUED"
