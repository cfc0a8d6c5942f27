"""What the services' database role may do, table by table."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from cdb_site.management.commands.grant_app_role import append_only_tables

pytestmark = pytest.mark.django_db


def attempt(statement: str) -> str | None:
    """Run one statement as the services' role; the error it met, None when it is allowed."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE cdb_app")
            cursor.execute(statement)
            cursor.execute("RESET ROLE")
    except ProgrammingError as problem:
        return str(problem)
    return None


def test_the_history_of_the_books_is_append_only() -> None:
    tables = append_only_tables()

    assert {"decision", "event", "fill", "ledger_entry", "limit_version", "trading_state_change"} <= set(tables)


def test_the_role_adds_to_append_only_tables_but_never_changes_them() -> None:
    call_command("grant_app_role", verbosity=0)

    for table in append_only_tables():
        assert attempt(f'SELECT count(*) FROM "{table}"') is None, table
        for statement in (f'DELETE FROM "{table}"', f'TRUNCATE "{table}"'):
            assert "permission denied" in str(attempt(statement)), statement


def test_the_role_changes_rows_of_other_tables() -> None:
    call_command("grant_app_role", verbosity=0)

    assert attempt("DELETE FROM django_session") is None
    assert "permission denied" in str(attempt("DELETE FROM django_migrations"))
    assert "permission denied" in str(attempt("CREATE TABLE own (n int)"))


def test_granting_again_changes_nothing() -> None:
    call_command("grant_app_role", verbosity=0)
    call_command("grant_app_role", verbosity=0)

    assert attempt("SELECT 1 FROM django_session") is None


def test_an_unknown_role_is_named() -> None:
    with pytest.raises(CommandError, match="no database role 'nobody_here'"):
        call_command("grant_app_role", role="nobody_here")


def test_the_role_cannot_grant_itself_anything() -> None:
    with pytest.raises(CommandError, match="as the owner"):
        call_command("grant_app_role", role="admin")
