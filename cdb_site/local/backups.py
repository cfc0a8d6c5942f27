"""A backup of an instance as files, and an instance made from them: `make backup`, `make restore`.

    claire.dump         pg_dump of one snapshot, which a running instance does not notice
    paper_venue.jsonl   what the paper venue ever answered, copied afterwards, so that it knows all that the books know
    mexc_sim.json       of a demo: the time in its market; mexc_sim_trading.jsonl: what its accounts did there

A backup is written under a name with .partial and renamed last. Redis holds nothing that is not sent again.

Keep a backup like a password. It holds no password of a server, of which a restored instance makes its own, and those
of people only as hashes; but the channels' addresses with the passwords in them, and the keys of second factors, lie in
the dump in the clear.

Restoring never writes over books that are there, and brings all of them or none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from cdb_site import env
from cdb_site.clock import SYSTEM
from cdb_site.local import state
from cdb_site.local.account import server_account
from cdb_site.local.binaries import PostgresPrograms, find_postgres
from cdb_site.local.database import DATABASE
from cdb_site.local.folders import HOME, Folder, known_folders
from cdb_site.local.postgres import OWNER
from cdb_site.local.problems import LocalProblem
from cdb_site.local.servers import Servers, running_servers

DUMP = "claire.dump"
JOURNAL = "paper_venue.jsonl"
BESIDE = (JOURNAL, "mexc_sim.json", "mexc_sim_trading.jsonl")
PARTIAL = ".partial"
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A private server and the database in it that is meant."""

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

    def dump(self, to: Path, *options: str) -> None:
        """Write the database into this file, which its owner alone may read."""
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        self.run("pg_dump", "-Fc", *options, "-f", str(to), self.database)


def source_of(servers: Servers) -> Source:
    assert servers.postgres is not None  # noqa: S101 - a folder's own
    return Source(
        port=servers.postgres.port, password=servers.credentials.postgres_owner, programs=servers.postgres.programs
    )


@contextmanager
def server_of(folder: Folder) -> Iterator[Source]:
    """The instance's server as it runs, or started for as long as the block takes. Raises LocalProblem."""
    if not folder.lock().is_held():
        with running_servers(folder.path) as servers:
            yield source_of(servers)
        return
    entries = {entry.name: entry for entry in state.read(folder).entries}
    port = entries["postgres"].port if "postgres" in entries else None
    if port is None:
        raise LocalProblem(f"{folder.name} uses a PostgreSQL of yours (POSTGRES_HOST): pg_dump it there.")
    yield Source(port=port, password=folder.credentials().postgres_owner, programs=find_postgres(server_account()))


def chosen(profile: str | None, what: str) -> Folder:
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
    raise LocalProblem(f"say of which instance: make {what} PROFILE=name. There are: {_names(kept)}.")


def _has_database(folder: Folder) -> bool:
    return any(place.is_dir() for place in folder.postgres_places())


def _names(folders: list[Folder]) -> str:
    return ", ".join(folder.name for folder in folders) or "none yet; `make demo` makes one"


def back_up(folder: Folder, to: Path) -> Path:
    """Write a backup of the instance into a new folder within `to`; returns that folder."""
    began = datetime.fromtimestamp(SYSTEM.wall_s(), UTC)
    place = to / f"{folder.name}-{began:%Y%m%dT%H%M%SZ}"
    partial = place.with_name(f".{place.name}{PARTIAL}")
    if place.exists():
        raise LocalProblem(f"{place} is there already. Try again in a second, or name another folder: TO=folder.")
    try:
        partial.mkdir(mode=0o700, parents=True)
    except OSError as problem:
        raise LocalProblem(f"{place} cannot be made ({problem.strerror}). Name another folder: TO=folder.") from problem
    try:
        with server_of(folder) as source:
            source.dump(partial / DUMP)
        (partial / JOURNAL).touch(mode=0o600)  # An instance that has never sent an order has none.
        _copy_beside(folder.path, partial)
        partial.rename(place)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return place


def _copy_beside(there: Path, here: Path) -> None:
    for name in BESIDE:
        if (there / name).exists():
            shutil.copyfile(there / name, here / name)
            (here / name).chmod(0o600)


def restore(backup: Path, folder: Folder) -> None:
    """Make the instance from a backup. Raises LocalProblem where there is no whole one, or where books are already."""
    _check_whole(backup)
    if folder.lock().is_held():
        raise LocalProblem(f"{folder.name} is running. Stop it with `make down`, or name another PROFILE.")
    folder.create()
    with running_servers(folder.path) as servers:
        source = source_of(servers)
        with source.connect(DATABASE) as owner:
            if owner.execute(TABLES).fetchone() is not None:
                raise LocalProblem(
                    f"{folder.path} holds books already, and nothing is written over. Move that folder away, or name "
                    "another PROFILE."
                )
        _bring(backup, folder, source)


def _check_whole(backup: Path) -> None:
    if backup.name.endswith(PARTIAL):
        raise LocalProblem(f"FROM: {backup} was cut off while it was made. Name a folder without {PARTIAL}.")
    if not (backup / DUMP).is_file():
        raise LocalProblem(f"FROM: {backup} holds no {DUMP}. Name a folder that `make backup` has made.")
    if not (backup / JOURNAL).is_file():
        raise LocalProblem(
            f"FROM: {backup} holds no {JOURNAL}, which the books need. Name a whole backup; of an instance that has "
            "never sent an order, put an empty file of that name there."
        )


def _bring(backup: Path, folder: Folder, source: Source) -> None:
    """The journal first: books that are there without it would be traded on. A failure leaves neither."""
    try:
        _copy_beside(backup, folder.path)
        source.run("pg_restore", "--single-transaction", "--exit-on-error", "-d", DATABASE, str(backup / DUMP))
    except BaseException:
        for name in BESIDE:
            (folder.path / name).unlink(missing_ok=True)
        raise
