"""A database of an earlier version is upgraded with its rows kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)
OLD_EVENT = """
    INSERT INTO event (event_id, topic, schema_version, occurred_at, recorded_at, producer, correlation_id, payload)
    VALUES (%s, 'gossip', '1.0', now(), '2026-01-02', 'test', %s, '{}')"""


@pytest.fixture
def schema_at() -> Iterator[Callable[[str, str], None]]:
    """Take the database to a migration; afterwards it is taken to the newest.

    The order of rows on disk is what these migrations keep, so the tables have no room that other tests' deleted rows
    left: new rows would lie in it in any order.
    """
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE event, outbox CASCADE")

    def take(app: str, name: str) -> None:
        MigrationExecutor(connection).migrate([(app, name)])

    yield take
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_events_stored_before_keep_the_order_of_their_storing(schema_at: Callable[[str, str], None]) -> None:
    schema_at("bus", "0002_event_append_only")
    ids = [UUID(int=number) for number in (7, 3, 9, 1)]
    with connection.cursor() as cursor:
        for event_id in ids:
            cursor.execute(OLD_EVENT, [event_id, event_id])
            cursor.execute("INSERT INTO outbox (event_id) VALUES (%s)", [event_id])

    schema_at("bus", "0003_sequence_of_events")

    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id FROM event ORDER BY sequence")
        assert [row[0] for row in cursor.fetchall()] == ids
        cursor.execute("SELECT event_id FROM outbox ORDER BY sequence")
        assert [row[0] for row in cursor.fetchall()] == ids


def test_what_waited_to_be_sent_before_transactions_waited_together_still_does(
    schema_at: Callable[[str, str], None],
) -> None:
    schema_at("bus", "0004_retire_event")
    ids = [UUID(int=number) for number in (7, 3, 9)]
    with connection.cursor() as cursor:
        for event_id in ids:
            cursor.execute(OLD_EVENT, [event_id, event_id])
            cursor.execute("INSERT INTO outbox (event_id) VALUES (%s)", [event_id])

    schema_at("bus", "0005_outbox_of_transactions")

    with connection.cursor() as cursor:
        cursor.execute("SELECT event_ids FROM outbox ORDER BY sequence")
        assert [row[0] for row in cursor.fetchall()] == [[event_id] for event_id in ids]
        cursor.execute("DELETE FROM outbox")
        cursor.execute("INSERT INTO outbox (unit_id, event_ids) VALUES (gen_random_uuid(), %s::uuid[])", [ids])

    schema_at("bus", "0004_retire_event")

    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id FROM outbox ORDER BY sequence")
        assert [row[0] for row in cursor.fetchall()] == ids
