"""The services' database role: reads and writes rows, changes nothing append-only, creates nothing."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cdb_site.local.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)
APPEND_ONLY = ["fill", "event", "ledger_entry", "decision", "limit_version", "trading_state_change", "signal"]


@pytest.fixture
def app_role(servers: Servers) -> Iterator[psycopg.Connection]:
    """A connection of the services' role to the test database, rights granted."""
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO cdb_app')
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    call_command("grant_app_role", verbosity=0)
    with psycopg.connect(
        host=servers.host, port=servers.postgres.port, dbname=name, user="cdb_app",
        password=servers.credentials.postgres_app, autocommit=True,
    ) as session:  # fmt: skip
        yield session


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ['DELETE FROM "{}"', 'UPDATE "{}" SET {} = {}', 'TRUNCATE "{}"'])
def test_append_only_tables_are_closed_to_it(app_role: psycopg.Connection, table: str, statement: str) -> None:
    column = {"decision": "symbol", "event": "topic", "signal": "symbol", "fill": "symbol"}.get(table, "changed_by")
    column = "kind" if table == "ledger_entry" else column

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_role.execute(statement.format(table, column, column))


@pytest.mark.parametrize("statement", [
    "CREATE TABLE mine (id int)", "DROP TABLE fill", "ALTER TABLE fill DISABLE TRIGGER ALL", "CREATE SCHEMA mine",
    "CREATE ROLE friend", "ALTER TABLE account DROP CONSTRAINT account_cash_not_negative",
    "SET session_replication_role = replica", "INSERT INTO django_migrations VALUES (0, 'a', 'b', now())",
])  # fmt: skip
def test_it_changes_no_structure_and_lifts_no_guard(app_role: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_role.execute(statement)


def test_it_does_its_daily_work(app_role: psycopg.Connection) -> None:
    app_role.execute("INSERT INTO account (account, quote_asset, cash, realized_pnl, fees, version)"
                     " VALUES ('a', 'USDT', 1, 0, 0, 1)")  # fmt: skip
    app_role.execute("UPDATE account SET cash = 2 WHERE account = 'a'")
    app_role.execute("INSERT INTO ledger_entry (account_id, kind, amount, capital, occurred_at)"
                     " VALUES ('a', 'DEPOSIT', 2, -2, now())")  # fmt: skip
    app_role.execute("DELETE FROM outbox")

    assert app_role.execute("SELECT cash FROM account").fetchone() == (2,)


def test_an_unknown_role_is_named_with_the_remedy() -> None:
    with pytest.raises(CommandError, match="no database role 'nobody_here'"):
        call_command("grant_app_role", "--role", "nobody_here", stdout=StringIO())


def test_a_role_does_not_grant_to_itself() -> None:
    with pytest.raises(CommandError, match="run this as the owner"):
        call_command("grant_app_role", "--role", "admin", stdout=StringIO())
