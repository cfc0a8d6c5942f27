"""What happened stays: no role changes or deletes rows of the append-only tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from tests.integration import test_constraints as rows

pytestmark = pytest.mark.django_db
PLANTED: dict[str, Callable[[], Any]] = {
    "fill": rows.fill, "ledger_entry": rows.ledger, "trading_state_change": rows.state_change,
    "decision": rows.decision, "limit_version": rows.limits, "signal": rows.signal,
    "event": lambda: _event(),
}  # fmt: skip


def _event() -> Any:
    from cdb_site.bus.models import Event

    return Event.objects.create(
        event_id=rows.uuid4(),
        topic="t",
        schema_version="1.0",
        occurred_at=rows.NOW,
        producer="p",
        correlation_id=rows.uuid4(),
        payload={},
    )


@pytest.mark.parametrize("table", PLANTED)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_even_the_owner_changes_and_deletes_nothing(table: str, change: str) -> None:
    row = PLANTED[table]()
    column = row._meta.pk.column

    with pytest.raises(DatabaseError, match=f"{table} is append-only"), transaction.atomic():
        connection.cursor().execute(change.format(f'"{table}"', column, column))


def test_every_model_that_says_so_is_tested_and_has_its_trigger() -> None:
    declared = {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_append_only'")
        triggered = {name.strip('"') for (name,) in cursor.fetchall()}

    assert declared == triggered == set(PLANTED)
