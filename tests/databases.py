"""New databases on the session's server: migrated once, copied as often as a test or a running site wants its own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from functools import cache
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]


@cache
def migrated() -> str:
    """The database that the others are copies of; nobody connects to it once it is made."""
    name = f"migrated_{uuid.uuid4().hex[:8]}"
    _create(f'CREATE DATABASE "{name}"')
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "POSTGRES_DB": name}, check=True, capture_output=True)
    return name


def fresh_database(name: str | None = None) -> str:
    """The name of a new database with every table and what migrations put into them."""
    name = name or f"dashboard_{uuid.uuid4().hex[:8]}"
    _create(f'CREATE DATABASE "{name}" TEMPLATE "{migrated()}"')
    return name


def _create(statement: str) -> None:
    with psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ["POSTGRES_PORT"],
        user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(statement)
