"""What a service may ask of its supervisor, and what the supervisor does of it: nothing to a stranger, nothing late."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cdb_site import wishes
from cdb_site.clock import SYSTEM
from cdb_site.local import granting
from cdb_site.local.granting import Granting
from cdb_site.wishes import ServiceWish


class StubChild:
    """A lane of three services that remembers what was done to it."""

    name = "lane"
    services = ("signal", "risk", "execution")

    def __init__(self) -> None:
        self.pid: int | None = 4711
        self.done: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_args: self.done.append(name)


@pytest.fixture
def lane() -> StubChild:
    return StubChild()


@pytest.fixture
def desk(tmp_path: Path, lane: StubChild) -> Granting:
    desk = Granting(tmp_path, [lane], lambda _said: None)  # type: ignore[list-item]
    desk.begin()
    return desk


def now_s() -> float:
    return SYSTEM.wall_s()


def test_a_wish_is_offered_while_the_supervisor_says_that_it_is_there(desk: Granting, tmp_path: Path) -> None:
    assert wishes.offered(tmp_path, now_s())
    assert not wishes.offered(tmp_path, now_s() + 60)
    assert not wishes.offered(tmp_path / "elsewhere", now_s())

    desk.end()

    assert not wishes.offered(tmp_path, now_s())


def test_a_killed_process_is_left_to_the_supervisors_usual_restart(
    desk: Granting, lane: StubChild, tmp_path: Path
) -> None:
    wishes.ask(tmp_path, ServiceWish(deed="kill", service="risk"))

    desk.look()
    desk.look()

    assert lane.done == ["kill"]


def test_a_stopped_process_rests_and_is_started_again(
    desk: Granting, lane: StubChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes.ask(tmp_path, ServiceWish(deed="stop", service="signal", seconds=20))
    desk.look()
    assert lane.done == ["ask_to_stop"]
    began_s = SYSTEM.monotonic_s()
    monkeypatch.setattr(granting.SYSTEM, "monotonic_s", lambda: began_s + 19, raising=False)
    desk.look()
    assert lane.done == ["ask_to_stop"]
    monkeypatch.setattr(granting.SYSTEM, "monotonic_s", lambda: began_s + 21, raising=False)

    desk.look()
    desk.look()

    assert lane.done == ["ask_to_stop", "finish", "start"]


@pytest.mark.parametrize(
    "written",
    [
        {"deed": "kill", "service": "postgres", "seconds": 0},
        {"deed": "delete", "service": "risk", "seconds": 0},
        {"deed": "stop", "service": "risk", "seconds": 86400},
        {"deed": "stop", "service": "risk", "seconds": "20"},
        {"deed": "kill", "service": "risk", "seconds": 0, "as": "root"},
        ["kill", "risk"],
        "x" * 1000,
    ],
)
def test_what_is_no_wish_of_the_table_does_nothing(
    desk: Granting, lane: StubChild, tmp_path: Path, written: object
) -> None:
    place = tmp_path / wishes.FOLDER / "a.json"
    place.write_text(json.dumps(written))

    desk.look()

    assert lane.done == [] and not place.exists()


def test_a_wish_that_was_not_read_in_time_or_is_of_an_earlier_supervisor_is_forgotten(
    desk: Granting, lane: StubChild, tmp_path: Path
) -> None:
    wishes.ask(tmp_path, ServiceWish(deed="kill", service="risk"))
    for place in (tmp_path / wishes.FOLDER).glob("*.json"):
        os.utime(place, (now_s() - 60, now_s() - 60))
    desk.look()
    wishes.ask(tmp_path, ServiceWish(deed="kill", service="risk"))

    desk.begin()
    desk.look()

    assert lane.done == []
