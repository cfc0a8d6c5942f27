"""What happened stays: no role changes or deletes rows of the append-only tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, connection, transaction

from tests.integration.house import notification_rows, rows, tape_rows, venue_rows

pytestmark = pytest.mark.django_db
PLANTED: dict[str, Callable[[], Any]] = {
    "fill": rows.fill, "ledger_entry": rows.ledger, "trading_state_change": rows.state_change,
    "account_reset": rows.new_start, "venue_baseline": venue_rows.venue_baseline,
    "live_trading": venue_rows.live_step, "mode_change": venue_rows.mode_row,
    "decision": rows.decision, "limit_version": rows.limits, "signal": rows.signal,
    "violation_acknowledgement": rows.acknowledgement,
    "round_trip": rows.round_trip,
    "daily_report": rows.daily_report,
    "instrument_rules": tape_rows.instrument_rules,
    "event": lambda: _event(),
    "books_market": lambda: _claimed(),
    "risk_breakerhistory": lambda: _history("risk", "BreakerHistory", rows.breaker),
    "risk_limitversionhistory": lambda: _history("risk", "LimitVersionHistory", rows.limits),
    "risk_operatoracthistory": lambda: _history("risk", "OperatorActHistory", rows.operator_act),
    "risk_proposalhistory": lambda: _history("risk", "ProposalHistory", rows.proposal),
    "execution_tradingstatehistory": lambda: _history("execution", "TradingStateHistory", rows.state_change),
    "execution_livetradinghistory": lambda: _history("execution", "LiveTradingHistory", venue_rows.live_step),
    "history_userhistory": lambda: _history("history", "UserHistory", _member),
    "history_grouphistory": lambda: _history("history", "GroupHistory", _member),
    "history_membershiphistory": lambda: _history("history", "MembershipHistory", _member),
    "notifications_channelhistory": lambda: _history(
        "notifications", "ChannelHistory", notification_rows.alert_channel
    ),
    "notifications_telegramchathistory": lambda: _history(
        "notifications", "TelegramChatHistory", notification_rows.telegram_chat
    ),
    "history_grouppermissionhistory": lambda: _history("history", "GroupPermissionHistory", _member),
}  # fmt: skip


def _history(app: str, model: str, plant: Callable[[], Any]) -> Any:
    """The history row that planting a row has left."""
    plant()
    return apps.get_model(app, model).objects.first()


def _member() -> None:
    group = Group.objects.create(name="admins")
    group.permissions.add(Permission.objects.all()[0])
    User.objects.create_user("anna").groups.add(group)


def _claimed() -> Any:
    from cdb_site.bus.models import BooksMarket

    return BooksMarket.objects.create(market="MEXC")


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
