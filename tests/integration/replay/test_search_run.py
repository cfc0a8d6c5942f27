"""A search that a page asked for, on candles in PostgreSQL, by the real carrier: ended, killed, canceled, refused."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from replay import operations
from replay.models import ReplayRun
from replay.runner import ReplayRunner
from replay.trial_store import TrialStore
from replay.wishes import read_run
from tests.integration.replay.candle_house import market_in_waves
from tests.integration.replay.clock_house import gone, nicenesses, now, processes_of, real_runner, until

pytestmark = pytest.mark.django_db(transaction=True)
STARTS = datetime(2026, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FEW = {"threshold": "0.5 %,1 %", "stop_loss_pct": "0.01,0.02", "by": "NET"}
# Some 200 ms of start and some ms a set: killed or canceled, it is still at it.
MANY = {"threshold": "0.002..0.02:0.001", "stop_loss_pct": "0.005..0.2:0.004", "by": "NET"}


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, DATA_DIR=tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("POSTGRES_DB", str(connection.settings_dict["NAME"]))
    return tmp_path


@pytest.fixture
def runner(settings: Any) -> Iterator[ReplayRunner]:
    part = real_runner(settings.ENVIRONMENT)
    yield part
    part.end()


@pytest.fixture
def _a_market() -> None:
    market_in_waves(STARTS, minutes=3 * 1440)


def parameters(**changes: str) -> dict[str, Any]:
    typed = {"from": "2026-01-02", "to": "2026-01-04", "symbols": "AAAUSDT"} | changes
    return read_run("SEARCH", typed, NOW).parameters


def asked(**changes: str) -> ReplayRun:
    return operations.ask(uuid4(), "SEARCH", parameters(**changes), by="anna")


def tried(folder: Path) -> int:
    return sum(len(one.read_bytes().splitlines()) - 1 for one in (folder / "searches").glob("*.jsonl"))


def commanded(*words: str) -> dict[str, Any]:
    """What the command says of the same candles."""
    output = StringIO()
    days = ("--from", "2026-01-02", "--to", "2026-01-04", "--symbols", "AAAUSDT", "--by", "net")
    call_command("search_parameters", *days, *words, "--workers", "1", stdout=output)
    told: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    told.pop("seconds")
    return told


def in_the_middle(part: ReplayRunner, run: ReplayRun, folder: Path, sets: int = 8) -> int:
    """The session of the run's process, once some sets are tried and kept."""
    until(part, lambda: now(run).step.startswith("sets ") and tried(folder) >= sets)
    assert part.child is not None
    return part.child.pid


@pytest.mark.usefixtures("_a_market")
def test_it_finds_what_the_command_finds_with_one_process_at_low_priority(
    runner: ReplayRunner, data_folder: Path, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = asked(**FEW, walk_forward="24h/12h")

    until(runner, lambda: now(run).state in ("DONE", "FAILED"))

    done = now(run)
    assert (done.state, done.error, done.attempts) == ("DONE", "", 1)
    told = done.result["search"]  # type: ignore[index]
    assert (told["sets"], told["tried"], told["canceled"]) == (4, 4, False)
    assert told["best"]["trips"] > 0 and told["decided"]["trips"]["trips"] == told["best"]["trips"]
    assert len(told["walk_forward"]["parts"]) == 4
    assert done.manifest["data_hash"] and done.manifest["searched"]["set"] == ["THRESHOLD=0.005,0.01"]
    assert [one.suffix for one in (data_folder / "searches").iterdir()] == [".jsonl"]

    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, DATA_DIR=tmp_path_factory.mktemp("other"))
    words = ("--set", "THRESHOLD=0.005,0.01", "--limit", "STOP_LOSS_PCT=0.01,0.02", "--walk-forward", "24h/12h")
    assert commanded(*words) == told


