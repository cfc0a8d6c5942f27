"""Valkey (or Redis) of one data folder: streams, channel layer and Celery broker.

Loopback only, a user for each service (`cdb_site.redis_users`) and none without a name, append-only file synced every
second, and `noeviction`: a full memory refuses writes, it never drops an event. A file that it cannot read
again, as a full disk and a crash may leave one, is set aside, and it starts empty: all that is true is in PostgreSQL.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
from pathlib import Path

import redis

from cdb_site import redis_users
from cdb_site.local.problems import LocalProblem
from cdb_site.local.server_process import ServerProcess

log = logging.getLogger(__name__)
UNREADABLE = "reading the append only file"
# Twice what all streams may take at their caps; the rest is for quotes, queues, sessions of pages and clients.
MEMORY_MB = 640
CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
aclfile "{users}"
dir "{data}"
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory {memory}mb
maxmemory-policy noeviction
set-proc-title no
"""


class ValkeyServer(ServerProcess):
    """Valkey, or Redis when `program` is one."""

    name = "valkey"
    ready_timeout_s = 60

    def __init__(self, *, data: Path, log: Path, port: int, password: str, program: str) -> None:
        super().__init__(data=data, log=log, port=port, password=password)
        self.program = program
        self.version = ""

    @property
    def title(self) -> str:
        return f"{'Redis' if 'redis' in Path(self.program).name else 'Valkey'} {self.version}".strip()

    @property
    def users(self) -> Path:
        """The file of users: hashes of passwords, no password."""
        return self.data / "users.acl"

    @property
    def configuration(self) -> Path:
        return self.data / "valkey.conf"

    def _may_try_again(self, log_end: str) -> bool:
        if UNREADABLE not in log_end:
            return super()._may_try_again(log_end)
        aside = self.data / "appendonlydir.unreadable"
        shutil.rmtree(aside, ignore_errors=True)
        (self.data / "appendonlydir").rename(aside)
        log.warning("%s cannot read what it had stored and starts empty; the files are kept in %s", self.title, aside)
        return True

    def _launch(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        settings = CONFIGURATION.format(port=self.port, users=self.users, data=self.data, memory=MEMORY_MB)
        _write_whole(self.users, redis_users.acl_file(self.password))
        _write_whole(self.configuration, settings)
        self._spawn([self.program, str(self.configuration)], self.data)

    def client(self) -> redis.Redis:
        """As the administrator, who may all."""
        return redis.Redis(
            host="127.0.0.1",
            port=self.port,
            username=redis_users.ADMIN,
            password=self.password,
            socket_timeout=5,
            socket_connect_timeout=5,
        )

    def _answers(self) -> bool:
        """It has loaded its data and tells its version."""
        if self.pid is None:
            return False
        try:
            with self.client() as client:
                client.ping()  # refused while it loads, which INFO is not
                information = client.info("server")
        except redis.AuthenticationError as problem:
            self.stop()
            raise LocalProblem(f"port {self.port} is served by another Redis. Start again.") from problem
        except redis.RedisError:
            return False
        assert isinstance(information, dict)  # noqa: S101  (narrows redis-py's union of sync and async answers)
        self.version = str(information.get("valkey_version") or information["redis_version"])
        return True

    def stop(self) -> None:
        """SIGTERM writes out the append-only file; SIGKILL when it does not end within 10 s."""
        self.wanted = False
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wipe(self) -> None:
        """Delete its data; only while it is stopped."""
        if self.pid is not None:
            raise LocalProblem("stop the server before wiping its data")
        shutil.rmtree(self.data, ignore_errors=True)


def _write_whole(path: Path, text: str) -> None:
    """Written whole or not at all: on a full disk the one of the last start serves again."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
