"""The embedded servers: rights, recovery after their owner was killed, data kept, nothing left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
import yaml

from cdb_site.clock import SYSTEM
from cdb_site.local import database, processes
from cdb_site.local.folders import CHECKOUT, Folder, temporary_folder
from cdb_site.local.postgres import PostgresServer
from cdb_site.local.problems import LocalProblem
from cdb_site.local.servers import Servers, running_servers
from cdb_site.local.valkey import MEMORY_MB
from tests.clusters import hand_over

OWNER_PROGRAM = """
import sys, pathlib
from cdb_site.local.servers import running_servers
with running_servers(pathlib.Path(sys.argv[1])) as servers:
    print(servers.postgres.pid, servers.valkey.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def between_tests() -> Iterator[Folder]:
    with temporary_folder("local-kept") as kept:
        yield kept


@pytest.fixture
def folder(between_tests: Folder) -> Iterator[Folder]:
    """A new one, with the cluster that the first test made: making one costs more than most of these tests."""
    with temporary_folder("local-test") as made:
        hand_over(between_tests, made)
        yield made
        hand_over(made, between_tests)


@pytest.fixture
def spoiled() -> Iterator[Folder]:
    """Whose data nobody uses after this test."""
    with temporary_folder("local-test") as made:
        yield made


def postgres_of(servers: Servers) -> PostgresServer:
    assert servers.postgres is not None
    return servers.postgres


def as_app(servers: Servers) -> psycopg.Connection[tuple[object, ...]]:
    env = servers.env
    return psycopg.connect(
        host=env["POSTGRES_HOST"],
        port=int(env["POSTGRES_PORT"]),
        user=env["POSTGRES_USER"],
        password=env["POSTGRES_PASSWORD"],
        dbname=env["POSTGRES_DB"],
        autocommit=True,
    )


def test_the_servers_keep_their_promises(servers: Servers) -> None:
    settings = {"fsync": "on", "synchronous_commit": "on", "listen_addresses": "127.0.0.1"}
    settings |= {"unix_socket_directories": "", "password_encryption": "scram-sha-256"}
    settings |= {"idle_in_transaction_session_timeout": "5s", "tcp_user_timeout": "15000", "tcp_keepalives_idle": "5"}
    assert servers.valkey is not None

    with postgres_of(servers).connect() as connection, servers.valkey.client() as client:
        shown = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in settings}  # type: ignore[index]
        configured = client.config_get("maxmemory-policy", "appendonly", "appendfsync", "bind", "maxmemory")

    assert shown == settings
    assert configured == {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "bind": "127.0.0.1",
        "maxmemory": str(MEMORY_MB * 2**20),
    }


def test_all_streams_at_their_caps_take_half_of_the_memory_at_most() -> None:
    from cdb_site.bus.topics import TOPICS

    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    in_containers = re.search(r"--maxmemory (\d+)mb", " ".join(compose["services"]["cdb_redis"]["command"]))
    assert in_containers

    most = sum(topic.cap_bytes for topic in TOPICS.values())

    assert most * 2 <= min(MEMORY_MB, int(in_containers[1])) * 2**20


def test_no_server_program_runs_as_root(servers: Servers) -> None:
    assert psutil.Process(postgres_of(servers).pid).uids().effective != 0


def test_the_passwords_are_needed(servers: Servers) -> None:
    assert servers.valkey is not None

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host="127.0.0.1", port=postgres_of(servers).port, user="admin", dbname="postgres")
    with pytest.raises(redis.AuthenticationError), redis.Redis(port=servers.valkey.port) as client:
        client.ping()


def test_passwords_stand_on_no_command_line(servers: Servers) -> None:
    lines = [" ".join(process.cmdline()) for process in (psutil.Process(server.pid) for server in servers.own)]

    assert not [line for line in lines if servers.credentials.redis in line]
    assert not [line for line in lines if servers.credentials.postgres_owner in line]


def test_the_app_role_creates_nothing(servers: Servers) -> None:
    with as_app(servers) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE own (n int)")
        connection.execute("CREATE TEMPORARY TABLE scratch (n int)")


def test_data_is_kept_between_starts_and_nothing_is_left(folder: Folder) -> None:
    with running_servers(folder.path) as servers:
        with postgres_of(servers).connect(database.DATABASE) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
        assert servers.valkey is not None
        with servers.valkey.client() as client:
            client.set("kept", "43")
        pids = [server.pid for server in servers.own]
    assert not [pid for pid in pids if psutil.pid_exists(pid or 0)]

    with running_servers(folder.path) as servers:
        assert servers.valkey is not None
        with as_app(servers) as connection, servers.valkey.client() as client:
            row, value = connection.execute("SELECT n FROM kept").fetchone(), client.get("kept")

    assert row == (42,)
    assert value == b"43"
    assert not processes.servers_of(folder.valkey)


def test_a_folder_in_use_is_refused(folder: Folder) -> None:
    lock = folder.lock()
    assert lock.acquire()

    with pytest.raises(LocalProblem, match="in use by another process"), running_servers(folder.path):
        pass

    lock.release()


def test_servers_of_a_killed_owner_are_stopped_and_their_data_recovered(folder: Folder) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER_PROGRAM, str(folder.path)],
        cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdout is not None
    orphans = [int(word) for word in owner.stdout.readline().split()]
    owner.kill()
    owner.communicate()
    assert all(psutil.pid_exists(pid) for pid in orphans)
    os.kill(orphans[1], signal.SIGSTOP)

    with running_servers(folder.path) as servers, as_app(servers) as connection:
        row = connection.execute("SELECT 1").fetchone()

    assert row == (1,)
    left = [processes.identity_of(pid) for pid in orphans]
    assert not [one for one in left if one and one.process()]


