"""Reading the tape, checking it, and letting it go: no byte changes and no file goes unnoticed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from risk import tasks
from risk.models import TapeFile, TapeHole
from risk.tape import checking, files, keeping, looks, reading, writer
from risk.tape.checking import check
from risk.tape.stream import QUOTES
from tests.integration.risk.tape_house import end_writers, make_writer, say_quotes, tape_folder

pytestmark = pytest.mark.django_db(transaction=True)
EVER = ("0-0", "99999999999999-0")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey: redis.Redis) -> Iterator[Path]:
    looks.taken()
    yield tape_folder(monkeypatch, tmp_path)
    end_writers()


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three files, of bids 1 2, 3 4 and 5 6."""
    tape = make_writer()
    for hour, bids in enumerate((("1", "2"), ("3", "4"), ("5", "6"))):
        monkeypatch.setattr(writer, "_hour", lambda _, hour=hour: f"2026-01-01T{hour:02d}")
        say_quotes(*bids, symbols=("AAAUSDT", "BBBUSDT"))
        tape.turn()
    return [files.root() / row.name for row in TapeFile.objects.order_by("number")]


def command(*words: str) -> tuple[list[str], dict[str, Any]]:
    """What it says, and its last line."""
    out = StringIO()
    call_command("tape", *words, stdout=out)
    lines = out.getvalue().splitlines()
    return lines, json.loads(lines[-1]) if lines[-1].startswith("{") else {}


def bids(symbol: str, since: str = EVER[0], until: str = EVER[1]) -> list[str]:
    return [taped.quote["bid"] for taped in reading.quotes(since, until, symbol=symbol)]


def test_quotes_of_one_symbol_or_of_all_come_in_order_from_all_files(hours: list[Path]) -> None:
    assert bids("BBBUSDT") == ["1", "2", "3", "4", "5", "6"]
    assert len(list(reading.quotes(*EVER))) == 12


def test_a_stretch_begins_and_ends_at_the_very_entries(hours: list[Path]) -> None:
    places = [event.place for event in reading.events(*EVER)]

    assert bids("AAAUSDT", places[1], places[4]) == ["2", "3", "4", "5"]
    assert bids("AAAUSDT", places[3], places[3]) == ["4"]


def test_the_board_at_a_place_is_what_somebody_there_had_seen(hours: list[Path]) -> None:
    places = [event.place for event in reading.events(*EVER)]

    board = reading.board_at(places[2])

    assert {symbol: taped.quote["bid"] for symbol, taped in board.items()} == {"AAAUSDT": "3", "BBBUSDT": "3"}


def test_looks_of_a_stretch_come_in_the_order_they_were_made(hours: list[Path]) -> None:
    places = [event.place for event in reading.events(*EVER)]
    tape = make_writer("2")
    say_quotes("7")
    looks.note(places[1], looks.DECIDED)
    looks.note(places[4], looks.GUARDED)
    tape.turn()

    assert [look.what for look in reading.looks(*EVER, worker="2")] == ["DECIDED", "GUARDED"]
    assert [look.what for look in reading.looks(places[3], places[5], worker="2")] == ["GUARDED"]


def test_of_two_workers_the_one_without_a_hole_is_read(hours: list[Path], valkey: redis.Redis) -> None:
    other = make_writer("0")
    other.turn()
    say_quotes("7", "8", "9")
    valkey.xtrim(QUOTES, maxlen=1, approximate=False)
    other.turn()

    assert TapeHole.objects.get().worker == "0"
    assert bids("BBBUSDT", until=TapeFile.objects.get(worker="1", number=3).last_place) == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    ]


def test_a_worker_that_came_late_is_not_read_for_having_no_hole(hours: list[Path], valkey: redis.Redis) -> None:
    places = [event.place for event in reading.events(*EVER)]
    begun, ended = (reading.moment_of(place) for place in places[:2])
    TapeHole.objects.create(
        worker="1", reason="DISK", told="", after_place=places[0], until_place=places[1], from_at=begun, until_at=ended
    )
    time.sleep(0.2)
    say_quotes("7")
    valkey.xtrim(QUOTES, maxlen=1, approximate=False)

    make_writer("0").turn()

    assert bids("BBBUSDT") == ["1", "2", "3", "4", "5", "6"]
    assert [hole.worker for hole in reading.holes(*EVER)] == ["1"]


