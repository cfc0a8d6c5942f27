"""A service's part that fails is started again: with growing pauses while it keeps failing, soon after a good run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

from cdb_site.bus.bootstep import HostedService
from cdb_site.threads import RAN_WELL_S


class Patience:
    """A runtime that notes each pause instead of waiting, and stops the service after the last run."""

    def __init__(self, runs_s: list[float]) -> None:
        self.runs_s, self.now_s = list(runs_s), 0.0
        self.pauses: list[float] = []
        self.stopping = threading.Event()
        self.service = SimpleNamespace(name="risk")
        self.clock = SimpleNamespace(monotonic_s=lambda: self.now_s)

    def run(self) -> None:
        self.now_s += self.runs_s.pop(0)
        raise RuntimeError("the part failed")

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return not self.runs_s


def pauses_of(runs_s: list[float]) -> list[float]:
    """The pause after each run of that many seconds."""
    hosted, runtime = HostedService.__new__(HostedService), Patience(runs_s)
    hosted.runtime = runtime  # type: ignore[assignment]

    def factory() -> Callable[[], None]:
        return runtime.run

    # In a thread of its own, as in a service: it closes the database's connections of its thread.
    thread = threading.Thread(target=hosted._keep_running, args=("consumer", factory))
    thread.start()
    thread.join()
    return runtime.pauses


def test_a_part_that_keeps_failing_is_tried_less_and_less_often() -> None:
    assert pauses_of([0, 0, 0, 0, 0, 0, 0]) == [0.5, 1, 2, 4, 8, 15, 15]


def test_a_part_that_ran_well_comes_back_soon_after_its_next_failure() -> None:
    assert pauses_of([0, 0, 0, RAN_WELL_S + 1, 0]) == [0.5, 1, 2, 0.5, 1]