def test_a_crashed_postgres_starts_again_on_its_port(folder: Folder) -> None:
    with running_servers(folder.path) as servers:
        server = postgres_of(servers)
        with server.connect(database.DATABASE) as connection:
            connection.execute("CREATE TABLE crashed AS SELECT 42 AS n")
        port = server.port

        server.kill()
        server.start()

        with server.connect(database.DATABASE) as connection:
            assert connection.execute("SELECT n FROM crashed").fetchone() == (42,)
        assert server.port == port


def test_data_of_another_major_version_is_refused_with_a_remedy(spoiled: Folder) -> None:
    with running_servers(spoiled.path) as servers:
        data = postgres_of(servers).data
    (data / "PG_VERSION").write_text("15\n", encoding="utf-8")

    with (
        pytest.raises(LocalProblem, match=r"belongs to PostgreSQL 15.*pg_upgrade"),
        running_servers(spoiled.path),
    ):
        pass


def test_lost_credentials_are_explained(spoiled: Folder) -> None:
    with running_servers(spoiled.path) as servers:
        relocated = postgres_of(servers).data.parent != spoiled.path
    if relocated:
        pytest.skip("relocated data is tied to its credentials by name")
    (spoiled.path / "secrets.json").unlink()

    with pytest.raises(LocalProblem, match=r"secrets\.json does not open"), running_servers(spoiled.path):
        pass


def test_a_pidfile_naming_a_stranger_does_not_prevent_the_start(folder: Folder) -> None:
    with running_servers(folder.path) as servers:
        data = postgres_of(servers).data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n", encoding="utf-8")

    with running_servers(folder.path) as servers:
        assert postgres_of(servers).pid


def test_a_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from cdb_site.local import binaries

    monkeypatch.setattr(binaries, "_package_folder", lambda package: None)
    monkeypatch.setattr(binaries.shutil, "which", lambda name: None)

    with pytest.raises(LocalProblem, match="apt-get install valkey-server"):
        binaries.find_valkey()


def test_a_wheel_out_of_reach_is_run_from_a_copy() -> None:
    from cdb_site.local import binaries
    from cdb_site.local.account import server_account

    account = server_account()
    if account.name is None:
        pytest.skip("only root starts PostgreSQL under another account")
    programs = binaries.find_postgres(account)

    copied = binaries._copy_for(programs)

    try:
        assert copied.folder != programs.folder
        assert account.reaches(copied.folder / "postgres")
        assert binaries._version(copied.folder) == programs.version
    finally:
        shutil.rmtree(copied.folder.parents[2])


FROZEN_HOLDER = """
import os, signal
import django; django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["DATABASE"]
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("UPDATE held SET n = n + 1")
    print("holds", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_whoever_is_frozen_with_a_lock_is_ended_and_the_others_go_on(servers: Servers) -> None:
    with postgres_of(servers).connect(database.DATABASE) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS held AS SELECT 0 AS n")
        holder = subprocess.Popen(
            [sys.executable, "-c", FROZEN_HOLDER], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "DATABASE": database.DATABASE},
        )  # fmt: skip
        assert holder.stdout and holder.stdout.readline() == "holds\n"
        started_s = SYSTEM.monotonic_s()

        connection.execute("SET lock_timeout = '9s'; UPDATE held SET n = n + 10")

        waited_s = SYSTEM.monotonic_s() - started_s
        assert connection.execute("SELECT n FROM held").fetchone() == (10,)
        assert waited_s < 7
        holder.kill()
        holder.communicate()
        connection.execute("DROP TABLE held")


def test_a_start_right_after_a_kill_waits_until_the_old_server_is_gone(folder: Folder) -> None:
    with running_servers(folder.path) as servers:
        data, account = postgres_of(servers).data, postgres_of(servers).account
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "postgres"
        shutil.copy("/bin/sleep", program)
        for path in (Path(place), program):
            path.chmod(0o755)
        dying = subprocess.Popen([program, "60"], **account.popen_options())
        (data / "postmaster.pid").write_text(f"{dying.pid}\n{data}\n", encoding="utf-8")
        gone = threading.Timer(1.5, lambda: (dying.kill(), dying.wait()))
        gone.start()

        with running_servers(folder.path) as servers:
            started_with_it = postgres_of(servers).pid

        gone.join()
    assert started_with_it


@pytest.mark.parametrize("keys", [1, 400_000], ids=["little", "so much that it is read for a while"])
def test_a_redis_that_cannot_read_its_file_again_starts_empty_and_keeps_it_aside(folder: Folder, keys: int) -> None:
    """A full disk leaves half a command in the middle of the file; a kill later the server ends at every start."""
    with running_servers(folder.path) as servers:
        valkey = servers.valkey
        assert valkey is not None
        with valkey.client() as client:
            client.eval("for i = 1, ARGV[1] do redis.call('SET', i, string.rep('x', 60)) end", 0, str(keys))
        valkey.stop()
        [written] = (valkey.data / "appendonlydir").glob("*.incr.aof")
        written.write_bytes(written.read_bytes() + b"*3\r\n$3\r\nSE*3\r\n$3\r\nSET\r\n")

        valkey.start()

        with valkey.client() as client:
            assert client.dbsize() == 0
        assert (valkey.data / "appendonlydir.unreadable" / written.name).exists()
