"""New databases on the session's server: copies of the migrated one, as often as a test or a site wants its own."""

from __future__ import annotations

import os
import uuid

import psycopg

from tests.clusters import MIGRATED


def fresh_database(name: str | None = None) -> str:
    """The name of a new database with every table and what migrations put into them."""
    name = name or f"dashboard_{uuid.uuid4().hex[:8]}"
    _say(f'CREATE DATABASE "{name}" TEMPLATE "{MIGRATED}"')
    return name


def _say(statement: str) -> None:
    with psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ["POSTGRES_PORT"],
        user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(statement)
