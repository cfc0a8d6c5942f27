"""A backup of a running instance, and an instance made from it; nothing is ever written over books that are there."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdb_site.local import backups, state
from cdb_site.local.backups import DUMP, back_up, restore, source_of
from cdb_site.local.database import DATABASE
from cdb_site.local.folders import Folder, temporary_folder
from cdb_site.local.problems import LocalProblem
from cdb_site.local.servers import running_servers


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    """An instance with one row in its books and one answer in its journal, running."""
    with temporary_folder("backups") as made, running_servers(made.path) as servers:
        source = source_of(servers)
        with source.connect(DATABASE) as owner:
            owner.execute("CREATE TABLE penny (cents integer PRIMARY KEY)")
            owner.execute("INSERT INTO penny VALUES (42)")
        (made.path / "paper_venue.jsonl").write_text('{"answer": 1}\n')
        entry = state.ProcessEntry(name="postgres", pid=1, started_s=0, port=source.port)
        state.write(made, state.SystemState(entries=[entry]))
        yield made


@pytest.fixture(scope="module")
def backup(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return back_up(folder, tmp_path_factory.mktemp("kept"))


def test_a_backup_is_readable_by_its_owner_alone_and_holds_no_password(folder: Folder, backup: Path) -> None:
    files = sorted(backup.iterdir())

    assert [path.name for path in files] == [DUMP, "paper_venue.jsonl"]
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
        with pytest.raises(LocalProblem, match="holds books already, and nothing is written over"):
            restore(backup, other)


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
