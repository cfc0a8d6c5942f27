"""`make restore-drill`: can the books be had back from a backup? Dumped, restored beside the original, and looked at.

    dump      pg_dump of one snapshot, which a running instance does not notice
    restore   into a second database of the same private server, dropped at the end
    equal     every table: as many rows, and the same rows (a sum of their hashes)
    audit     audit_books and rebuild_books --check hold there

The instance may run or be stopped; its servers are started for the drill then. Commands on the copy reach no Redis, so
that nothing of them is told to the original. One JSON line last; exit 1 with the differences otherwise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cdb_site import env
from cdb_site.clock import SYSTEM
from cdb_site.local import state
from cdb_site.local.account import server_account
from cdb_site.local.binaries import PostgresPrograms, find_postgres
from cdb_site.local.database import DATABASE
from cdb_site.local.folders import CHECKOUT, HOME, Folder, known_folders
from cdb_site.local.postgres import OWNER
from cdb_site.local.problems import LocalProblem
from cdb_site.local.servers import running_servers

COPY = "restore_drill"
COMMANDS = (("audit_books",), ("rebuild_books", "--check"))
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
CONTENT = "SELECT count(*), coalesce(sum(hashtextextended(this::text, 0)::numeric), 0) FROM {table} this"
Row = tuple[Any, ...]
# Table → (rows, sum of their hashes).
Contents = dict[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """The private server whose database is dumped."""

    port: int
    password: str
    programs: PostgresPrograms
    database: str = DATABASE

    def connect(self, database: str) -> psycopg.Connection[Row]:
        """A connection of the owner, in autocommit, which may idle while a dump is made."""
        connection: psycopg.Connection[Row] = psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, password=self.password, dbname=database, autocommit=True
        )
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        return connection

    def run(self, program: str, *words: str) -> None:
        """One of the server's client programs. Raises LocalProblem with what it says."""
        command = [self.programs.program(program), "-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER, *words]
        said = {**env.ambient(), "PGPASSWORD": self.password}
        done = subprocess.run(command, env=said, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise LocalProblem(f"{program} failed: {done.stderr.strip()}")


def chosen(profile: str | None) -> Folder:
    """The instance of this name; without one the only one that runs, or the only one there is. Raises LocalProblem."""
    kept = [folder for folder in known_folders() if not folder.is_temporary and _has_database(folder)]
    if profile:
        named = [folder for folder in kept if folder.name == profile]
        if not named:
            raise LocalProblem(f"{HOME / profile} holds no database. There are: {_names(kept)}.")
        return named[0]
    running = [folder for folder in kept if folder.lock().is_held()]
    for found in (running, kept):
        if len(found) == 1:
            return found[0]
    raise LocalProblem(f"say whose backup is tried: make restore-drill PROFILE=name. There are: {_names(kept)}.")


def _has_database(folder: Folder) -> bool:
    return any(place.is_dir() for place in folder.postgres_places())


def _names(folders: list[Folder]) -> str:
    return ", ".join(folder.name for folder in folders) or "none yet; `make demo` makes one"


def drill(folder: Folder) -> int:
    """Do all of it and tell what came of it; the exit code of a process."""
    told: dict[str, Any] = {"profile": folder.name}
    failed: list[str] = []
    try:
        with _server_of(folder, told) as source:
            failed += tried(source, folder, told)
    except (LocalProblem, psycopg.Error) as problem:
        failed.append(str(problem).strip())
    for failure in failed:
        print(f"restore-drill: {failure}", file=sys.stderr, flush=True)
    print(json.dumps(told | ({"failed": failed} if failed else {})), flush=True)
    return 1 if failed else 0


@contextmanager
def _server_of(folder: Folder, told: dict[str, Any]) -> Iterator[Source]:
    """The server as it runs, or started for as long as the drill takes."""
    programs, password = find_postgres(server_account()), folder.credentials().postgres_owner
    told["running"] = folder.lock().is_held()
    if not told["running"]:
        with running_servers(folder.path) as servers:
            assert servers.postgres is not None  # noqa: S101 - a folder's own
            yield Source(port=servers.postgres.port, password=password, programs=programs)
        return
    entries = {entry.name: entry for entry in state.read(folder).entries}
    port = entries["postgres"].port if "postgres" in entries else None
    if port is None:
        raise LocalProblem(f"{folder.name} uses a PostgreSQL of yours (POSTGRES_HOST): try its backup there.")
    yield Source(port=port, password=password, programs=programs)


def tried(source: Source, folder: Folder, told: dict[str, Any]) -> list[str]:
    """What does not hold of the copy."""
    dump = folder.path / f"{COPY}.dump"
    try:
        original = _dumped(source, dump, told)
        _restored(source, dump, told)
        with source.connect(COPY) as copy:
            restored = _contents(copy)
        failed = differences(original, restored)
        told |= {"tables": len(original), "rows": sum(rows for rows, _ in original.values())}
        for words in COMMANDS:
            code, said = _managed(source, folder, *words)
            told[words[0]] = said
            failed += [f"{' '.join(words)} ended with {code} on the copy: {said}"] if code else []
        return failed
    finally:
        dump.unlink(missing_ok=True)
        with suppress(psycopg.Error), source.connect("postgres") as owner:
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(COPY)))


