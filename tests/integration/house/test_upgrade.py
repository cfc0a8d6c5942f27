"""A database of an earlier release upgrades with `migrate` and keeps its books.

The sample was written by release 0.1.0 in its first minutes on the simulated exchange: signals, decisions, orders,
fills and ledger as they were stored. It is loaded into the schema that release had and taken to today's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backoffice.automation.code_figures import ROOT

SAMPLE = Path(__file__).parent / "samples" / "books_of_0_1_0.copy"
NAME = "books_of_before"
SCHEMA_THEN = {
    "alerts": "0002",
    "bus": "0002",
    "history": "0001",
    "marketdata": "0003",
    "signals_app": "0002",
    "execution": "0004",
    "risk": "0004",
}
# All in one process: each start of one takes longer than most migrations.
MIGRATE_TO_THEN = f"""
import django
django.setup()
from django.core.management import call_command
for app, migration in {SCHEMA_THEN!r}.items():
    call_command("migrate", app, migration, verbosity=0)
"""
KEPT = {"signal": 19, "decision": 21, '"order"': 7, "fill": 8, "ledger_entry": 17, "position": 4, "limit_version": 1}


def manage(*words: str) -> subprocess.CompletedProcess[str]:
    return python("manage.py", *words)


def python(*words: str) -> subprocess.CompletedProcess[str]:
    """A process of its own on the database of before."""
    env = {**os.environ, "POSTGRES_DB": NAME}
    command = [sys.executable, "-W", "ignore", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def connect(database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ["POSTGRES_PORT"],
        user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        dbname=database,
        autocommit=True,
    )


def load(connection: psycopg.Connection[tuple[object, ...]], text: str) -> None:
    """Play a file of COPY blocks, each ended by a line `\\.`."""
    for block in text.split("\\.\n"):
        head, _, rows = block.partition("\n")
        if head:
            with connection.cursor().copy(head.rstrip(";").encode()) as copy:
                copy.write(rows)


@pytest.fixture(scope="module")
def upgraded() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with connect(os.environ["POSTGRES_DB"]) as owner:
        owner.execute(f"CREATE DATABASE {NAME}")
    try:
        done = python("-c", MIGRATE_TO_THEN)
        assert done.returncode == 0, done.stderr
        with connect(NAME) as connection:
            load(connection, SAMPLE.read_text(encoding="utf-8"))
            done = manage("migrate", "--verbosity", "0")
            assert done.returncode == 0, done.stderr
            yield connection
    finally:
        with connect(os.environ["POSTGRES_DB"]) as owner:
            owner.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


@pytest.mark.parametrize(("table", "rows"), KEPT.items())
def test_no_row_is_lost(upgraded: psycopg.Connection[tuple[object, ...]], table: str, rows: int) -> None:
    found = upgraded.execute(f"SELECT count(*) FROM {table}").fetchone()

    assert found == (rows,)


@pytest.mark.usefixtures("upgraded")
def test_the_books_still_follow_from_the_fills() -> None:
    done = manage("rebuild_books", "--check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "the books equal the fills" in done.stdout


@pytest.mark.usefixtures("upgraded")
def test_every_old_decision_is_decided_again_the_same() -> None:
    done = manage("redecide", "--check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"checked": 21, "different": 0}


@pytest.mark.usefixtures("upgraded")
def test_the_audit_finds_nothing() -> None:
    done = manage("audit_books")

    assert done.returncode == 0, done.stdout + done.stderr
