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
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cdb_site import env
from cdb_site.clock import SYSTEM
from cdb_site.local.backups import TABLES, Row, Source, server_of
from cdb_site.local.folders import CHECKOUT, Folder
from cdb_site.local.postgres import OWNER
from cdb_site.local.problems import LocalProblem

COPY = "restore_drill"
COMMANDS = (("audit_books",), ("rebuild_books", "--check"))
CONTENT = "SELECT count(*), coalesce(sum(hashtextextended(this::text, 0)::numeric), 0) FROM {table} this"
# Table → (rows, sum of their hashes).
Contents = dict[str, tuple[int, int]]


def drill(folder: Folder) -> int:
    """Do all of it and tell what came of it; the exit code of a process."""
    told: dict[str, Any] = {"profile": folder.name}
    failed: list[str] = []
    try:
        told["running"] = folder.lock().is_held()
        with server_of(folder) as source:
            failed += tried(source, folder, told)
    except (LocalProblem, psycopg.Error) as problem:
        failed.append(str(problem).strip())
    for failure in failed:
        print(f"restore-drill: {failure}", file=sys.stderr, flush=True)
    print(json.dumps(told | ({"failed": failed} if failed else {})), flush=True)
    return 1 if failed else 0


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
        source.dump(dump, f"--snapshot={row[0]}")
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