def test_a_stretch_has_the_files_that_lie_in_it_and_their_faults_alone(hours: list[Path]) -> None:
    places = [event.place for event in reading.events(*EVER)]
    hours[0].unlink()

    late, ever = (reading.files_between(*stretch) for stretch in ((places[2], places[5]), EVER))

    assert [row.number for row in late] == [2, 3]
    assert checking.check_files(late).faults == []
    assert [fault.what for fault in checking.check_files(ever).faults] == ["the file is gone"]


def test_a_row_that_was_taken_out_of_a_stretch_is_missed(hours: list[Path]) -> None:
    TapeFile.objects.filter(number=2).delete()

    faults = checking.check_files(reading.files_between(*EVER)).faults

    assert [fault.what for fault in faults] == ["number 2 has no row"]


def test_a_whole_tape_has_no_fault(hours: list[Path]) -> None:
    lines, told = command("verify")

    assert told == {"files": 3, "dropped": 0, "blocks": 3, "quotes": 12, "torn": 0, "holes": 0, "faults": 0}
    assert len(lines) == 1


@pytest.mark.parametrize("share", [0.0, 0.6, 0.8, 0.99])
def test_a_flipped_byte_is_found_by_file_and_block(hours: list[Path], share: float) -> None:
    data = bytearray(hours[1].read_bytes())
    data[int(share * (len(data) - 1))] ^= 1
    hours[1].write_bytes(data)

    faults = check().faults

    assert {fault.file for fault in faults} == {"1/00000002-2026-01-01T01.tape"}
    assert {fault.block for fault in faults} == ({None} if share == 0.0 else {0})
    with pytest.raises(reading.TapeUnreadable, match="00000002-2026-01-01T01"):
        bids("AAAUSDT")
    with pytest.raises(CommandError, match="not what was written"):
        command("verify")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_removed_file_is_found_also_the_last(hours: list[Path], number: int) -> None:
    hours[number].unlink()

    assert [(fault.file, fault.what) for fault in check().faults] == [
        (f"1/0000000{number + 1}-2026-01-01T0{number}.tape", "the file is gone")
    ]


def test_a_file_that_was_cut_where_its_row_knows_it_is_found(hours: list[Path]) -> None:
    data = hours[2].read_bytes()
    hours[2].write_bytes(data[:-1])

    [fault, *_] = check().faults

    assert (fault.file, fault.block) == ("1/00000003-2026-01-01T02.tape", 0)


