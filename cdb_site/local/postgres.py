"""PostgreSQL of one data folder: made with initdb, started, stopped, and recovered after its owner was killed.

Loopback TCP only, no unix socket, scram passwords, fsync on. The cluster's owner is `admin`; the database is
`claire_de_binare`.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from cdb_site.local import processes
from cdb_site.local.account import ServerAccount
from cdb_site.local.binaries import PostgresPrograms
from cdb_site.local.problems import LocalProblem
from cdb_site.local.server_process import ServerProcess
from cdb_site.local.signals import undisturbed

OWNER = "admin"
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=on",
    "synchronous_commit=on",
    "password_encryption=scram-sha-256",
    "max_connections=200",
    "shared_buffers=128MB",
    "max_wal_size=1GB",
    "jit=off",
    "random_page_cost=1.1",
    "autovacuum_naptime=10s",
    "log_timezone=UTC",
    "timezone=UTC",
    # Whoever holds locks and does not go on, frozen or cut off, is ended, so that the others wait seconds at most.
    "idle_in_transaction_session_timeout=5s",
    "tcp_keepalives_idle=5",
    "tcp_keepalives_interval=2",
    "tcp_keepalives_count=3",
    "tcp_user_timeout=15s",
    "log_line_prefix=%m [%p] ",
)


class PostgresServer(ServerProcess):
    """PostgreSQL; `home` holds its data folder."""

    name = "postgres"
    ready_timeout_s = 90
    # After kill -9 the old server's id is taken for a moment, or its last backend still ends.
    passing_ends = ('"postmaster.pid" already exists', "shared memory block")

    def __init__(
        self, *, home: Path, log: Path, port: int, password: str, programs: PostgresPrograms, account: ServerAccount
    ) -> None:
        super().__init__(data=home / "postgres", log=log, port=port, password=password)
        self.programs = programs
        self.account = account

    @property
    def title(self) -> str:
        return f"PostgreSQL {self.programs.version}"

    def initialise(self) -> bool:
        """Create the cluster unless it is there; True when it was made now. Raises LocalProblem."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return False
        draft = self.data.with_name("postgres.new")
        words = self.data.with_name("postgres.password")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        words.unlink(missing_ok=True)
        words.touch(mode=0o600)
        words.write_text(self.password + "\n", encoding="utf-8")
        self.account.owns(draft)
        self.account.owns(words)
        try:
            self._initdb(draft, words)
        finally:
            words.unlink()
        draft.rename(self.data)
        return True

    def _initdb(self, draft: Path, words: Path) -> None:
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        command = [self.programs.program("initdb"), "-D", str(draft), "-U", OWNER, f"--pwfile={words}", *options]
        # initdb has children of its own, which would outlive it and go on writing.
        with undisturbed():
            done = subprocess.run(  # noqa: S603
                command, cwd="/", capture_output=True, text=True, check=False, umask=0o077,
                **self.account.popen_options(),
            )  # fmt: skip
        if done.returncode != 0:
            raise LocalProblem(f"PostgreSQL's initdb failed: {done.stderr.strip() or done.stdout.strip()}")

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if int(found.split(".")[0]) != self.programs.major:
            raise LocalProblem(
                f"the data in {self.data} belongs to PostgreSQL {found}, but the programs found are "
                f"{self.programs.version} ({self.programs.folder}). Install PostgreSQL {found} programs, or move the "
                "folder away (its history goes with it) and start anew, or convert it with pg_upgrade."
            )

    def _launch(self) -> None:
        command = [self.programs.program("postgres"), "-D", str(self.data), "-p", str(self.port)]
        for setting in SETTINGS:
            command += ["-c", setting]
        self._spawn(command, "/", **self.account.popen_options())

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the owner, in autocommit."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, password=self.password, dbname=database,
            connect_timeout=5, autocommit=True,
        )  # fmt: skip

    def _answers(self) -> bool:
        if self.pid is None:
            return False
        try:
            with self.connect() as connection:
                self._check_ours(connection)
        except psycopg.OperationalError as problem:
            if "password authentication failed" not in str(problem):
                return False
            self.stop()
            raise LocalProblem(
                f"the password in secrets.json does not open the database in {self.data}: they are not of one "
                "start. Restore the file, or remove the data folder and start anew."
            ) from problem
        return True

    def _check_ours(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        row = connection.execute("SHOW data_directory").fetchone()
        if row is None or Path(str(row[0])) != self.data:
            raise LocalProblem(f"port {self.port} is served by another PostgreSQL ({row and row[0]}). Start again.")

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back. Escalates when it does not end."""
        self.wanted = False
        if self.process is None:
            return
        children = self._children()
        for number, grace_s in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self.process.poll() is not None:
                break
            # A frozen server acts on no signal but these two.
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        processes.stop_all(children, grace_s=3)

    def kill(self) -> None:
        """SIGKILL to the postmaster; its backends end by themselves."""
        children = self._children()
        super().kill()
        processes.still_running(children, 10)

    def _children(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            if self.pid is not None:
                return list(psutil.Process(self.pid).children(recursive=True))
        return []

    def stop_leftover(self) -> None:
        super().stop_leftover()
        self._drop_strangers_pidfile()

    def _drop_strangers_pidfile(self) -> None:
        """Remove `postmaster.pid` when its id belongs to a living process that is no PostgreSQL.

        PostgreSQL settles every other case itself; it would take this stranger for a running server.
        """
        pidfile = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int(pidfile.read_text(encoding="utf-8").splitlines()[0])
            if "postgres" not in psutil.Process(pid).name():
                pidfile.unlink()