@pytest.mark.usefixtures("_a_market")
def test_killed_in_the_middle_its_worker_ends_too_and_it_goes_on_with_the_rest(
    runner: ReplayRunner, data_folder: Path
) -> None:
    run = asked(**MANY)
    session = in_the_middle(runner, run, data_folder)
    assert nicenesses(session) == {10}
    workers = [pid for pid in processes_of(session) if _is_worker(pid)]
    assert len(workers) == 1

    os.kill(session, signal.SIGKILL)

    assert gone(session)
    kept = tried(data_folder)
    until(runner, lambda: now(run).attempts == 2 and now(run).step.startswith("sets "))
    assert int(now(run).step.removeprefix("sets ").partition("/")[0]) >= kept
    until(runner, lambda: now(run).state in ("DONE", "FAILED"))
    told = now(run).result["search"]  # type: ignore[index]
    assert told["tried"] == told["sets"] == 19 * 49
    assert tried(data_folder) == told["tried"]  # none twice


def _is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.usefixtures("_a_market")
def test_canceled_in_the_middle_it_ends_within_seconds_and_asked_again_goes_on(
    runner: ReplayRunner, data_folder: Path
) -> None:
    run = asked(**MANY)
    session = in_the_middle(runner, run, data_folder)

    begun_s = time.monotonic()
    operations.cancel(run.run_id, by="ben", now=runner.runtime.clock.wall_now())
    until(runner, lambda: now(run).state == "CANCELED" and runner.child is None)

    assert time.monotonic() - begun_s < 8
    assert gone(session)
    assert now(run).result is None
    kept = tried(data_folder)
    assert kept > 0
    assert [one.suffix for one in (data_folder / "searches").iterdir()] == [".jsonl"]
    again = asked(**MANY)
    until(runner, lambda: now(again).step.startswith("sets "))
    assert int(now(again).step.removeprefix("sets ").partition("/")[0]) >= kept


@pytest.mark.usefixtures("_a_market")
def test_a_clock_that_stops_in_the_middle_gives_it_back_without_an_attempt(
    runner: ReplayRunner, data_folder: Path
) -> None:
    run = asked(**MANY)
    session = in_the_middle(runner, run, data_folder)

    runner.end()

    assert gone(session)
    assert (now(run).state, now(run).attempts) == ("QUEUED", 0)


@pytest.mark.usefixtures("_a_market")
def test_a_killed_worker_ends_it_in_words_and_what_was_tried_is_kept(runner: ReplayRunner, data_folder: Path) -> None:
    run = asked(**MANY)
    session = in_the_middle(runner, run, data_folder)
    (worker,) = [pid for pid in processes_of(session) if _is_worker(pid)]

    os.kill(worker, signal.SIGKILL)
    until(runner, lambda: now(run).state == "FAILED")

    assert "ask again: what it has tried is kept" in now(run).error
    assert tried(data_folder) > 0


@pytest.mark.usefixtures("_a_market")
def test_of_two_the_second_waits_and_one_that_the_command_is_at_is_refused_in_words(
    runner: ReplayRunner, data_folder: Path
) -> None:
    first, second = asked(**FEW), asked(**FEW | {"by": "SHARPE"})
    until(runner, lambda: now(first).state == "RUNNING")
    assert now(second).state == "QUEUED"
    until(runner, lambda: now(second).state == "DONE")
    assert now(first).ended_at <= now(second).begun_at  # type: ignore[operator]

    (kept,) = (data_folder / "searches").glob("*.jsonl")
    third = asked(**FEW)
    with TrialStore(kept.parent, json.loads(kept.read_text().splitlines()[0])):
        until(runner, lambda: now(third).state == "FAILED")
    assert "under way elsewhere; ask again when it is over" in now(third).error


def test_without_a_candle_it_fails_in_words_and_says_what_to_do(runner: ReplayRunner) -> None:
    call_command("open_account", verbosity=0)
    call_command("seed_limits", verbosity=0)
    run = asked(**FEW, symbols="")

    until(runner, lambda: now(run).state in ("DONE", "FAILED"))

    assert (now(run).state, now(run).attempts) == ("FAILED", 1)
    assert "backfill" in now(run).error


@pytest.mark.usefixtures("_a_market")
def test_days_too_short_for_a_part_of_the_walk_fail_in_words(runner: ReplayRunner) -> None:
    run = asked(**FEW, walk_forward="5d/2d", to="2026-01-12")

    until(runner, lambda: now(run).state in ("DONE", "FAILED"))

    assert (now(run).state, "choose shorter parts" in now(run).error) == ("FAILED", True)
