"""The two servers of one data folder, started together and stopped together.

    with running_servers() as servers:
        subprocess.run([...], env=servers.env)

`env` connects as the app role and as Redis' administrator, `owner_env` as the database's owner; `redis_env(user)` is
what a service gets of Redis, as the user that it is there. A server the user names (POSTGRES_HOST,
REDIS_HOST) is used as it is and never started, stopped or prepared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cdb_site import redis_users
from cdb_site.local import database, state
from cdb_site.local.account import server_account
from cdb_site.local.binaries import find_postgres, find_valkey
from cdb_site.local.folders import Folder, temporary_folder
from cdb_site.local.ports import PortBook
from cdb_site.local.postgres import OWNER, PostgresServer
from cdb_site.local.problems import LocalProblem
from cdb_site.local.signals import undisturbed
from cdb_site.local.steps import SILENT, Steps
from cdb_site.local.valkey import ValkeyServer


class Servers:
    """PostgreSQL and Valkey of a folder; None where the user named a server of their own."""

    host = "127.0.0.1"

    def __init__(self, folder: Folder, ports: PortBook, given: Mapping[str, str]) -> None:
        self.folder = folder
        self.credentials = folder.credentials()
        self.given = given
        self.postgres = None if given.get("POSTGRES_HOST") else self._own_postgres(ports)
        self.valkey = None if given.get("REDIS_HOST") else self._own_valkey(ports)
        self.made_now = False

    def _own_postgres(self, ports: PortBook) -> PostgresServer:
        account = server_account()
        return PostgresServer(
            home=self.folder.postgres_home(account),
            log=self.folder.logs / "postgres.log",
            port=ports.reserve_any(),
            password=self.credentials.postgres_owner,
            programs=find_postgres(account),
            account=account,
        )

    def _own_valkey(self, ports: PortBook) -> ValkeyServer:
        return ValkeyServer(
            data=self.folder.valkey,
            log=self.folder.logs / "valkey.log",
            port=ports.reserve_any(),
            password=self.credentials.redis,
            program=find_valkey(),
        )

    @property
    def own(self) -> list[PostgresServer | ValkeyServer]:
        return [server for server in (self.postgres, self.valkey) if server is not None]

    def start(self, steps: Steps = SILENT) -> None:
        """Start what is ours and make role and database ready. Raises LocalProblem."""
        if self.postgres is not None:
            with steps.step(self.postgres.title) as step:
                self.made_now = self.postgres.initialise()
                self.postgres.start()
                database.prepare(self.postgres, self.credentials.postgres_app)
                step.text = f"{self.postgres.title} on {self.host}:{self.postgres.port}"
                step.text += ", new database" if self.made_now else ""
        if self.valkey is not None:
            with steps.step(self.valkey.title) as step:
                self.valkey.start()
                step.text = f"{self.valkey.title} on {self.host}:{self.valkey.port}"

    def stop(self) -> None:
        for server in reversed(self.own):
            server.stop()

    @property
    def env(self) -> dict[str, str]:
        """The variables by which a service finds both servers."""
        values: dict[str, str] = {}
        if self.postgres is not None:
            values |= {
                "POSTGRES_HOST": self.host,
                "POSTGRES_PORT": str(self.postgres.port),
                "POSTGRES_DB": database.DATABASE,
                "POSTGRES_USER": database.APP_ROLE,
                "POSTGRES_PASSWORD": self.credentials.postgres_app,
            }
        if self.valkey is not None:
            values |= {
                "REDIS_HOST": self.host,
                "REDIS_PORT": str(self.valkey.port),
                "REDIS_DB": "0",
                **self.redis_env(redis_users.ADMIN),
            }
        return values

    def redis_env(self, user: str) -> dict[str, str]:
        """The variables of one user of Redis; none where the server is the user's own, who says it for all."""
        if self.valkey is None:
            return {}
        password = redis_users.password_of(user, self.credentials.redis)
        return {"REDIS_USER": user, "REDIS_PASSWORD": password}

    @property
    def owner_env(self) -> dict[str, str]:
        """The same for the database's owner, who migrates; a server of the user's is met as the user says."""
        if self.postgres is None:
            return self.env
        return self.env | {"POSTGRES_USER": OWNER, "POSTGRES_PASSWORD": self.credentials.postgres_owner}


@contextmanager
def running_servers(data_dir: Path | None = None, *, purpose: str = "servers") -> Iterator[Servers]:
    """Both servers for the length of the block; without `data_dir` in a folder that goes away with it."""
    if data_dir is None:
        state.clear_abandoned()
        with temporary_folder(purpose) as folder, _running(folder) as servers:
            yield servers
    else:
        with _running(Folder(data_dir.resolve()).create()) as servers:
            yield servers


@contextmanager
def _running(folder: Folder) -> Iterator[Servers]:
    lock, ports = folder.lock(), PortBook()
    if not lock.acquire():
        raise LocalProblem(f"{folder.path} is in use by another process. Stop it, or name another folder.")
    try:
        servers = Servers(folder, ports, given={})
        try:
            servers.start()
            yield servers
        finally:
            with undisturbed():
                servers.stop()
    finally:
        ports.release()
        lock.release()
