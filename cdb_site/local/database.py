"""The roles and the database inside a PostgreSQL of ours; safe to run at every start.

`admin` owns everything and runs the migrations. `cdb_app`, whom the services are, may read and write rows but
creates nothing; what it may not change (fills, ledger, events) is taken from it by `manage.py grant_app_role`.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from cdb_site.local.postgres import OWNER, PostgresServer

DATABASE = "claire_de_binare"
APP_ROLE = "cdb_app"


def prepare(server: PostgresServer, app_password: str) -> None:
    """Create role and database unless they exist, and set the app role's password and default rights."""
    with server.connect() as connection:
        _create_role(connection, app_password)
        _create_database(connection)
    with server.connect(DATABASE) as connection:
        _limit_app_role(connection)


def _create_role(connection: psycopg.Connection[tuple[object, ...]], password: str) -> None:
    role = sql.Identifier(APP_ROLE)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))


def _create_database(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        )


def _limit_app_role(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    names = {"database": sql.Identifier(DATABASE), "role": sql.Identifier(APP_ROLE), "owner": sql.Identifier(OWNER)}
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        # Bulk upserts go through temporary tables, which are no part of the schema.
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