def test_a_file_whose_last_block_was_cut_off_whole_is_found(hours: list[Path]) -> None:
    tape = make_writer("2")
    for bid in ("1", "2"):
        say_quotes(bid)
        tape.turn()
    row = TapeFile.objects.get(worker="2")
    path = files.root() / row.name
    path.write_bytes(path.read_bytes()[: row.bytes // 2])
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\x93TPE")])

    assert [fault.file for fault in check().faults] == [row.name]


def test_files_that_changed_places_are_found(hours: list[Path]) -> None:
    first, second = hours[0].read_bytes(), hours[1].read_bytes()
    hours[0].write_bytes(second)
    hours[1].write_bytes(first)

    assert {fault.what for fault in check().faults} == {"it says to be another file than its row says"}


def test_a_file_that_no_row_knows_and_a_row_that_is_gone_are_found(hours: list[Path]) -> None:
    (hours[0].parent / "00000009-2026-01-01T09.tape").write_bytes(b"")
    TapeFile.objects.get(number=2).delete()

    whats = {fault.what for fault in check().faults}

    assert whats == {"no row knows it", "its number is 3, number 2 has no row"}


def test_what_a_dying_process_left_half_written_is_torn_and_no_fault(hours: list[Path]) -> None:
    hours[2].write_bytes(hours[2].read_bytes() + b"\x93TPE half")

    found = check()

    assert (found.torn, found.faults) == (1, [])
    assert bids("AAAUSDT") == ["1", "2", "3", "4", "5", "6"]


def test_old_files_go_their_rows_stay_and_the_rest_can_still_be_followed(hours: list[Path]) -> None:
    now = SYSTEM.wall_now()
    TapeFile.objects.filter(number__lt=3).update(begun_at=now - timedelta(days=40), written_at=now - timedelta(days=31))

    assert keeping.drop_old(0, now) == 0
    assert keeping.drop_old(30, now) == 2
    assert keeping.drop_old(30, now) == 0

    _, told = command("verify")
    assert (told["files"], told["dropped"], told["faults"]) == (1, 2, 0)
    assert [path.exists() for path in hours] == [False, False, True]
    assert bids("AAAUSDT") == ["5", "6"]


def test_the_newest_file_of_a_worker_stays_however_old(hours: list[Path]) -> None:
    long_ago = SYSTEM.wall_now() - timedelta(days=99)
    TapeFile.objects.update(begun_at=long_ago, written_at=long_ago)

    keeping.drop_old(30, SYSTEM.wall_now())

    assert [path.exists() for path in hours] == [False, False, True]


def test_a_tape_goes_on_behind_a_file_that_was_dropped(hours: list[Path]) -> None:
    long_ago = SYSTEM.wall_now() - timedelta(days=99)
    TapeFile.objects.update(begun_at=long_ago, written_at=long_ago)
    end_writers()
    TapeFile.objects.filter(number=3).update(dropped_at=long_ago)
    hours[2].unlink()
    say_quotes("7")

    make_writer().turn()

    assert TapeFile.objects.get(number=4).before == TapeFile.objects.get(number=3).digest
    assert [fault.what for fault in check().faults] == []


def test_the_hourly_look_raises_an_alert_of_a_damaged_file_and_closes_it(hours: list[Path]) -> None:
    whole = hours[2].read_bytes()
    hours[2].write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    tasks.keep_tape()
    alert = Alert.objects.get(code="TAPE_DAMAGED")
    hours[2].write_bytes(whole)

    tasks.keep_tape()

    assert alert.state == "RAISED"
    assert "00000003-2026-01-01T02.tape, block 0" in alert.params["what"]
    assert Alert.objects.get(code="TAPE_DAMAGED").state == "CLOSED"


def test_the_list_names_files_and_holes_and_the_bytes_of_a_quote(hours: list[Path]) -> None:
    now = SYSTEM.wall_now()
    TapeHole.objects.create(
        worker="1", reason="DISK", after_place="1-0", until_place="2-0", from_at=now, until_at=now, told="full"
    )

    lines, told = command("list")

    assert [line.split()[0] for line in lines[:4]] == [*(f"1/{path.name}" for path in hours), "HOLE"]
    assert (told["files"], told["quotes"], told["holes"]) == (3, 12, 1)
    assert told["bytes_per_quote"] > 0


def test_show_says_what_was_quoted_at_an_entry_or_a_time(hours: list[Path]) -> None:
    places = [event.place for event in reading.events(*EVER)]

    lines, _ = command("show", "--symbol", "BBBUSDT", "--at", places[2])
    later, _ = command("show", "--at", (SYSTEM.wall_now() + timedelta(minutes=1)).isoformat())

    assert len(lines) == 1
    assert lines[0].startswith("BBBUSDT        bid 3 ask 1000")
    assert [line.split()[2] for line in later] == ["6", "6"]


@pytest.mark.parametrize(
    ("at", "said"), [("yesterday", "--at is a time"), ("2020-01-01T00:00:00Z", "nothing of any symbol")]
)
def test_show_says_what_is_wrong_with_a_moment(hours: list[Path], at: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        command("show", "--at", at)


def test_without_a_tape_there_is_nothing_and_that_is_no_fault() -> None:
    assert command("verify")[1]["faults"] == 0
    assert command("list")[1] == {"files": 0, "quotes": 0, "bytes": 0, "bytes_per_quote": None, "holes": 0}
    assert reading.board_at("5-0") == {}
    assert reading.looks(*EVER) == []
