"""What is done to a running system: services killed at random and at crash points, servers killed, frozen, emptied.

Before a server is touched it must prove to be this run's own, by its process id or its data folder.
"""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from cdb_site import clock_offset
from cdb_site.clock import SYSTEM
from cdb_site.local.children import Child, Process
from cdb_site.local.postgres import PostgresServer
from cdb_site.local.system import System
from cdb_site.local.valkey import ValkeyServer
from proofs.rig.frozen import frozen_holder
from proofs.rig.small_disk import full
from proofs.rig.waiting import Unmet, pause, say, wait_for

CHAIN = ("signal", "risk", "execution")
CHAIN_SHARE = 3
# Of a process that hosts the whole chain: as often as of the three together.
LANE_SHARE = CHAIN_SHARE * len(CHAIN)
COMMITS = ("before_commit", "after_commit", "after_publish")
ACKS = ("before_ack", "after_ack")
# Each service dies at its points, those of a round side by side.
APART = {name: (*COMMITS, *ACKS, *(("after_send",) if name == "execution" else ())) for name in CHAIN}
# In one process the signal's transaction holds decisions and claimed orders (T1), the execution's the fills (T2).
IN_LANE = {"signal": (*COMMITS, *ACKS), "execution": ("after_send", *COMMITS)}
LANE = "lane"
UP_S = 6.0
FROZEN_S = 5.0
HELD_S = 8.0
STEP_S = 10
CRASH_TIMEOUT_S = 60.0
CUTS = 20
DELISTED = "status = 'HALTED'"
COARSER = "quantity_step = held.quantity * 0.3, min_quantity = held.quantity * 0.3"
BOUGHT_LAST = """
    FROM (SELECT symbol, quantity FROM position JOIN marketdata_instrument AS listed USING (symbol)
          WHERE quantity > 0 AND status = 'TRADING' ORDER BY opened_at DESC LIMIT 1) AS held
    WHERE instrument.symbol = held.symbol RETURNING held.symbol"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A service that died, and when (seconds since the epoch)."""

    service: str
    at_s: float
    at_crash_point: bool = False


class Saboteur:
    """Does the faults and counts them."""

    def __init__(self, system: System, seed: int, disk: Path | None = None) -> None:
        """`disk`: what the system's folder lies on, when it may be filled."""
        self.system, self.disk = system, disk
        self.victims = [child.name for child in system.children for _ in range(_share(child.name))]
        self.random = random.Random(seed)
        self.kills: list[Kill] = []
        self.crash_points = self.redis_restarts = self.postgres_restarts = 0
        self.server_acts: Counter[str] = Counter()

    def kill_one(self) -> None:
        """SIGKILL to a random service that is at work, so that what dies is never just the start of Python."""
        while True:
            name = self.random.choice(self.victims)
            child = self.system.process(name)
            if self._at_work(child):
                child.kill()
                self.kills.append(Kill(service=name, at_s=SYSTEM.wall_s()))
                return
            pause(0.1)

    def _at_work(self, child: Child) -> bool:
        if child.port is None:
            return child.pid is not None and SYSTEM.monotonic_s() - child.pause.started_s > UP_S
        return child.pid is not None and all(self.system.health(name)[0] == 200 for name in child.ports)

    def crash_at_points(self) -> None:
        """Every service of the chain dies once at each crash point it passes; in processes of their own side by side.

        All workers of a service are armed: the first that comes there dies.
        """
        together = any(child.name == LANE for child in self.system.children)
        for round_ in _one_by_one(IN_LANE) if together else _side_by_side(APART):
            problems: list[str] = []
            threads = [
                threading.Thread(target=self._crash, args=(name, point, self.random.randint(1, 3), problems))
                for name, point in round_
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if problems:
                raise Unmet("; ".join(problems))
            self.crash_points += len(round_)
            say(f"crash points passed: {', '.join(f'{name} {point}' for name, point in round_)}")

    def _crash(self, name: str, point: str, count: int, problems: list[str]) -> None:
        """Kill the workers of a service, let them come back armed, disarm their successors, wait for one to end."""
        children = [child for child in self.system.children if name in map(service_of, child.services)]
        for child in children:
            child.env["CDB_CRASH_POINT"] = f"{name}:{point}:{count}"
        armed = {child: self._next_process(child) for child in children}
        for child in children:
            child.env.pop("CDB_CRASH_POINT")
        died = self._first_ended(armed)
        if died is None:
            problems.append(f"{name} never passed {point}")
            return
        if (returncode := armed[died].returncode) != -signal.SIGKILL:
            problems.append(f"{died.name} ended with {returncode} instead of dying at {point}")
        self.kills.append(Kill(service=name, at_s=SYSTEM.wall_s(), at_crash_point=True))
        for child, process in armed.items():
            if child is not died and child.popen is process:
                child.kill()
            with suppress(Unmet):
                self._await_other(child, process)

    def _first_ended(self, armed: dict[Child, Process]) -> Child | None:
        deadline_s = SYSTEM.monotonic_s() + CRASH_TIMEOUT_S
        while SYSTEM.monotonic_s() < deadline_s:
            for child, process in armed.items():
                if process.poll() is not None:
                    return child
            pause(0.05)
        return None

    def _next_process(self, child: Child) -> Process:
        before = child.popen
        child.kill()
        return self._await_other(child, before)

    def _await_other(self, child: Child, before: Process | None) -> Process:
        deadline_s = SYSTEM.monotonic_s() + 20
        while child.popen is before or child.popen is None:
            if SYSTEM.monotonic_s() > deadline_s:
                raise Unmet(f"{child.name} was not started again")
            pause(0.02)
        return child.popen

    def act_on_server(self, act: Callable[[], None]) -> None:
        """Do one of `server_faults`, and count it under its name."""
        act()
        self.server_acts[act.__name__] += 1

    @property
    def server_faults(self) -> Sequence[Callable[[], None]]:
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


def service_of(worker: str) -> str:
    """The service a worker works for: `risk` and its twin `risk_2` are both the risk manager."""
    return worker.removesuffix("_2")


def _share(worker: str) -> int:
    """How often among the victims: the chain is what there is to lose."""
    return {LANE: LANE_SHARE, **dict.fromkeys(CHAIN, CHAIN_SHARE)}.get(service_of(worker), 1)


def _side_by_side(points: Mapping[str, Sequence[str]]) -> list[list[tuple[str, str]]]:
    """The first point of each service together, then the second of each, …"""
    most = max(map(len, points.values()))
    return [[(name, each[number]) for name, each in points.items() if number < len(each)] for number in range(most)]


def _one_by_one(points: Mapping[str, Sequence[str]]) -> list[list[tuple[str, str]]]:
    return [[(name, point)] for name, each in points.items() for point in each]


def _terminate(connection: psycopg.Connection[tuple[object, ...]], condition: str) -> int:
    statement = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'cdb_app' "  # noqa: S608
    row = connection.execute(statement + condition).fetchone()
    return int(str(row[0])) if row else 0
