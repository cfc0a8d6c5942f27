"""Valkey (or Redis) of one data folder: streams, channel layer and Celery broker.

Loopback only, a generated password kept in a configuration file that only its owner reads, append-only file
synced every second, and `noeviction`: a full memory refuses writes, it never drops an event.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import redis

from cdb_site.clock import SYSTEM
from cdb_site.local import processes
from cdb_site.local.problems import LocalProblem

READY_TIMEOUT_S = 60
# Twice what all streams may take at their caps; the rest is for quotes, queues, sessions of pages and clients.
MEMORY_MB = 640
CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir "{data}"
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory {memory}mb
maxmemory-policy noeviction
set-proc-title no
"""


class ValkeyServer:
    """One server process. `port` stays the same over restarts."""

    name = "valkey"

    def __init__(self, *, data: Path, log: Path, port: int, password: str, program: str) -> None:
        self.data = data
        self.log = log
        self.port = port
        self.password = password
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.wanted = False
        self.restarts = 0
        self._lock = threading.RLock()
        self.version = ""

    @property
    def title(self) -> str:
        return f"{'Redis' if 'redis' in Path(self.program).name else 'Valkey'} {self.version}".strip()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    @property
    def configuration(self) -> Path:
        return self.data / "valkey.conf"

    def start(self) -> None:
        """Start, unless it runs, and wait until it has loaded its data. Raises LocalProblem."""
        with self._lock:
            self.wanted = True
            if self.pid is None:
                self._launch()

    def _launch(self) -> None:
        self.stop_leftover()
        self._write_configuration()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [self.program, str(self.configuration)], cwd=self.data, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait_until_ready()

    def _write_configuration(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        text = CONFIGURATION.format(port=self.port, password=self.password, data=self.data, memory=MEMORY_MB)
        descriptor = os.open(self.configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)

    def client(self) -> redis.Redis:
        return redis.Redis(
            host="127.0.0.1", port=self.port, password=self.password, socket_timeout=5, socket_connect_timeout=5
        )

    def _wait_until_ready(self) -> None:
        deadline = SYSTEM.monotonic_s() + READY_TIMEOUT_S
        while True:
            if self.pid is None:
                raise LocalProblem(f"{self.title} ended while starting; see {self.log}")
            try:
                with self.client() as client:
                    information = client.info("server")
                break
            except redis.AuthenticationError as problem:
                self.stop()
                raise LocalProblem(f"port {self.port} is served by another Redis. Start again.") from problem
            except redis.RedisError as problem:
                if SYSTEM.monotonic_s() > deadline:
                    self.stop()
                    raise LocalProblem(f"{self.title} gave no answer in {READY_TIMEOUT_S} s: {problem}") from problem
            if self.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.02)
        assert isinstance(information, dict)  # noqa: S101  (narrows redis-py's union of sync and async answers)
        self.version = str(information.get("valkey_version") or information["redis_version"])

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

    def kill(self) -> None:
        """SIGKILL, as a crash would; whoever supervises it starts it again."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: connected, but silent, until `thaw()`."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Delete its data; only while it is stopped."""
        if self.pid is not None:
            raise LocalProblem("stop the server before wiping its data")
        shutil.rmtree(self.data, ignore_errors=True)

    def stop_leftover(self) -> None:
        """Stop a server of this data folder that a dead starter left behind."""
        for process in processes.servers_of(self.data):
            if self.process is None or process.pid != self.process.pid:
                processes.stop_server(process)
