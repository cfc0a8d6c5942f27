"""Fixtures of the tests on real servers: a topic of their own, and a quick way to an empty database.

Models are imported inside the fixtures: pytest reads this file before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

if TYPE_CHECKING:
    from tests.integration.cdb_site.bus_fixtures import Gossip

KEPT = ("django_migrations", "django_content_type", "auth_permission")


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> Iterator[None]:
    """After a test with real commits, DELETE its few rows: TRUNCATE of all tables takes a second, this some ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_all_tables)
        yield


def _empty_all_tables(_: TransactionTestCase) -> None:
    tables = [table for table in connection.introspection.django_table_names() if table not in KEPT]
    deletes = "".join(f'DELETE FROM "{table}";' for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} COMMIT")


@pytest.fixture
def gossip(valkey: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gossip]:
    from cdb_site.bus import schema
    from cdb_site.bus.topics import TOPICS, Topic, register
    from tests.integration.cdb_site.bus_fixtures import PAYLOAD, Gossip

    monkeypatch.setattr("cdb_site.bus.consumer.BLOCK_MS", 20)
    register(Topic(name="gossip", producers=("test",), consumers=("listener",)))
    schema.define("gossip", PAYLOAD)
    yield Gossip(client=valkey)
    del TOPICS["gossip"]
    schema._defined.pop("gossip")
    schema.payload_validator.cache_clear()
