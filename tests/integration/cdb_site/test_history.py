"""History by triggers: bulk updates and raw SQL are in it, with who did it, and nobody changes it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from cdb_site.history.middleware import attach
from cdb_site.local.servers import Servers
from execution.models import TradingStateChange
from risk.models import Breaker, LimitVersion
from risk.roles import keep_groups
from tests.builders import open_paper_account, set_limits
from tests.integration.house.rows import breaker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def history(app: str, model: str) -> list[tuple[str, Any]]:
    """(what happened, the row's key) of a history table, oldest first."""
    rows = apps.get_model(app, model).objects.order_by("pgh_id")
    return [(row.pgh_label, row.pgh_obj_id) for row in rows]


def test_a_bulk_update_of_breakers_is_in_the_history() -> None:
    first = breaker()

    Breaker.objects.filter(kind="SLIPPAGE").update(observed=7)

    assert history("risk", "BreakerHistory") == [("insert", first.pk), ("update", first.pk)]


def test_raw_sql_is_in_the_history() -> None:
    row = breaker()

    with connection.cursor() as cursor:
        cursor.execute("UPDATE breaker SET observed = 9")
        cursor.execute("DELETE FROM breaker")

    assert [label for label, _ in history("risk", "BreakerHistory")] == ["insert", "update", "delete"]
    assert apps.get_model("risk", "BreakerHistory").objects.filter(pgh_obj_id=row.pk, observed=9).count() == 2


def test_every_version_of_the_limits_and_every_trading_state_is_in_the_history() -> None:
    open_paper_account()
    set_limits(max_exposure_pct="0.4")

    assert len(history("risk", "LimitVersionHistory")) == LimitVersion.objects.count() == 2
    assert len(history("execution", "TradingStateHistory")) == TradingStateChange.objects.count() == 1


def test_rights_given_and_taken_are_in_the_history_and_password_hashes_are_not() -> None:
    user, group = User.objects.create_user("anna", password="not used here"), Group.objects.create(name="admins")

    user.groups.add(group)
    user.groups.clear()
    User.objects.filter(pk=user.pk).update(is_superuser=True)

    assert [label for label, _ in history("history", "MembershipHistory")] == ["insert", "delete"]
    tracked = apps.get_model("history", "UserHistory")
    assert list(tracked.objects.order_by("pgh_id").values_list("is_superuser", flat=True)) == [False, True]
    assert "password" not in {field.name for field in tracked._meta.get_fields()}


def test_who_acts_is_named_by_the_transaction() -> None:
    with transaction.atomic():
        attach(by="anna", where="/admin/")
        breaker()

    row = apps.get_model("risk", "BreakerHistory").objects.get()
    assert row.pgh_context.metadata == {"by": "anna", "where": "/admin/"}


def test_a_request_names_its_user(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))

    keep_groups()
    said = "a-long-enough-password-7"
    person = {"username": "bert", "usable_password": "true", "password1": said, "password2": said, "role": "viewer"}
    client.post("/admin/auth/user/add/", person)

    row = apps.get_model("history", "UserHistory").objects.filter(username="bert").latest("pgh_id")
    assert row.pgh_context.metadata["by"] == "anna"


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET pgh_label = 'nothing'", "TRUNCATE {}"])
def test_the_services_role_cannot_rewrite_history(servers: Servers, statement: str) -> None:
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO cdb_app')
    call_command("grant_app_role", verbosity=0)
    table = apps.get_model("risk", "LimitVersionHistory")._meta.db_table

    with (
        psycopg.connect(
            host=servers.host, port=servers.postgres.port, dbname=name, user="cdb_app",
            password=servers.credentials.postgres_app, autocommit=True,
        ) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):  # fmt: skip
        session.execute(statement.format(table))
