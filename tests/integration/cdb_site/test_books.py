"""Books of one market: whoever starts for another is refused, the set-up and the services alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, transaction

from backoffice.automation.code_figures import ROOT
from cdb_site.bus import books
from cdb_site.bus.models import BooksMarket
from execution.models import Account

pytestmark = pytest.mark.django_db


def started(folder: Path, *words: str, **settings_of_it: str) -> subprocess.CompletedProcess[str]:
    """A program of the project on this database."""
    named = ("PATH", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_PASSWORD", "REDIS_HOST", "REDIS_PORT")
    environ = {
        **{name: os.environ[name] for name in named if name in os.environ},
        "POSTGRES_DB": str(connection.settings_dict["NAME"]), "POSTGRES_USER": str(connection.settings_dict["USER"]),
        "REDIS_PASSWORD": settings.ENVIRONMENT.REDIS_PASSWORD, "ENV": "demo", "DATA_DIR": str(folder),
        **settings_of_it,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


def test_opening_the_account_writes_down_whose_books_these_are() -> None:
    call_command("open_account", verbosity=0)

    assert BooksMarket.objects.get().market == settings.ENVIRONMENT.MARKET
    call_command("open_account", verbosity=0)
    books.check(settings.ENVIRONMENT.MARKET)


def test_books_of_another_market_are_not_opened_and_nothing_is_stored() -> None:
    books.claim("ELSEWHERE")

    with pytest.raises(CommandError, match=r"books in this database are of MARKET=ELSEWHERE.* a database of its own"):
        call_command("open_account", verbosity=0)
    assert not Account.objects.exists()


def test_books_that_nobody_claimed_are_anybodys() -> None:
    books.check("MEXC")
    books.check("SIMULATED")


def test_whose_they_are_is_never_changed() -> None:
    books.claim("MEXC")

    for act in (lambda: BooksMarket.objects.update(market="SIMULATED"), lambda: BooksMarket.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    with pytest.raises(DatabaseError, match="books_of_one_market"), transaction.atomic():
        BooksMarket.objects.create(single=False, market="SIMULATED")


def test_a_service_starts_when_the_database_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(market: str) -> None:
        raise OperationalError("server is away")

    monkeypatch.setattr(books, "check", away)
    monkeypatch.setattr(connection, "close", lambda: None)

    books.check_at_start("MEXC")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "words",
    [
        ("-m", "celery", "-q", "-A", "celery_app", "worker", "-P", "solo", "--service", "ws", "-Q", "ws"),
        ("manage.py", "run_dashboard", "--port", "18999"),
        ("manage.py", "set_up"),
    ],
    ids=["worker", "dashboard", "set-up"],
)
def test_a_program_started_for_another_market_ends_with_the_reason_in_its_log(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    books.claim("SIMULATED")

    done = started(tmp_path, *words, MARKET="MEXC")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stdout + done.stderr
    assert any("MARKET=SIMULATED, and MARKET=MEXC is set" in json.dumps(line) for line in lines)
    assert "Traceback" not in done.stderr


@pytest.mark.django_db(transaction=True)
def test_the_set_up_says_all_it_says_in_lines_of_json(tmp_path: Path) -> None:
    done = started(tmp_path, "manage.py", "set_up")

    said = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.partition(":")[0] for line in said} == {
        "migrate", "grant_app_role", "open_account", "seed_limits", "set up",
    }  # fmt: skip
