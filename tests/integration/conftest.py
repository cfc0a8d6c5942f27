"""Fixtures of the tests on real servers: a topic of their own, and a quick way to an empty database.

Models are imported inside the fixtures: pytest reads this file before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import TransactionTestCase

from tests.emptying import empty_all_tables

if TYPE_CHECKING:
    from tests.integration.cdb_site.bus_fixtures import Gossip


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> Iterator[None]:
    """After a test with real commits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_all_tables())
        yield


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
