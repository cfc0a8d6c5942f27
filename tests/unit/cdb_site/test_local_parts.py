"""The starter's small parts: folder locks, ports, names of data folders, the listing, the credentials."""

from __future__ import annotations

import io
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from cdb_site.local import cli, listing, logview
from cdb_site.local.children import Backoff, RestartPause, ending
from cdb_site.local.cli import main
from cdb_site.local.credentials import load_or_create
from cdb_site.local.folders import HOME, Folder
from cdb_site.local.locks import FolderLock
from cdb_site.local.market import profile_name
from cdb_site.local.ports import HIGHEST, LOWEST, PortBook
from cdb_site.local.problems import LocalProblem
from cdb_site.local.processes import Identity, identity_of
from cdb_site.local.steps import Steps
from cdb_site.local.system import Plan, choose_ports
from cdb_site.services import SERVICES


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")

    assert first.acquire()

    assert not second.acquire()
    assert second.is_held()
    first.release()
    assert second.acquire()
    second.release()


def test_credentials_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    made = load_or_create(path)

    assert load_or_create(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.postgres_app not in repr(made)


def test_credentials_that_cannot_be_read_are_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{", encoding="utf-8")

    with pytest.raises(LocalProblem, match="restore it, or remove the folder"):
        load_or_create(path)

    assert path.read_text(encoding="utf-8") == "{"


def test_the_highest_port_that_is_taken_is_shifted_to_some_other() -> None:
    book = PortBook()
    book.reserve(65535)

    chosen = book.reserve_near(65535)

    assert LOWEST <= chosen <= HIGHEST
    book.release()


def test_the_screeners_listen_where_their_variables_say() -> None:
    book, told = PortBook(), io.StringIO()
    ws, free, taken = book.reserve_any(), book.reserve_any(), book.reserve_any()
    book.release()
    book.reserve(taken)
    given = {"WS_SCREENER_PORT": str(ws), "REST_SCREENER_PORT": str(taken), "PORTS": f"risk={free}"}

    chosen = choose_ports(SERVICES, book, Plan(given=given, standard_ports=True, steps=Steps(told)))

    assert (chosen["ws"], chosen["risk"]) == (ws, free)
    assert chosen["rest"] != taken
    assert f"port {taken} is taken: rest listens on {chosen['rest']}" in told.getvalue()
    book.release()


def test_a_taken_standard_port_is_shifted_by_a_hundred() -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        taken = occupant.getsockname()[1]
        book = PortBook()

        chosen = book.reserve_near(taken)

        assert chosen != taken
        assert (chosen - taken) % 100 == 0 or LOWEST <= chosen <= HIGHEST
        book.release()


def test_two_starters_never_reserve_the_same_port() -> None:
    first, second = PortBook(), PortBook()
    port = first.reserve_any()

    assert not second.reserve(port)

    first.release()
    assert second.reserve(port)
    second.release()


@pytest.mark.parametrize(
    ("mode", "given", "name"),
    [
        ("demo", {}, "demo"),
        ("demo", {"SIM_SEED": "1"}, "demo"),
        ("demo", {"SIM_SEED": "7"}, "demo-seed7"),
        ("demo", {"SIM_DATA": "/some/data", "QUOTE_ASSET": "BTC", "INTERVAL": "5m"}, "demo-data-BTC-5m"),
        ("run", {"SIM_SEED": "7"}, "run"),
    ],
)
def test_each_market_has_a_data_folder_of_its_own(mode: str, given: dict[str, str], name: str) -> None:
    assert profile_name(mode, given) == name


def test_an_empty_checkout_lists_nothing_running(tmp_path: Path) -> None:
    assert listing.table([Folder(tmp_path)]) == "nothing running"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59.9, "59s"), (185, "3m05s"), (7620, "2h07m")])
def test_uptimes_are_short(seconds: float, text: str) -> None:
    assert listing.duration(seconds) == text


