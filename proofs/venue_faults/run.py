"""`make faults SUITE=execution`: each fault of the exchange's trading side, with a worker killed at each crash point.

The demo with VENUE=MEXC in a temporary folder: signed orders at the simulated exchange, two workers of the chain. Each
fault holds while every worker is armed to die where it comes next: before an order is sent, after it was sent, before
and after its answer is committed, after it was told. At the end the exchange's own journal is compared with the books.
One JSON line last; exit 1 unless no order was placed twice, no trade is missing, invented or different, every balance
is the books' to the last digit, and every fault was met by orders.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cdb_site.clock import SYSTEM
from cdb_site.local.children import Backoff, Runnable
from cdb_site.local.system import System, running_system
from cdb_site.local.twins import Twin
from cdb_site.services import SERVICES, Lane, in_one_lane
from mexc_sim.faults.client import FaultClient
from proofs.faults.kills import Killer
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.strategy import OPEN_LIMITS
from proofs.rig.waiting import Unmet, pause, say, wait_for
from proofs.venue_faults.count import VenueTally, blind_spots, tally
from proofs.venue_faults.sides import books_side, exchange_side, held_by_the_audit, last_look

FAULTS: tuple[tuple[str, dict[str, float]], ...] = (
    ("order_no_answer", {}),
    ("order_no_answer", {"placed": 0}),
    ("order_late_answer", {"after_s": 4}),
    ("order_code_200", {}),
    ("order_code_200", {"placed": 0}),
    ("fill_then_disconnect", {}),
    ("pushes_twice", {}),
    ("pushes_reordered", {"ms": 800}),
    ("pushes_lost", {}),
    ("trades_lack_newest", {"late_s": 3}),
    ("rest_429", {"share": 0.05}),
    ("rest_5xx", {"share": 0.1}),
    ("clock_skew", {"skew_s": 20}),
)
POINTS = ("before_send", "after_send", "before_commit", "after_commit", "after_publish")
# A strategy that trades all the time on tiny positions: every candle of a minute, six seconds at this rate.
TRADING = OPEN_LIMITS | {
    "MAX_POSITION_PCT": "0.002",
    "MAX_CLOCK_SKEW_S": "60",  # else the breaker lets nothing through that the exchange could find a time wrong of
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.0002",
    "SIGNAL_EXIT_PCT": "0",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "30",
    "SIM_RATE": "10",
    "LOG_LEVEL": "INFO",
}
HELD_S, SETTLE_S, TRADES_S, MET_S = 600.0, 180.0, 120.0, 60.0
MET_LEAST = 5
TOLD_LINES = 40


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make faults SUITE=execution", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="each fault with one crash point instead of all")
    parser.add_argument("--only", choices=sorted({kind for kind, _ in FAULTS}), help="one fault alone")
    parser.add_argument("--seed", type=int, default=1, help="seed of the market and of who dies (default %(default)s)")
    options = parser.parse_args(arguments)
    processes = in_one_lane(SERVICES)
    services: list[Runnable] = [*processes, *(Twin(one) for one in processes if isinstance(one, Lane))]

    def work(told: ProgramResult) -> None:
        with running_system(
            "venue-faults",
            given={"VENUE": "MEXC"},
            env_overrides=TRADING | {"SIM_SEED": str(options.seed)},
            services=services,
            backoff=Backoff(first_s=0.1, most_s=0.5),
        ) as system:
            _VenueFaultRun(system, options, told).run()

    return run_program("faults of the venue", work)


class _VenueFaultRun:
    """One run on a running system."""

    def __init__(self, system: System, options: argparse.Namespace, told: ProgramResult) -> None:
        self.system, self.options, self.told = system, options, told
        self.killer = Killer(system, random.Random(options.seed))
        self.faults = FaultClient(system.env["MEXC_REST_URL"])
        self.met: dict[str, int] = {}
        self.audit_holds = 0

    def run(self) -> None:
        self.system.wait_live(("execution", "ws", "rest"))
        wait_for(lambda: bool(exchange_side(self.system).trades), "the first trade at the exchange", TRADES_S)
        for number, (kind, options) in enumerate(FAULTS):
            if self.options.only not in (None, kind):
                continue
            points = (POINTS[number % len(POINTS)],) if self.options.quick else POINTS
            try:
                self._under(kind, options, points)
            except Unmet:
                self._tell_how_it_stands()
                raise
        say("all faults are over; what is under way comes to its end")
        found = self._settled()
        self._report(found)

    def _under(self, kind: str, options: dict[str, float], points: Sequence[str]) -> None:
        name = " ".join([kind, *(f"{key}={value:g}" for key, value in options.items())])
        before = self._placed()
        fault = self.faults.order(kind, seconds=HELD_S, **options)
        try:
            for point in points:
                self._crash_at(point)
            if "placed" not in options:
                self._resume()
                wait_for(lambda: self._placed() - before >= MET_LEAST, f"{MET_LEAST} orders that met {name}", MET_S)
        finally:
            with suppress(Exception):
                self.faults.end(fault)
        self.met[name] = self._placed() - before
        say(f"{name}: {self.met[name]} orders arrived, workers died {', '.join(points)}")

    def _crash_at(self, point: str) -> None:
        """Nothing is sent while the audit holds trading: then a worker dies there when an operator has resumed."""
        self._resume()
        try:
            self.killer.crash("execution", point)
        except Unmet:
            if not self._resume():
                raise
            self.killer.crash("execution", point)

    def _resume(self) -> bool:
        """As an operator would: where the audit holds trading because orders lay about while all workers were killed
        over and over, once it finds nothing any more. False when it does not hold."""
        if not held_by_the_audit(self.system):
            return False
        wait_for(lambda: self._did("audit_books", "--grace", "120"), "an audit that finds nothing", SETTLE_S)
        self.system.manage("resume_trading", "--by", "proof", "--reason", "the audit finds nothing any more")
        if held_by_the_audit(self.system):
            raise Unmet("trading that the audit held was not resumed")
        self.audit_holds += 1
        return True

    def _did(self, *command: str) -> bool:
        return self.system.manage(*command).returncode == 0

    def _tell_how_it_stands(self) -> None:
        """What an operator would look at first, and the last lines of each log: the folder is gone afterwards."""
        done = self.system.manage("status")
        say((done.stdout + done.stderr).strip())
        for path in sorted(self.system.folder.logs.glob("*.log")):
            say(f"{path.name}:\n{chr(10).join(path.read_text(errors='replace').splitlines()[-TOLD_LINES:])}")

    def _placed(self) -> int:
        return len(exchange_side(self.system).orders)

    def _settled(self) -> VenueTally:
        """Wait until nothing is under way and both sides say the same, at most SETTLE_S; what differs then differs."""
        deadline_s = SYSTEM.monotonic_s() + SETTLE_S
        self.system.manage("halt_trading", "--by", "proof", "--reason", "the run is over")
        while True:
            found = tally(exchange_side(self.system), books_side(self.system))
            if found.clean or SYSTEM.monotonic_s() > deadline_s:
                return found
            say(f"under way: {found.named()}")
            pause(3)

    def _report(self, found: VenueTally) -> None:
        exchange, books = exchange_side(self.system), books_side(self.system)
        self.told.figures |= self._line(found, len(exchange.orders), len(exchange.trades))
        failures = self.told.failures
        if not found.clean:
            failures.append(found.named())
        if missed := blind_spots(exchange, books):
            failures.append(f"the count is blind: it did not find {', '.join(missed)}")
        wait_for(lambda: last_look(self.system) is not None, "a look of execution's at the exchange", 150)
        if (look := last_look(self.system)) != ("EVEN", []):
            failures.append(f"execution's last look at the exchange found {look}")
        for command in (("audit_books", "--grace", "0"), ("rebuild_books", "--check")):
            done = self.system.manage(*command)
            say((done.stdout + done.stderr).strip())
            if done.returncode:
                failures.append(f"{command[0]} found something wrong: {(done.stdout or done.stderr).strip()}")

    def _line(self, found: VenueTally, orders: int, trades: int) -> dict[str, Any]:
        return {
            "suite": "execution",
            "workers": 2,
            "faults": len(FAULTS),
            "kills_at_crash_points": len(self.killer.kills),
            "crash_points": list(POINTS),
            "orders_at_venue": orders,
            "trades_at_venue": trades,
            "orders_met": self.met,
            "audit_holds_resumed": self.audit_holds,
            **found.counts,
        }


if __name__ == "__main__":
    sys.exit(main())
