"""Fixtures of the tests on real servers: a topic of their own, and a database whose commits are real.

Models are imported inside the fixtures: pytest reads this file before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db import connection

if TYPE_CHECKING:
    from tests.integration.bus_fixtures import Gossip

APPS = ("bus", "alerts", "marketdata", "signals_app", "execution", "risk")


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database for tests whose commits must be real; our tables are emptied afterwards, triggers aside.

    DELETE of a few rows is a hundred times quicker than the TRUNCATE of all tables that `transaction=True` does.
    """
    with django_db_blocker.unblock():
        yield
        tables = [model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()]
        with connection.cursor() as cursor:
            deletes = "".join(f'DELETE FROM "{table}";' for table in tables)
            cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} COMMIT")
        connection.close()


@pytest.fixture
def gossip(valkey: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gossip]:
    from cdb_site.bus import schema
    from cdb_site.bus.topics import TOPICS, Topic, register
    from tests.integration.bus_fixtures import PAYLOAD, Gossip

    monkeypatch.setattr("cdb_site.bus.consumer.BLOCK_MS", 20)
    register(Topic(name="gossip", producers=("test",), consumers=("listener",)))
    schema.define("gossip", PAYLOAD)
    yield Gossip(client=valkey)
    del TOPICS["gossip"]
    schema._defined.pop("gossip")
    schema.payload_validator.cache_clear()
