"""The tape while its disk or PostgreSQL is bad: nobody waits for it, what is lost is a hole, and who must know is told.

The disk is full for real here, by the size a file of this process may have.
"""

from __future__ import annotations

import os
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from cdb_site.alerts.models import Alert
from risk.models import TapeFile, TapeHole
from risk.tape import checking, files, looks, reading, writer
from risk.tape.stream import QUOTES
from tests.integration.risk.tape_house import end_writers, make_writer, say_quotes, tape_folder

pytestmark = pytest.mark.django_db(transaction=True)
ENDLESS = "99999999999999-0"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey: redis.Redis) -> Iterator[Path]:
    looks.taken()
    yield tape_folder(monkeypatch, tmp_path)
    end_writers()


def bids() -> list[str]:
    return [taped.quote["bid"] for taped in reading.quotes("0-0", ENDLESS)]


def states() -> dict[str, str]:
    return dict(Alert.objects.values_list("code", "state"))


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow beyond a few bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def database_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is not connected to PostgreSQL, and does not get there."""

    def refused(*_: object) -> None:
        raise OperationalError("connection refused")

    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "connect", refused)
        yield


def lose(valkey: redis.Redis) -> None:
    """The stream keeps its newest entry alone."""
    valkey.xtrim(QUOTES, maxlen=1, approximate=False)


def until(met: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not met():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_full_disk_loses_nothing_that_the_stream_still_has_and_the_gauge_says_how_long() -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    with full_disk():
        say_quotes("2")
        tape.turn()
        tape.turn()
        full_s = tape.unwritten_s()
    say_quotes("3")

    tape.turn()

    assert full_s > 0 and tape.unwritten_s() == 0
    assert bids() == ["1", "2", "3"]
    assert checking.check().faults == []


def test_a_disk_that_is_full_when_a_file_begins_leaves_nothing_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    say_quotes("2")
    with full_disk():
        for hour in ("2031-01-01T05", "2031-01-01T06"):
            monkeypatch.setattr(writer, "_hour", lambda _, hour=hour: hour)
            tape.turn()

    tape.turn()

    assert bids() == ["1", "2"]
    assert checking.check().faults == []
    assert len(list(files.root().glob("1/*.tape"))) == 2


def test_a_folder_that_is_taken_away_is_named_and_what_comes_then_is_written(folder: Path) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    shutil.rmtree(folder)
    say_quotes("2")

    tape.turn()

    assert [fault.what for fault in checking.check().faults] == ["the file is gone"]
    row = TapeFile.objects.get(number=2)
    assert (row.quotes, (files.root() / row.name).stat().st_size) == (1, row.bytes)


def test_a_disk_that_hangs_holds_nobody_but_the_writer_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "TOLD_AFTER_S", 0.1)
    for pause in ("WATCH_S", "PAUSE_S", "BLOCK_S"):
        monkeypatch.setattr(writer, pause, 0.02)
    released, hung = threading.Event(), threading.Event()

    def hang(descriptor: int, real: Any = os.fsync) -> None:
        hung.set()
        released.wait(20)
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", hang)
    tape = make_writer()

    def run() -> None:
        tape.run()
        connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    say_quotes("1")
    thread.start()
    try:
        assert hung.wait(10)
        begun = time.monotonic()
        looks.note("5-0", looks.DECIDED)
        say_quotes("2")
        until(lambda: states() == {"TAPE_NOT_WRITTEN": "RAISED"})

        # Nobody has waited, the service is well, and the gauge goes on.
        assert time.monotonic() - begun < 5
        assert tape.runtime.progress.reason is None
        assert tape.unwritten_s() >= 0.1
        assert "has not answered" in Alert.objects.get().params["error"]

        released.set()
        until(lambda: states() == {"TAPE_NOT_WRITTEN": "CLOSED"})
        until(lambda: bids() == ["1", "2"])
    finally:
        released.set()
        tape.runtime.stopping.set()
        thread.join(10)
    assert not thread.is_alive()
    assert not TapeHole.objects.exists()
    assert Alert.objects.get().count == 1


def test_an_alert_of_a_process_that_has_ended_is_closed_by_the_next_one() -> None:
    tape = make_writer()
    tape._tell("No space left on device")
    tape.close()
    say_quotes("1")

    make_writer().turn()

    assert states() == {"TAPE_NOT_WRITTEN": "CLOSED"}


def test_without_the_database_quotes_are_written_and_the_rows_follow(
    monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis
) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    with database_away(monkeypatch):
        for bid in ("2", "3"):
            lose(valkey)
            say_quotes(bid)
            tape.turn()
        assert tape.unwritten_s() == 0
    say_quotes("4")

    tape.turn()

    assert bids() == ["1", "2", "3", "4"]
    assert not TapeHole.objects.exists()
    assert checking.check().faults == []


def test_killed_while_the_database_was_away_nothing_is_lost_either(
    monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis
) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    with database_away(monkeypatch):
        for bid, hour in (("2", "2031-01-01T05"), ("3", "2031-01-01T06")):
            monkeypatch.setattr(writer, "_hour", lambda _, hour=hour: hour)
            lose(valkey)
            say_quotes(bid)
            tape.turn()
    tape.close()

    make_writer().turn()

    assert bids() == ["1", "2", "3"]
    assert not TapeHole.objects.exists()
    assert checking.check().faults == []


@pytest.mark.parametrize("restarted", [False, True])
def test_a_hole_that_cannot_be_told_yet_is_told_before_anything_is_written_behind_it(
    monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis, *, restarted: bool
) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    last = TapeFile.objects.get().last_place
    with full_disk():
        say_quotes("2", "3")
        tape.turn()
    with database_away(monkeypatch):
        lose(valkey)
        tape.turn()
        say_quotes("4", "5")
        lose(valkey)
        looks.note("7-0", looks.DECIDED)
        tape.turn()
        assert tape.unwritten_s() > 0
    if restarted:
        tape.close()
        tape = make_writer()

    tape.turn()

    hole = TapeHole.objects.get()
    assert bids() == ["1", "5"]
    assert (hole.after_place, hole.until_place) == (last, TapeFile.objects.order_by("-number")[0].last_place)
    assert hole.reason == ("RESTART" if restarted else "DISK")
    assert Alert.objects.filter(code="TAPE_HOLE").count() == 1
    assert [look.place for look in reading.looks("0-0", ENDLESS)] == ["7-0"]
    assert checking.check().faults == []
