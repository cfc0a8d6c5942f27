"""A thread that must live as long as its process is started again, told of and counted, whatever ends it."""

from __future__ import annotations

import logging
import threading

import pytest
from prometheus_client import REGISTRY

from cdb_site.threads import keep_running


def counted(part: str) -> float:
    return REGISTRY.get_sample_value("cdb_part_failures_total", {"part": part}) or 0.0


def test_what_ends_a_part_is_told_and_counted_and_it_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    stopping, ends = threading.Event(), [OSError("no space left"), ValueError("odd")]
    cleaned: list[str] = []

    def part() -> None:
        if ends:
            raise ends.pop(0)
        stopping.set()

    before = counted("part")
    with caplog.at_level(logging.ERROR, "cdb_site.threads"):
        keep_running(
            "part",
            lambda: part,
            stopping=stopping,
            pause=lambda _: stopping.is_set(),
            failed=lambda: cleaned.append(""),
        )

    assert counted("part") - before == 2
    assert len(cleaned) == 2
    assert ["no space left" in caplog.text, "odd" in caplog.text] == [True, True]


def test_a_part_that_cannot_even_be_made_is_tried_again() -> None:
    stopping, tries = threading.Event(), [0]

    def factory() -> object:
        tries[0] += 1
        if tries[0] == 3:
            stopping.set()
        raise LookupError("not there yet")

    keep_running("part", factory, stopping=stopping, pause=lambda _: False)  # type: ignore[arg-type]

    assert tries == [3]
