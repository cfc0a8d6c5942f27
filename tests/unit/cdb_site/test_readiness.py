"""A service lets nothing through before its steps are done, in order, and says how far it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from cdb_site.bus import readiness
from cdb_site.bus.runtime import Runtime
from cdb_site.health import server
from cdb_site.services import service
from tests.settings import ENVIRONMENT

NAME = "execution"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setattr(readiness, "_steps", {})
    monkeypatch.setattr(readiness, "_unready", set())
    monkeypatch.setattr(readiness, "AGAIN_S", 0.001)
    runtime = Runtime(service=service(NAME), environment=ENVIRONMENT, instance="1")
    yield runtime
    runtime.stopping.set()


def prepared(runtime: Runtime) -> threading.Thread:
    """The part, running as the service hosts it."""
    thread = threading.Thread(target=readiness.Preparing(runtime).run, daemon=True)
    thread.start()
    return thread


def wait_until_ready(seconds: float = 10.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if readiness.is_ready(NAME):
            return
        pause.wait(0.01)
    raise AssertionError("not ready")


def test_a_process_that_hosts_nothing_is_ready(runtime: Runtime) -> None:
    readiness.prepares(NAME, "first", order=1)(lambda _: False)

    assert readiness.is_ready(NAME)


def test_a_service_without_steps_is_ready_at_once(runtime: Runtime) -> None:
    readiness.shut(["signal"])

    assert readiness.is_ready("signal")


def test_steps_are_done_in_order_and_only_the_last_opens(runtime: Runtime) -> None:
    done: list[str] = []
    ready: list[bool] = []
    for order, name in ((3, "third"), (1, "first"), (2, "second")):

        def work(_: Runtime, name: str = name) -> bool:
            done.append(name)
            ready.append(readiness.is_ready(NAME))
            return True

        readiness.prepares(NAME, name, order=order)(work)
    readiness.shut([NAME])

    prepared(runtime)
    wait_until_ready()

    assert (done, ready) == (["first", "second", "third"], [False] * 3)


def test_a_step_that_fails_is_tried_again_and_health_says_which_and_why(runtime: Runtime) -> None:
    may, said = threading.Event(), list[tuple[bool, dict[str, object]]]()

    def work(_: Runtime) -> bool:
        said.append(server.report(runtime))
        if not may.is_set():
            raise TimeoutError("the venue does not answer")
        return True

    readiness.prepares(NAME, "the books beside the venue", order=2)(work)
    readiness.prepares(NAME, "events", order=1)(lambda _: True)
    readiness.shut([NAME])
    prepared(runtime)
    pause = threading.Event()
    while len(said) < 3:
        pause.wait(0.01)
    assert not readiness.is_ready(NAME)
    may.set()
    wait_until_ready()

    healthy, body = said[-1]
    assert (healthy, body["status"]) == (False, "RECOVERING")
    assert body["reason"] == (
        "recovering: the books beside the venue, step 2 of 2: TimeoutError: the venue does not answer"
    )
    assert runtime.progress.recovering == ""


def test_a_step_that_is_not_done_yet_is_no_failure_and_waits(runtime: Runtime) -> None:
    answers = iter([False, False, True])
    readiness.prepares(NAME, "events", order=1)(lambda _: next(answers))
    readiness.shut([NAME])

    prepared(runtime)
    wait_until_ready()

    assert next(answers, None) is None


def test_a_service_that_is_to_stop_stops_in_the_middle_of_a_step(runtime: Runtime) -> None:
    readiness.prepares(NAME, "events", order=1)(lambda _: False)
    readiness.shut([NAME])
    thread = prepared(runtime)

    runtime.stopping.set()
    thread.join(10)

    assert not thread.is_alive()
    assert not readiness.is_ready(NAME)


def test_a_step_that_is_declared_again_stands_once(runtime: Runtime) -> None:
    for answer in (False, True):
        readiness.prepares(NAME, "events", order=1)(lambda _, answer=answer: answer)

    assert [step.work(runtime) for step in readiness.steps_of(NAME)] == [True]
