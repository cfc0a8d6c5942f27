"""A day with other limits that a page asked for, by the real carrier: whole, killed, canceled, and what it refuses."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import connection

from cdb_site.clock import ANCHOR_KEY, SYSTEM, Anchor, anchor_fields
from replay import operations
from replay.days import carried
from replay.days.asking import Unplayable
from replay.days.carried import carry_what_if
from replay.models import ReplayRun
from replay.runner import ReplayRunner
from tests.integration.replay.clock_house import gone, now, real_runner, until
from tests.integration.replay.day_house import eventful
from tests.integration.replay.day_house import house as _house
from tests.integration.risk.house import House
from tests.integration.risk.tape_house import end_writers, make_writer, say_quotes, tape_folder

pytestmark = pytest.mark.django_db(transaction=True)
house = _house
TIGHTER = {"MAX_POSITION_PCT": "0.02"}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _of_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey: redis.Redis) -> Iterator[None]:
    tape_folder(monkeypatch, tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("POSTGRES_DB", str(connection.settings_dict["NAME"]))
    yield
    end_writers()


@pytest.fixture
def day(house: House) -> date:
    """A day that was lived through, with a tape, and is over."""
    say_quotes("99", "100", symbols=("AAAUSDT", "BBBUSDT"))
    eventful(house)
    say_quotes("91", symbols=("AAAUSDT", "BBBUSDT"))
    make_writer().turn()
    return house.clock.market_now().date()


@pytest.fixture
def tomorrow(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Market time is a day further on, for processes that follow the shared anchor and for this one."""
    wall_s = SYSTEM.wall_s()
    anchor = Anchor(wall_s=wall_s, market_s=wall_s + DAY.total_seconds(), label="tests")
    valkey.hset(ANCHOR_KEY, mapping=anchor_fields(anchor))
    clock = type(SYSTEM)(anchor)
    monkeypatch.setattr(carried, "SYSTEM", clock)


@pytest.fixture
def runner(settings: Any) -> Iterator[ReplayRunner]:
    part = real_runner(settings.ENVIRONMENT)
    yield part
    part.end()


def asked(day: date, values: dict[str, str] | None = None) -> ReplayRun:
    parameters = {"day": day.isoformat(), "values": TIGHTER if values is None else values, "interval": "1m"}
    return operations.ask(uuid4(), "WHAT_IF", parameters, by="anna")


@pytest.mark.usefixtures("tomorrow")
def test_it_is_played_in_a_process_of_its_own_and_marks_what_is_modelled(runner: ReplayRunner, day: date) -> None:
    tighter, same = asked(day), asked(day, {})

    until(runner, lambda: now(same).state in ("DONE", "FAILED"))

    assert [(now(run).state, now(run).error) for run in (tighter, same)] == [("DONE", "")] * 2
    told = now(tighter).result["what_if"]  # type: ignore[index]
    assert told["changed"] > 0 and told["limits"] == {"max_position_pct": "0.02"}
    assert told["recorded"]["pnl"] != told["other"]["pnl"]
    changes = [told["first"], *told["follows"]]
    assert sum(one["modelled"] for one in changes) == told["modelled"] > 0
    assert told["first"]["number"] and told["holes"] == []
    assert now(same).result["what_if"]["changed"] == 0  # type: ignore[index]


@pytest.mark.usefixtures("tomorrow")
def test_a_day_without_a_tape_fails_and_says_what_to_do(runner: ReplayRunner, house: House) -> None:
    eventful(house)
    run = asked(house.clock.market_now().date())

    until(runner, lambda: now(run).state in ("DONE", "FAILED"))

    assert now(run).state == "FAILED"
    assert "no tape is kept of" in now(run).error and "manage.py what_if --day" in now(run).error


@pytest.mark.usefixtures("tomorrow")
def test_a_day_without_decisions_says_which_have_some(runner: ReplayRunner, day: date) -> None:
    run = asked(day - 30 * DAY)

    until(runner, lambda: now(run).state in ("DONE", "FAILED"))

    assert f"choose a day from {day}" in now(run).error


@pytest.mark.usefixtures("valkey")
def test_a_day_that_is_not_over_is_refused_whoever_wrote_the_row(house: House) -> None:
    today = SYSTEM.market_now().date()

    for late in (today, today + DAY):
        with pytest.raises(Unplayable, match="is not over: .* ask again after its midnight"):
            carry_what_if(asked(late).parameters, lambda part, step="": None)


def test_an_empty_database_says_that_nothing_was_decided_yet(house: House) -> None:
    with pytest.raises(Unplayable, match="has no decision yet that was stored with its look"):
        carry_what_if(asked(date(2026, 1, 1)).parameters, lambda part, step="": None)


class Ends(Exception):
    pass


@pytest.mark.usefixtures("tomorrow")
def test_canceled_it_ends_where_it_next_tells_how_far_it_is(day: date) -> None:
    told: list[str] = []

    def progress(part: float, step: str = "") -> None:
        told.append(step)
        if len(told) == 3:
            raise Ends

    with pytest.raises(Ends):
        carry_what_if(asked(day).parameters, progress)

    assert told == ["day", "deciding", "deciding"]


@pytest.mark.usefixtures("tomorrow")
def test_killed_it_is_taken_up_again_and_comes_to_the_same(runner: ReplayRunner, day: date) -> None:
    run = asked(day)
    until(runner, lambda: now(run).state == "RUNNING")
    assert runner.child is not None
    session = runner.child.pid

    os.kill(session, signal.SIGKILL)

    assert gone(session)
    until(runner, lambda: now(run).state in ("DONE", "FAILED"))
    assert (now(run).state, now(run).attempts) == ("DONE", 2)


@pytest.mark.usefixtures("tomorrow")
def test_a_tape_that_cannot_be_read_is_said_and_how_to_look_at_it(day: date, tmp_path: Path) -> None:
    for file in (tmp_path / "tape").rglob("*"):
        if file.is_file():
            os.chmod(file, 0o600)
            file.write_bytes(b"\x00" * file.stat().st_size)

    with pytest.raises(Unplayable, match="manage.py tape verify"):
        carry_what_if(asked(day).parameters, lambda part, step="": None)
