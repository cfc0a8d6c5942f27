"""Servers killed, frozen, filled, emptied, the clock and the market's rules changed under a running system.

Before a server is touched it must prove to be this run's own, by its process id or its data folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from cdb_site import clock_offset
from cdb_site.local.postgres import PostgresServer
from cdb_site.local.system import System
from cdb_site.local.valkey import ValkeyServer
from proofs.rig.frozen import frozen_holder
from proofs.rig.small_disk import full
from proofs.rig.waiting import Unmet, pause, say, wait_for

FROZEN_S = 5.0
HELD_S = 8.0
STEP_S = 10
CUTS = 20
DELISTED = "status = 'HALTED'"
COARSER = "quantity_step = held.quantity * 0.3, min_quantity = held.quantity * 0.3"
BOUGHT_LAST = """
    FROM (SELECT symbol, quantity FROM position JOIN marketdata_instrument AS listed USING (symbol)
          WHERE quantity > 0 AND status = 'TRADING' ORDER BY opened_at DESC LIMIT 1) AS held
    WHERE instrument.symbol = held.symbol RETURNING held.symbol"""


class ServerFaults:
    """Does them and counts them."""

    def __init__(self, system: System, disk: Path | None = None) -> None:
        """`disk`: what the system's folder lies on, when it may be filled."""
        self.system, self.disk = system, disk
        self.redis_restarts = self.postgres_restarts = 0
        self.done: Counter[str] = Counter()

    def do(self, act: Callable[[], None]) -> None:
        """Do one of `kinds`, and count it under its name."""
        act()
        self.done[act.__name__] += 1

    @property
    def kinds(self) -> Sequence[Callable[[], None]]:
        """One of each kind."""
        return (
            self.kill_redis,
            self.kill_postgres,
            self.empty_redis,
            self.cut_backends,
            self.freeze_redis,
            self.restart_postgres,
            self.freeze_lock_holder,
            self.fill_redis,
            self.step_clock_back,
            self.delist_held_symbol,
            self.coarsen_step,
            *([self.fill_disk] if self.disk else []),
        )

    def kill_redis(self) -> None:
        """Killed, comes back with its data."""
        self._own_valkey().kill()
        self._valkey_back()
        say("Redis killed and restarted with its data")

    def empty_redis(self) -> None:
        """Killed, its data deleted, comes back empty."""
        valkey = self._own_valkey()
        valkey.wanted = False
        valkey.kill()
        valkey.wipe()
        valkey.start()
        self._valkey_back()
        say("Redis killed and restarted empty")

    def freeze_redis(self) -> None:
        """SIGSTOP, SIGCONT: every call hangs until its timeout."""
        valkey = self._own_valkey()
        valkey.freeze()
        try:
            pause(FROZEN_S)
        finally:
            valkey.thaw()
        say(f"Redis frozen for {FROZEN_S:g} s")

    def kill_postgres(self) -> None:
        """kill -9 of the postmaster: crash recovery at the next start."""
        self._own_postgres().kill()
        self._postgres_back()
        say("PostgreSQL killed and recovered")

    def restart_postgres(self) -> None:
        postgres = self._own_postgres()
        postgres.stop()
        postgres.start()
        self._postgres_back()
        say("PostgreSQL restarted")

    def cut_backends(self) -> None:
        """Terminate backends in the middle of their transactions, then all of them."""
        postgres, cut = self._own_postgres(), 0
        with postgres.connect() as connection:
            for _ in range(CUTS):
                cut += _terminate(connection, "AND xact_start IS NOT NULL")
                pause(0.05)
            cut += _terminate(connection, "")
        say(f"{cut} PostgreSQL backends terminated, most within a transaction")

    def freeze_lock_holder(self) -> None:
        """Somebody is stopped while it holds the account's row: PostgreSQL ends its session, the others go on."""
        env = self.system.env
        target = (
            f"host={env['POSTGRES_HOST']} port={env['POSTGRES_PORT']} dbname={env['POSTGRES_DB']}"
            f" user={env['POSTGRES_USER']} password={env['POSTGRES_PASSWORD']}"
        )
        self._own_postgres()
        with frozen_holder(target):
            pause(HELD_S)
        say(f"the account's row was held by a frozen process for {HELD_S:g} s")

    def fill_redis(self) -> None:
        """`maxmemory` is reached: every write is refused, until there is room again."""
        with self._own_valkey().client() as client:
            before = client.config_get("maxmemory")["maxmemory"]
            client.config_set("maxmemory", 1)
            try:
                pause(FROZEN_S)
            finally:
                client.config_set("maxmemory", before)
        say(f"Redis full for {FROZEN_S:g} s")

    def fill_disk(self) -> None:
        """Not a byte is left for anybody, WAL, journal and logs included; then there is room again."""
        if self.disk is None:
            raise Unmet("no disk to fill")
        with full(self.disk):
            pause(FROZEN_S)
        wait_for(lambda: bool(self._own_postgres() and self._own_valkey()), "PostgreSQL and Redis")
        say(f"the disk was full for {FROZEN_S:g} s")

    def step_clock_back(self) -> None:
        """The wall clock of every service is set back, as an operator or NTP does, and forward again."""
        offset = Path(self.system.env[clock_offset.VARIABLE])
        offset.write_text(f"-{STEP_S}")
        try:
            pause(FROZEN_S)
        finally:
            offset.write_text("0")
        say(f"the clock was {STEP_S} s behind for {FROZEN_S:g} s")

    def delist_held_symbol(self) -> None:
        """What is held is listed no more, from now on: nothing of it is bought again."""
        say(f"{self._change_held(DELISTED)} was delisted while it was held")

    def coarsen_step(self) -> None:
        """The exchange makes a step coarser than what is held: the exit leaves dust behind."""
        say(f"the quantity step of {self._change_held(COARSER)} was made coarser while it was held")

    def _change_held(self, change: str) -> str:
        """Change the instrument that was bought last; its symbol."""
        found: list[str] = []

        def changed() -> bool:
            with self._own_postgres().connect(self.system.env["POSTGRES_DB"]) as connection:
                statement = f"UPDATE marketdata_instrument AS instrument SET {change} {BOUGHT_LAST}"  # noqa: S608
                row = connection.execute(statement).fetchone()
            found.extend(str(value) for value in row or ())
            return bool(found)

        wait_for(changed, "a position of a symbol that is listed")
        return found[0]

    def _own_valkey(self) -> ValkeyServer:
        valkey = self.system.servers.valkey
        if valkey is None:
            raise Unmet("Redis is a server of the user's: unset REDIS_HOST, faults are done to own servers only")
        found = self._answered_by(valkey)
        if int(found) != valkey.pid:
            raise Unmet(f"Redis on port {valkey.port} is process {found}, not this run's own {valkey.pid}")
        return valkey

    @staticmethod
    def _answered_by(valkey: ValkeyServer) -> str:
        """The process id that Redis tells; it may just be coming back from the fault before."""
        told: list[str] = []

        def asked() -> bool:
            with valkey.client() as client:
                told.append(str(client.info("server")["process_id"]))
            return True

        wait_for(asked, "Redis")
        return told[0]

    def _own_postgres(self) -> PostgresServer:
        postgres = self.system.servers.postgres
        if postgres is None:
            raise Unmet("PostgreSQL is a server of the user's: unset POSTGRES_HOST")
        with postgres.connect() as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        if row is None or Path(str(row[0])) != postgres.data:
            raise Unmet(f"PostgreSQL on port {postgres.port} serves {row}, not this run's own {postgres.data}")
        return postgres

    def _valkey_back(self) -> None:
        wait_for(lambda: bool(self._own_valkey()), "Redis")
        self.redis_restarts += 1

    def _postgres_back(self) -> None:
        wait_for(lambda: bool(self._own_postgres()), "PostgreSQL")
        self.postgres_restarts += 1


def _terminate(connection: psycopg.Connection[tuple[object, ...]], condition: str) -> int:
    statement = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'cdb_app' "  # noqa: S608
    row = connection.execute(statement + condition).fetchone()
    return int(str(row[0])) if row else 0
