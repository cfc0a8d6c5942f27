"""`make faults`: kill, freeze and restart everything under load, then count what was lost and what happened twice.

Own servers in a temporary folder, two workers of each service. They die at random and at every crash point; Redis is
killed, emptied, frozen, full; PostgreSQL is killed, restarted, cut; a stopped process holds the account's row; the
clock steps back; the disk is full; held symbols are delisted or get a coarser step. Counted against two journals
outside our database, one kept by the load and one by the venue; the count must also find a loss and a double planted
into copies of them. One JSON line last; exit 1 unless nothing was lost, doubled or overtaken by a later order of its
symbol, no cent is missing, the books hold and half of the decisions let something through.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cdb_site import clock_offset
from cdb_site.clock import SYSTEM, from_seconds
from cdb_site.local.children import Backoff, Runnable
from cdb_site.local.folders import temporary_folder
from cdb_site.local.system import System, running_system
from cdb_site.local.twins import Twin
from cdb_site.services import SERVICES, in_one_lane
from proofs.faults.journal import PASSED, FaultTally, StoredRows, blind_spots, tally
from proofs.faults.kills import Killer
from proofs.faults.server_faults import ServerFaults
from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.small_disk import small_disk
from proofs.rig.strategy import STRATEGY
from proofs.rig.waiting import pause, say, wait_for

HOSTED = ("signal", "risk", "execution", "signal_gen", "dashboard")
OVERRIDES = STRATEGY | {"CROSS_SECTION_GRACE_S": "60", "LOG_LEVEL": "INFO"}
SYMBOLS = 120
# Of the decisions at least so many must let something through. A run that a breaker has closed loses nothing and
# doubles nothing, because nothing happens; what is left over covers the quotes that are stale after a server's fault.
PASSED_LEAST = 0.5
GAP_S = (2.0, 4.5)
SETTLE_S = 150.0
DISK_MIB = 3072


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    chosen = [service for service in SERVICES if service.name in HOSTED]
    processes = in_one_lane(chosen) if options.topology == "together" else chosen
    services: list[Runnable] = list(processes)
    if options.workers == 2:
        services += [Twin(process) for process in processes]
    backoff = Backoff(first_s=0.1, most_s=0.5)

    def work(told: ProgramResult) -> None:
        with (
            TemporaryDirectory(prefix="cdb-faults-") as folder,
            temporary_folder("faults") as data,
            small_disk(data.path, DISK_MIB) as small,
            running_system(
                data_dir=data.path,
                env_overrides={**OVERRIDES, clock_offset.VARIABLE: f"{folder}/clock_offset_s"},
                services=services,
                backoff=backoff,
            ) as system,
        ):
            enter(system.env)
            _FaultRun(system, options, told, Path(folder), data.path if small else None).run()

    return run_program("faults", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=_count, metavar="N", help="random kills (default 100, with --quick 10)")
    parser.add_argument("--rounds", type=_count, metavar="N", help="how often each server fault (default 2, --quick 1)")
    parser.add_argument("--seed", type=int, default=1, help="seed of who dies when (default %(default)s)")
    parser.add_argument("--signals", type=_count, default=24, help="signals per second (default %(default)s)")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2, help="of each service (default %(default)s)")
    parser.add_argument(
        "--topology",
        choices=("together", "apart"),
        default="together",
        help="signal, risk and execution in one process or in three (default %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help="few kills, no crash points, each server fault once")
    parser.add_argument("--keep-logs", metavar="DIR", help="copy the services' logs there at the end")
    options = parser.parse_args(arguments)
    options.kills = options.kills if options.kills is not None else 10 if options.quick else 100
    options.rounds = options.rounds if options.rounds is not None else 1 if options.quick else 2
    return options


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got {text!r}")
    return int(text)


class _FaultRun:
    """One fault run on a running system."""

    def __init__(
        self, system: System, options: argparse.Namespace, told: ProgramResult, folder: Path, disk: Path | None
    ) -> None:
        """`folder` is the run's own, for the load's journal: not on the disk that is filled."""
        self.system, self.options, self.told = system, options, told
        journal = folder / "expected.jsonl"
        from proofs.faults.load import Load
        from proofs.faults.reading import StoredReading, p95

        self.load = Load(journal, symbols=SYMBOLS, signals_per_s=options.signals)
        self.reading, self.p95 = StoredReading(system, journal), p95
        self.killer = Killer(system, random.Random(options.seed))
        self.faults = ServerFaults(system, disk)

    def run(self) -> None:
        self.system.wait_live(HOSTED[:3])
        self.load.start()
        try:
            self._break_everything()
            self.load.end_steps()
            pause(6)
        finally:
            self.load.stop()
            self._keep_logs()
        found = self._settled()
        self._keep_logs()
        self._report(found)

    def _break_everything(self) -> None:
        wait_for(lambda: self.reading.count("evaluation") >= 3, "the first evaluations")
        self.load.begin_steps()
        wait_for(lambda: self.reading.count("fill") > 0, "the first fill")
        if not self.options.quick:
            self.killer.crash_at_points()
        faults = [fault for _ in range(self.options.rounds) for fault in self.faults.kinds]
        every = max(1, self.options.kills // max(1, len(faults)))
        say(f"{self.options.kills} random kills and {len(faults)} faults of servers follow")
        for number in range(1, self.options.kills + 1):
            self.killer.kill_one()
            pause(self.killer.random.uniform(*GAP_S))
            if number % every == 0 and faults:
                self.faults.do(faults.pop(0))
            if number % 10 == 0:
                say(f"{number} of {self.options.kills} random kills; {self.load.sent} signals caused")
        for fault in faults:
            self.faults.do(fault)
        fills, decisions = self.reading.count("fill"), self.reading.count("decision")
        wait_for(lambda: self.reading.count("fill") > fills and self.reading.count("decision") > decisions, "the chain")

    def _settled(self) -> FaultTally:
        """Wait, at most SETTLE_S, until nothing is under way; what is still missing then is lost."""
        deadline_s = SYSTEM.monotonic_s() + SETTLE_S
        while True:
            stored = self.reading.stored()
            found = tally(self.reading.journals(), stored)
            if not found.lost or SYSTEM.monotonic_s() > deadline_s:
                return found
            say(f"under way: {found.named()}")
            pause(3)

    def _report(self, found: FaultTally) -> None:
        journals, stored = self.reading.journals(), self.reading.stored()
        self.told.figures |= self._line(found, len(journals.expected), self._recovery_s()) | happened(stored)
        decided_s, filled_s = self.reading.longest_waits()
        say(f"longest wait for a decision {decided_s:.1f} s, for a fill {filled_s:.1f} s")
        failures = self.told.failures
        if found.counts or found.cents_off != "0":
            failures.append(f"{found.cents_off} cents off; {found.named() or 'nothing lost or doubled'}")
        if missed := blind_spots(journals, stored):
            failures.append(f"the count is blind: it did not find {', '.join(missed)}")
        if (state := self.reading.trading_state()) != "ACTIVE":
            failures.append(f"trading is {state}: a check halted it, so the load after that proves nothing")
        failures += too_little(self.told.figures)
        for command in (("audit_books", "--grace", "0"), ("rebuild_books", "--check")):
            done = self.system.manage(*command)
            say((done.stdout + done.stderr).strip())
            if done.returncode:
                failures.append(f"{command[0]} found something wrong: {(done.stdout or done.stderr).strip()}")

    def _recovery_s(self) -> float:
        """p95 over the random kills. At the crash points all services of the chain die at once, on purpose."""
        recoveries = self.reading.recoveries([kill for kill in self.killer.kills if not kill.at_crash_point])
        for seconds, kill in recoveries[:5]:
            say(f"{kill.service}, killed at {from_seconds(kill.at_s):%H:%M:%S}, worked again after {seconds:.1f} s")
        seconds_each = [seconds for seconds, _ in recoveries]
        if seconds_each:
            say(f"half of the killed services worked again within {statistics.median(seconds_each):.1f} s")
        return self.p95(seconds_each)

    def _line(self, found: FaultTally, signals: int, recovery_s: float) -> dict[str, Any]:
        return {
            "topology": self.options.topology,
            "workers_of_each": self.options.workers,
            "kills": len(self.killer.kills),
            "kills_by_service": dict(Counter(kill.service for kill in self.killer.kills)),
            "crash_points": self.killer.crash_points,
            "server_faults": dict(self.faults.done),
            "not_done": [] if self.faults.disk else ["fill_disk: only root can mount a disk of its own"],
            "redis_restarts": self.faults.redis_restarts,
            "postgres_restarts": self.faults.postgres_restarts,
            "restarted_by_supervisor": {server.name: server.restarts for server in self.system.servers.own},
            "signals": signals,
            "lost": found.lost,
            "double": found.double,
            "wrong_by_kind": found.counts,
            "cents_off": found.cents_off,
            "recovery_s_p95": recovery_s,
        }

    def _keep_logs(self) -> None:
        if self.options.keep_logs:
            shutil.copytree(self.system.folder.logs, self.options.keep_logs, dirs_exist_ok=True)


def happened(stored: StoredRows) -> dict[str, Any]:
    """How much took place at all: fills, decisions by reason code, and the share of them that let something through."""
    reasons = Counter(reason for _, _, reason, _ in stored.decided)
    passed = sum(outcome in PASSED for _, outcome, _, _ in stored.decided)
    return {
        "fills": len(stored.fills),
        "approved_share": round(passed / len(stored.decided), 3) if stored.decided else None,
        "decisions": dict(reasons.most_common()),
    }


def too_little(figures: dict[str, Any]) -> list[str]:
    """Why so little happened that nothing could have been lost; empty when enough did."""
    share = figures["approved_share"]
    if share is not None and share >= PASSED_LEAST and figures["fills"]:
        return []
    reasons = ", ".join(f"{count} {code}" for code, count in figures["decisions"].items()) or "none"
    return [
        f"{figures['fills']} fills, share {share} of the decisions let anything through, {PASSED_LEAST} must: {reasons}"
    ]


if __name__ == "__main__":
    sys.exit(main())