def _dumped(source: Source, dump: Path, told: dict[str, Any]) -> Contents:
    """Dump the database; what it held at that very moment."""
    began_s = SYSTEM.monotonic_s()
    with source.connect(source.database) as original, original.transaction():
        original.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = original.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - it returns one
        os.close(os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        source.run("pg_dump", "-Fc", f"--snapshot={row[0]}", "-f", str(dump), source.database)
        told |= {"dump_s": round(SYSTEM.monotonic_s() - began_s, 2), "dump_bytes": dump.stat().st_size}
        return _contents(original)


def _restored(source: Source, dump: Path, told: dict[str, Any]) -> None:
    began_s = SYSTEM.monotonic_s()
    with source.connect("postgres") as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(COPY)))
        owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(COPY), sql.Identifier(OWNER)))
    source.run("pg_restore", "--exit-on-error", "-d", COPY, str(dump))
    told["restore_s"] = round(SYSTEM.monotonic_s() - began_s, 2)


def _contents(connection: psycopg.Connection[Row]) -> Contents:
    connection.execute("SET timezone = 'UTC'")
    found: Contents = {}
    for (table,) in connection.execute(TABLES).fetchall():
        row = connection.execute(sql.SQL(CONTENT).format(table=sql.Identifier(table))).fetchone()
        assert row is not None  # noqa: S101 - an aggregate returns one
        found[table] = (int(row[0]), int(row[1]))
    return found


def differences(original: Contents, restored: Contents) -> list[str]:
    """A sentence for each table that is not what it was."""
    said = []
    for table in sorted(original.keys() | restored.keys()):
        before, after = original.get(table), restored.get(table)
        if before is None or after is None:
            said.append(f"{table} is only in the {'copy' if before is None else 'original'}")
        elif before[0] != after[0]:
            said.append(f"{table} has {before[0]} rows, its copy {after[0]}")
        elif before != after:
            said.append(f"{table} and its copy differ in their rows")
    return said


def _managed(source: Source, folder: Folder, *words: str) -> tuple[int, str]:
    """(Exit code, last line) of a command on the copy."""
    values = {
        "ENV": "demo", "LOG_FORMAT": "plain", "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "cdb_site.settings",
        "DATA_DIR": str(folder.path), "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(source.port),
        "POSTGRES_DB": COPY, "POSTGRES_USER": OWNER, "POSTGRES_PASSWORD": source.password,
        # The discard port: nobody listens there.
        "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "9",
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "manage.py", *words]
    done = subprocess.run(  # noqa: S603
        command, cwd=CHECKOUT, env=env.ambient() | values, capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode, lines[-1] if lines else ""