def test_pauses_double_up_to_their_limit() -> None:
    pause = RestartPause(Backoff(first_s=0.5, most_s=3))
    pause.started()

    pauses = [pause.ended() for _ in range(5)]

    assert pauses == [0.5, 1.0, 2.0, 3, 3]


def test_a_pause_is_short_again_after_a_long_run() -> None:
    pause = RestartPause(Backoff(first_s=0.5, most_s=30, reset_after_s=0))
    pause.started()

    assert [pause.ended(), pause.ended()] == [0.5, 0.5]


def test_a_process_is_known_by_its_start_time_too() -> None:
    here = identity_of(os.getpid())

    assert here is not None
    assert here.process() is not None
    assert Identity(pid=here.pid, started_s=here.started_s - 60).process() is None


def test_endings_are_told_in_words() -> None:
    assert ending(3) == "ended with exit code 3"
    assert ending(-signal.SIGKILL) == "was ended by SIGKILL"


def test_each_log_line_carries_its_service(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    logs = logview.TerminalLogs(sys.stdout)

    logs.note("risk started again")

    assert capsys.readouterr().out == "system     | risk started again\n"


def test_a_bad_setting_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAX_POSITION_PCT", "10")
    monkeypatch.setenv("TOP_N", "many")

    code = main(["demo", "--data-dir", str(tmp_path / "demo")])

    assert code == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in told] == [" TOP_N", " MAX_POSITION_PCT"]
    assert not (tmp_path / "demo" / "postgres").exists()


def test_a_missing_folder_of_candles_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo", "--data", str(tmp_path / "nowhere"), "--data-dir", str(tmp_path / "demo")])

    assert code == 1
    assert "--data:" in capsys.readouterr().err


def test_with_several_systems_running_the_remedy_is_one_that_make_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = [Folder(tmp_path / name).create() for name in ("demo", "demo-seed3")]
    monkeypatch.setattr(cli, "known_folders", lambda: running)
    locks = [folder.lock() for folder in running]
    assert all(lock.acquire() for lock in locks)

    code = main(["exec", "--", "true"])

    for lock in locks:
        lock.release()
    assert code == 1
    assert 'several run: demo, demo-seed3. Say which: make exec PROFILE=demo CMD="…"' in capsys.readouterr().err


def test_a_system_is_chosen_by_the_name_that_the_list_shows() -> None:
    assert cli.parser().parse_args(["exec", "--profile", "demo-seed3", "--", "true"]).profile == "demo-seed3"
    assert cli._running_folder("demo-seed3") == Folder(HOME / "demo-seed3")


@pytest.mark.parametrize(
    ("backup", "profile", "missing"), [("", "run", "FROM:"), ("x", "", "PROFILE:"), ("x", "../run", "PROFILE:")]
)
def test_a_restore_without_a_backup_or_an_instance_says_which_is_missing_and_how_it_is_written(
    capsys: pytest.CaptureFixture[str], backup: str, profile: str, missing: str
) -> None:
    code = cli.main(["restore", "--from", backup, "--profile", profile])

    complaint = capsys.readouterr().err
    assert code == 1
    assert missing in complaint and "make restore FROM=backups/run-" in complaint


def test_a_command_that_is_not_named_is_asked_for_as_make_takes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["exec", "--"]) == 1
    assert 'make exec CMD="' in capsys.readouterr().err


def test_scaled_out_the_chain_has_a_second_worker_with_members_of_its_own_and_the_rest_is_as_before() -> None:
    once, twice = cli.services_of(scale=False), cli.services_of(scale=True)

    (more,) = twice[len(once) :]
    assert [item.name for item in twice[:-1]] == [item.name for item in once]
    assert [member.name for member in more.members] == ["signal_2", "risk_2", "execution_2"]
    assert cli.parser().parse_args(["run", "--scale"]).scale and not cli.parser().parse_args(["demo"]).scale
