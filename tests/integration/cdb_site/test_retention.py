"""What is kept for a time only ends in portions; what proves the books, and what is recent or open, stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from cdb_site import retention
from cdb_site.alerts.models import Alert
from cdb_site.bus import tasks
from cdb_site.bus.models import DeadLetter, DeliveryAttempt, Event, Outbox
from cdb_site.local.servers import Servers
from risk.models import AuditRun, EquitySnapshot
from signals_app.models import Evaluation

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)
PROOFS = {
    "ledger_entry", "fill", "order", "account", "position", "decision", "signal", "limit_version",
    "trading_state_change", "breaker", "close_out", "proposal", "day_opening",
}  # fmt: skip


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def plant_event(*, age_days: float, waiting: bool = False) -> str:
    event_id = uuid4()
    Event.objects.create(
        event_id=event_id, topic="gossip", schema_version="1.0", occurred_at=NOW, recorded_at=days_ago(age_days),
        producer="test", correlation_id=event_id, payload={},
    )  # fmt: skip
    if waiting:
        Outbox.objects.create(unit_id=uuid4(), event_ids=[uuid4(), event_id])
    return str(event_id)


def plant_snapshots(*taken_at: datetime) -> None:
    for moment in taken_at:
        EquitySnapshot.objects.create(account="a", taken_at=moment, equity=1, cash=1, exposure=Decimal(0))


def test_old_events_end_and_recent_or_unsent_ones_stay() -> None:
    plant_event(age_days=15)
    kept = {plant_event(age_days=13), plant_event(age_days=15, waiting=True)}

    assert tasks.retire_rows() == 1

    assert {str(row.event_id) for row in Event.objects.all()} == kept


def test_a_great_many_rows_end_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PORTION", 2)
    monkeypatch.setattr(retention, "PORTIONS_MAX", 3)
    pauses: list[None] = []
    for _ in range(9):
        plant_event(age_days=15)

    first = retention.retire_rows(lambda: pauses.append(None))
    second = retention.retire_rows(lambda: pauses.append(None))

    assert (first, second, len(pauses)) == (6, 3, 4)


def test_equity_is_thinned_to_minutes_and_then_to_hours() -> None:
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    recent = [start + timedelta(seconds=5 * number) for number in range(3)]
    of_minutes = [start - timedelta(days=3) + timedelta(seconds=25 * number) for number in range(6)]
    of_hours = [start - timedelta(days=40) + timedelta(minutes=25 * number) for number in range(6)]
    plant_snapshots(*recent, *of_minutes, *of_hours)

    tasks.retire_rows()

    left = set(EquitySnapshot.objects.values_list("taken_at", flat=True))
    assert left & set(recent) == set(recent)
    assert left & set(of_minutes) == {of_minutes[2], of_minutes[4], of_minutes[5]}
    assert left & set(of_hours) == {of_hours[2], of_hours[4], of_hours[5]}


def test_alerts_letters_and_attempts_end_when_they_are_settled_and_old() -> None:
    for state, at in (("CLOSED", days_ago(91)), ("CLOSED", days_ago(89)), ("RAISED", None)):
        Alert.objects.create(
            code="FEED_SILENT", level="CRITICAL", state=state, source="t", key=str(uuid4()), closed_at=at,
            raised_at=days_ago(91),
        )  # fmt: skip
    for number, state in enumerate(("RETRIED", "OPEN", "PARKED")):
        DeadLetter.objects.create(
            topic="t", group="g", entry_id=str(number), body="", error="", state=state, created_at=days_ago(91)
        )
    for age in (15, 13):
        DeliveryAttempt.objects.create(topic="t", group="g", entry_id=str(age), attempts=1, last_at=days_ago(age))

    tasks.retire_rows()

    assert sorted(Alert.objects.values_list("state", flat=True)) == ["CLOSED", "RAISED"]
    assert sorted(DeadLetter.objects.values_list("state", flat=True)) == ["OPEN", "PARKED"]
    assert list(DeliveryAttempt.objects.values_list("entry_id", flat=True)) == ["13"]


def test_of_clean_audits_a_day_keeps_its_last_and_one_that_found_something_stays() -> None:
    noon = days_ago(9).replace(hour=12, minute=0)
    for minutes, violations in ((0, 0), (1, 3), (2, 0), (3, 0)):
        AuditRun.objects.create(ran_at=noon + timedelta(minutes=minutes), violations=violations, duration_ms=1)

    tasks.retire_rows()

    left = AuditRun.objects.order_by("ran_at").values_list("ran_at", "violations")
    assert list(left) == [(noon + timedelta(minutes=1), 3), (noon + timedelta(minutes=3), 0)]


def test_evaluations_that_found_nothing_end_but_the_newest() -> None:
    for number, signals in enumerate((0, 1, 0)):
        Evaluation.objects.create(
            interval="1m", open_time=days_ago(40) + timedelta(minutes=number), evaluated_at=days_ago(40), complete=True,
            late=False, universe_size=1, candles=1, signals=signals,
        )  # fmt: skip

    tasks.retire_rows()

    assert list(Evaluation.objects.order_by("open_time").values_list("signals", flat=True)) == [1, 0]


def test_no_rule_touches_what_proves_the_books() -> None:
    ruled = {rule.table for rule in retention.RULES}
    append_only = {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}

    assert not ruled & (PROOFS | append_only)


def test_the_owner_deletes_no_event_and_the_function_none_of_the_last_week() -> None:
    plant_event(age_days=15)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.all().delete()
    with pytest.raises(DatabaseError, match="last 7 days stay"), connection.cursor() as cursor:
        cursor.execute("SELECT retire_event(now() - interval '6 days', 10)")

    assert Event.objects.count() == 1


def test_the_services_role_retires_what_is_old_and_nothing_else(servers: Servers) -> None:
    plant_event(age_days=15)
    recent = plant_event(age_days=1)
    name: Any = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO cdb_app')
    call_command("grant_app_role", verbosity=0)
    assert servers.postgres is not None
    with psycopg.connect(
        host=servers.host, port=servers.postgres.port, dbname=name, user="cdb_app",
        password=servers.credentials.postgres_app, autocommit=True,
    ) as session:  # fmt: skip
        gone = session.execute("SELECT retire_event(now() - interval '8 days', 10)").fetchone()
        session.execute("SELECT set_config('cdb.retiring', 'event', false)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM event")

    assert gone == (1,)
    assert [str(row.event_id) for row in Event.objects.all()] == [recent]
