"""`manage.py grant_app_role`: what the services' database role may do with each table.

It reads and writes rows, and creates nothing. On append-only tables (models with `append_only = True`: fills,
ledger, decisions, events) it may add and read, never change or delete; the migration history it only reads.
Run it as the database's owner after every migration; running it again changes nothing.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

EVERYTHING = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role}",
)
# What the services may call and not do themselves.
FUNCTIONS = ("GRANT EXECUTE ON FUNCTION retire_event(timestamptz, integer) TO {role}",)
APPEND_ONLY = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}")
READ_ONLY = sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {role}")


def append_only_tables() -> list[str]:
    """Names of the tables whose rows are never changed, in alphabetical order."""
    return sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False))


class Command(BaseCommand):
    help = "Grant the services' database role its rights; append-only tables stay append-only for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", default="cdb_app", help="the role of the services (default: cdb_app)")

    def handle(self, *, role: str, verbosity: int, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            self._check(cursor, role)
            names = {"role": sql.Identifier(role)}
            for statement in EVERYTHING + FUNCTIONS:
                cursor.execute(sql.SQL(statement).format(**names))
            closed = append_only_tables()
            for table in closed:
                cursor.execute(APPEND_ONLY.format(table=sql.Identifier(table), **names))
            history = sql.Identifier(MigrationRecorder.Migration._meta.db_table)
            cursor.execute(READ_ONLY.format(table=history, **names))
        if verbosity:
            self.stdout.write(f"{role}: all tables granted, {len(closed)} of them append-only")

    @staticmethod
    def _check(cursor: Any, role: str) -> None:
        cursor.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        current, exists = cursor.fetchone()
        if not exists:
            raise CommandError(f"no database role {role!r}. Create it (CREATE ROLE {role} LOGIN) or use --role.")
        if current == role:
            raise CommandError(f"connected as {role} itself: run this as the owner (POSTGRES_USER=admin).")
