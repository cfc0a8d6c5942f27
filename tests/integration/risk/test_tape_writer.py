"""The tape's writer: whatever happens to it or to the disk, quotes are on the tape once, or a hole says so."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from risk.models import TapeFile, TapeHole
from risk.tape import files, looks, writer
from risk.tape.block import unpack
from risk.tape.chain import SealedBlock, blocks, opened
from risk.tape.stream import QUOTES
from tests.integration.risk.tape_house import end_writers, make_writer, say_quotes, tape_folder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey: redis.Redis) -> Iterator[Path]:
    looks.taken()
    yield tape_folder(monkeypatch, tmp_path)
    end_writers()


def bids() -> list[str]:
    """Every bid on the tape, in order of the files."""
    found = []
    for row in TapeFile.objects.order_by("worker", "number"):
        data = (files.root() / row.name).read_bytes()
        _, at, digest = opened(data)
        for block in blocks(data, at, digest):
            assert isinstance(block, SealedBlock)
            found += [quote["bid"] for event in unpack(block.content)[0] for quote in event.quotes]
    return found


def test_quotes_are_written_once_in_their_order_and_the_row_says_how_far() -> None:
    tape = make_writer()
    say_quotes("1", "2")
    tape.turn()
    say_quotes("3")
    tape.turn()
    tape.turn()

    row = TapeFile.objects.get()
    assert bids() == ["1", "2", "3"]
    assert (row.number, row.blocks, row.quotes) == (1, 2, 3)
    assert row.bytes == (files.root() / row.name).stat().st_size
    assert not TapeHole.objects.exists()


def test_a_restart_goes_on_where_the_tape_ended_in_a_file_that_follows() -> None:
    first = make_writer()
    say_quotes("1")
    first.turn()
    first.close()
    say_quotes("2", "3")

    make_writer().turn()

    one, two = TapeFile.objects.order_by("number")
    assert bids() == ["1", "2", "3"]
    assert (two.number, two.before) == (2, one.digest)
    assert not TapeHole.objects.exists()


def test_a_block_that_no_row_knows_is_taken_into_it_and_a_torn_one_is_written_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = make_writer()
    say_quotes("1")
    first.turn()
    with monkeypatch.context() as away:
        away.setattr(writer.TapeChain, "save", lambda _: None)
        say_quotes("2")
        first.turn()
    first.close()
    path = files.root() / TapeFile.objects.get().name
    path.write_bytes(path.read_bytes() + b"\x93TPE torn")
    say_quotes("3")

    make_writer().turn()

    assert bids() == ["1", "2", "3"]
    assert TapeFile.objects.order_by("number")[0].blocks == 2


def test_a_file_that_no_row_knows_is_taken_into_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_writer()
    with monkeypatch.context() as away:
        away.setattr(writer.TapeChain, "save", lambda _: None)
        say_quotes("1", "2")
        first.turn()
    first.close()
    say_quotes("3")

    make_writer().turn()

    assert bids() == ["1", "2", "3"]
    assert list(TapeFile.objects.values_list("number", "quotes").order_by("number")) == [(1, 2), (2, 1)]


def test_what_the_stream_no_longer_has_is_a_hole_with_an_alert(valkey: redis.Redis) -> None:
    first = make_writer()
    say_quotes("1")
    first.turn()
    first.close()
    say_quotes("2", "3", "4")
    valkey.xtrim(QUOTES, maxlen=1, approximate=False)

    make_writer().turn()

    hole = TapeHole.objects.get()
    assert bids() == ["1", "4"]
    assert (hole.reason, hole.after_place) == ("RESTART", TapeFile.objects.order_by("number")[0].last_place)
    assert hole.until_place == TapeFile.objects.order_by("number")[1].first_place
    assert Alert.objects.get().code == "TAPE_HOLE"


def fails(monkeypatch: pytest.MonkeyPatch, *, after_bytes: int = 0) -> Any:
    """The disk takes so many bytes of each write and is full then."""

    def write(descriptor: int, data: Any, real: Any = os.write) -> int:
        if after_bytes and len(data) > after_bytes:
            return int(real(descriptor, data[:after_bytes]))
        raise OSError(errno.ENOSPC, "No space left on device")

    patch = monkeypatch.context()
    patch.__enter__().setattr(files.os, "write", write)
    return patch


@pytest.mark.parametrize("after_bytes", [0, 40])
def test_a_disk_that_was_full_for_a_while_costs_nothing(monkeypatch: pytest.MonkeyPatch, after_bytes: int) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    looks.note("5-0", looks.DECIDED)
    full = fails(monkeypatch, after_bytes=after_bytes)
    say_quotes("2")
    tape.turn()
    say_quotes("3")
    tape.turn()
    full.__exit__(None, None, None)

    tape.turn()

    assert bids() == ["1", "2", "3"]
    assert not TapeHole.objects.exists()


def test_a_disk_that_was_full_for_too_long_is_a_hole_and_an_alert_that_closes(
    monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis
) -> None:
    monkeypatch.setattr(writer, "TOLD_AFTER_S", 0.0)
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    full = fails(monkeypatch)
    say_quotes("2", "3")
    tape.turn()
    open_then = Alert.objects.get().state
    valkey.xtrim(QUOTES, maxlen=1, approximate=False)
    tape.turn()
    say_quotes("4")
    full.__exit__(None, None, None)

    tape.turn()

    assert open_then == "RAISED"
    assert bids() == ["1", "3", "4"]
    assert [(hole.reason, "No space" in hole.told) for hole in TapeHole.objects.all()] == [("DISK", True)]
    assert dict(Alert.objects.values_list("code", "state")) == {"TAPE_NOT_WRITTEN": "CLOSED", "TAPE_HOLE": "CLOSED"}


def test_an_hour_that_begins_begins_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = make_writer()
    say_quotes("1")
    tape.turn()
    monkeypatch.setattr(writer, "_hour", lambda _: "2031-01-01T05")
    say_quotes("2")

    tape.turn()

    one, two = TapeFile.objects.order_by("number")
    assert two.name == "1/00000002-2031-01-01T05.tape"
    assert two.before == one.digest
    assert bids() == ["1", "2"]


def test_a_second_process_of_the_same_name_waits_and_one_of_another_name_writes_its_own() -> None:
    first, same, other = make_writer("a"), make_writer("a"), make_writer("../b c")
    say_quotes("1")
    for tape in (first, same, other):
        tape.turn()

    assert sorted(TapeFile.objects.values_list("worker", flat=True)) == ["../b c", "a"]
    assert bids() == ["1", "1"]

    first.close()
    say_quotes("2")
    same.turn()

    assert list(TapeFile.objects.filter(worker="a").values_list("number", flat=True)) == [1, 2]


def test_looks_are_written_beside_the_quotes_in_their_order() -> None:
    tape = make_writer()
    say_quotes("1")
    for what in (looks.DECIDED, looks.GUARDED):
        looks.note("9-0", what)
    looks.note("", looks.DECIDED)

    tape.turn()

    data = (files.root() / TapeFile.objects.get().name).read_bytes()
    [block] = blocks(data, *opened(data)[1:])
    assert isinstance(block, SealedBlock)
    assert [(look.place, look.what) for look in unpack(block.content)[1]] == [("9-0", "DECIDED"), ("9-0", "GUARDED")]


def test_looks_that_nobody_writes_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(looks.KEPT_MAX + 5):
        looks.note(f"{number}-0", looks.DECIDED)

    kept = looks.taken()
    looks.put_back(kept)

    assert (len(kept), kept[0].place) == (looks.KEPT_MAX, "5-0")
    assert looks.taken() == kept


def test_more_than_one_chunk_is_written_in_one_turn() -> None:
    say_quotes(*[str(number) for number in range(1, 2 * writer.CHUNK + 2)])

    make_writer().turn()

    assert bids() == [str(number) for number in range(1, 2 * writer.CHUNK + 2)]
    assert TapeFile.objects.get().blocks == 3


def test_a_message_that_nobody_can_read_is_passed_over(valkey: redis.Redis) -> None:
    say_quotes("1")
    valkey.xadd(QUOTES, {"e": b"{"})
    tape = make_writer()
    tape.turn()
    say_quotes("2")
    tape.turn()

    assert bids() == ["1", "2"]


def test_a_writer_that_is_asked_to_stop_writes_what_has_come_and_lets_go() -> None:
    tape = make_writer()
    tape.runtime.stopping.set()
    say_quotes("1")

    tape.run()

    assert bids() == ["1"]
    files.locked("1").close()
    assert SYSTEM.wall_now() >= TapeFile.objects.get().written_at
