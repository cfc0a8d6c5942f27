"""The restore drill: a backup of a real database comes back whole, and what does not is found out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from cdb_site.clock import SYSTEM
from cdb_site.local import backups, restore_drill
from cdb_site.local.account import server_account
from cdb_site.local.backups import Source
from cdb_site.local.binaries import find_postgres
from cdb_site.local.folders import Folder
from cdb_site.local.problems import LocalProblem
from cdb_site.local.restore_drill import COPY
from cdb_site.local.servers import Servers
from execution.models import TradingStateChange
from execution.operations import open_account
from execution.queries import PAPER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(servers: Servers) -> Source:
    """The session's server and the tests' own database in it."""
    assert servers.postgres is not None
    return Source(
        port=servers.postgres.port,
        password=servers.credentials.postgres_owner,
        programs=find_postgres(server_account()),
        database=str(settings.DATABASES["default"]["NAME"]),
    )


@pytest.fixture
def tried(source: Source, tmp_path: Path) -> Callable[[], tuple[list[str], dict[str, Any]]]:
    """Try the backup: (what does not hold, the figures)."""

    def drill() -> tuple[list[str], dict[str, Any]]:
        told: dict[str, Any] = {}
        return restore_drill.tried(source, Folder(tmp_path), told), told

    return drill


@pytest.fixture(autouse=True)
def _books() -> None:
    open_account(PAPER, quote_asset="USDT", deposit=Decimal(1000), clock=SYSTEM)


def gone(source: Source) -> bool:
    """Whether nothing is left of the copy."""
    with source.connect("postgres") as owner:
        return owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [COPY]).fetchone() is None


def test_every_table_comes_back_and_the_books_hold_there(
    tried: Callable[[], tuple[list[str], dict[str, Any]]], source: Source, tmp_path: Path
) -> None:
    failed, told = tried()

    assert failed == []
    assert told["tables"] >= 55 and told["rows"] > 50 and told["dump_bytes"] > 10_000
    assert told["audit_books"].startswith("ok:")
    assert told["rebuild_books"] == "the books equal the fills, to the last digit"
    assert gone(source)
    assert list(tmp_path.iterdir()) == []


def test_books_that_do_not_hold_in_the_copy_fail_the_drill_and_the_original_goes_on(
    tried: Callable[[], tuple[list[str], dict[str, Any]]], source: Source
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE account SET cash = cash + 1")

    failed, told = tried()

    assert [line.partition(" ended with ")[0] for line in failed] == ["audit_books", "rebuild_books --check"]
    assert "trading is halted" in told["audit_books"]
    assert not TradingStateChange.objects.filter(state="HALTED").exists()
    assert gone(source)


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("INSERT INTO outbox (unit_id, event_ids) VALUES (gen_random_uuid(), '{}')", "outbox has 0 rows, its copy 1"),
        ("UPDATE account SET quote_asset = 'USDC'", "account and its copy differ in their rows"),
        ("DROP TABLE outbox", "outbox is only in the original"),
    ],
)
def test_a_copy_that_is_not_the_original_is_found_out(
    tried: Callable[[], tuple[list[str], dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, tampering: str, said: str
) -> None:
    restore = restore_drill._restored

    def restore_badly(source: Source, dump: Path, told: dict[str, Any]) -> None:
        restore(source, dump, told)
        with source.connect(COPY) as copy:
            copy.execute(tampering)  # type: ignore[call-overload]

    monkeypatch.setattr(restore_drill, "_restored", restore_badly)
    monkeypatch.setattr(restore_drill, "COMMANDS", ())

    assert tried()[0] == [said]


def test_a_dump_that_cannot_be_made_is_said_and_nothing_is_left(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = Source(port=source.port, password=source.password, programs=source.programs, database="no_such_books")

    with pytest.raises(psycopg.OperationalError, match="no_such_books"):
        restore_drill.tried(missing, Folder(tmp_path), {})

    assert gone(source)
    assert list(tmp_path.iterdir()) == []


def test_the_difference_is_told_in_one_json_line_and_the_exit_code(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def server(folder: Folder) -> Iterator[Source]:
        yield source

    monkeypatch.setattr(restore_drill, "server_of", server)
    monkeypatch.setattr(restore_drill, "tried", lambda *given: ["fill has 3 rows, its copy 2"])

    code = restore_drill.drill(Folder(tmp_path / "demo"))

    said = capsys.readouterr()
    assert code == 1
    assert json.loads(said.out) == {"profile": "demo", "running": False, "failed": ["fill has 3 rows, its copy 2"]}
    assert "fill has 3 rows, its copy 2" in said.err


def test_an_instance_that_is_not_there_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "known_folders", list)

    with pytest.raises(LocalProblem, match="nowhere holds no database. There are: none yet"):
        backups.chosen("nowhere", "backup")
    with pytest.raises(LocalProblem, match="make backup PROFILE=name"):
        backups.chosen(None, "backup")
