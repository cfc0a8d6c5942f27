"""A backup of a running instance, and an instance made from it; nothing is ever written over books that are there."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdb_site.local import backups, state
from cdb_site.local.backups import DUMP, JOURNAL, Source, back_up, restore, source_of
from cdb_site.local.database import DATABASE
from cdb_site.local.folders import Folder, temporary_folder
from cdb_site.local.problems import LocalProblem
from cdb_site.local.servers import running_servers
from mexc_sim.server.the_floor import JOURNAL_FILE


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    """An instance with one row in its books and one answer in its journal, running."""
    with temporary_folder("backups") as made, running_servers(made.path) as servers:
        source = source_of(servers)
        with source.connect(DATABASE) as owner:
            owner.execute("CREATE TABLE penny (cents integer PRIMARY KEY)")
            owner.execute("INSERT INTO penny VALUES (42)")
        (made.path / "paper_venue.jsonl").write_text('{"answer": 1}\n')
        (made.path / JOURNAL_FILE).write_text('{"market": {}}\n')
        entry = state.ProcessEntry(name="postgres", pid=1, started_s=0, port=source.port)
        state.write(made, state.SystemState(entries=[entry]))
        yield made


@pytest.fixture(scope="module")
def backup(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return back_up(folder, tmp_path_factory.mktemp("kept"))


def test_a_backup_is_readable_by_its_owner_alone_and_holds_no_servers_password(folder: Folder, backup: Path) -> None:
    files = sorted(backup.iterdir())

    assert [path.name for path in files] == [DUMP, "mexc_sim_trading.jsonl", "paper_venue.jsonl"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    secrets = folder.credentials()
    for path in files:
        for secret in (secrets.postgres_owner, secrets.postgres_app, secrets.redis, secrets.secret_key):
            assert secret.encode() not in path.read_bytes()


def test_the_instance_made_from_it_has_the_same_rows_and_journal_and_is_not_written_over(backup: Path) -> None:
    with temporary_folder("restored") as other:
        restore(backup, other)

        with running_servers(other.path) as servers, source_of(servers).connect(DATABASE) as owner:
            assert owner.execute("SELECT cents FROM penny").fetchall() == [(42,)]
        assert (other.path / "paper_venue.jsonl").read_text() == '{"answer": 1}\n'
        assert (other.path / JOURNAL_FILE).read_text() == '{"market": {}}\n'
        with pytest.raises(LocalProblem, match="holds books already, and nothing is written over"):
            restore(backup, other)


def tables(folder: Folder) -> int:
    """How many the stopped instance has."""
    with running_servers(folder.path) as servers, source_of(servers).connect(DATABASE) as owner:
        return len(owner.execute(backups.TABLES).fetchall())


def test_a_restore_that_fails_half_way_leaves_no_books_and_no_journal_and_a_second_try_works(
    backup: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(backup, cut)
    whole = (cut / DUMP).read_bytes()
    (cut / DUMP).write_bytes(whole[:-8])
    with temporary_folder("cut") as other:
        with pytest.raises(LocalProblem, match="pg_restore failed"):
            restore(cut, other)
        left = (tables(other), (other.path / JOURNAL).exists())
        restore(backup, other)

        assert left == (0, False)
        assert tables(other) == 1 and (other.path / JOURNAL).read_text() == '{"answer": 1}\n'


def test_the_journal_is_there_before_the_books_and_goes_with_them_when_somebody_interrupts(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with temporary_folder("interrupted") as other:
        seen = []

        def interrupted(source: Source, *words: str) -> None:
            seen.append((words[0], (other.path / JOURNAL).exists()))
            raise KeyboardInterrupt

        monkeypatch.setattr(Source, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            restore(backup, other)

        assert seen == [("pg_restore", True)]
        assert not (other.path / JOURNAL).exists()


@pytest.mark.parametrize("ends_by", [KeyboardInterrupt, LocalProblem, OSError])
def test_a_backup_that_is_cut_off_leaves_nothing_that_looks_whole(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends_by: type[BaseException]
) -> None:
    seen = []

    def cut_off(there: Path, here: Path) -> None:
        seen.append(here.name)
        raise ends_by("cut off")

    monkeypatch.setattr(backups, "_copy_beside", cut_off)
    with pytest.raises(ends_by):
        back_up(folder, tmp_path)

    assert seen[0].startswith(".") and seen[0].endswith(".partial")
    assert list(tmp_path.iterdir()) == []


def test_an_instance_without_a_journal_gets_an_empty_one_so_that_a_missing_one_is_found_out(
    folder: Folder, tmp_path: Path
) -> None:
    kept = (folder.path / JOURNAL).rename(tmp_path / "kept")
    try:
        backup = back_up(folder, tmp_path / "to")
    finally:
        kept.rename(folder.path / JOURNAL)

    assert (backup / JOURNAL).read_bytes() == b"" and stat.S_IMODE((backup / JOURNAL).stat().st_mode) == 0o600
    (backup / JOURNAL).unlink()
    with pytest.raises(LocalProblem, match=f"holds no {JOURNAL}"):
        restore(backup, Folder(tmp_path / "new"))
    with pytest.raises(LocalProblem, match="was cut off"):
        restore(backup.rename(tmp_path / ".run.partial"), Folder(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_running_instance_and_a_folder_without_a_dump_are_refused(
    folder: Folder, backup: Path, tmp_path: Path
) -> None:
    with pytest.raises(LocalProblem, match=r"is running\. Stop it with `make down`"):
        restore(backup, folder)
    with pytest.raises(LocalProblem, match=f"holds no {DUMP}"):
        restore(tmp_path, Folder(tmp_path / "new"))

    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_and_a_server_of_somebody_else_are_said(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalProblem, match="Name another folder: TO=folder"):
        back_up(folder, tmp_path / "file")

    stored = state.read(folder)
    state.write(folder, state.SystemState())
    try:
        with pytest.raises(LocalProblem, match="a PostgreSQL of yours"), backups.server_of(folder):
            pass
    finally:
        state.write(folder, stored)
