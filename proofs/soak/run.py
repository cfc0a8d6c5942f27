"""`make soak`: an hour of market time with a random fault every minute of it; then all candles must be the exchange's.

Own servers in a temporary folder; simulator, WS screener and REST screener as the real processes, sixty times as fast
as the clock. Stored candles are compared with the simulator's own: none missing, none different, none told twice; the
processes' memory must be level. `--recovery N` measures besides how soon silence is noticed, a lost socket is back and
REST fills in, N times each. One JSON line last; exit 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cdb_site.clock import SYSTEM
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES
from mexc_sim.faults.client import ControlProblem, FaultClient
from proofs.rig.memory import Memory
from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.waiting import Unmet, pause, say, wait_for
from proofs.soak.plan import orders

HOSTED = ("mexc_sim", "ws", "rest")
OVERRIDES = {"BACKFILL_CANDLES": "60", "LOG_LEVEL": "WARNING", "MAX_DATA_SILENCE_S": "3", "WS_SILENCE_S": "4"}
MINUTE_S = 60
WARM_UP_MINUTES = 5
SETTLE_S = 120.0
# Level: what the last third holds on average may exceed the first third's by so much.
GROWTH_MAX = 1.10
GROWTH_SLACK_MB = 8.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    services = [service for service in SERVICES if service.name in HOSTED]
    overrides = OVERRIDES | {"SIM_RATE": f"{options.rate:g}", "SIM_SEED": str(options.seed)}

    def work(told: ProgramResult) -> None:
        with running_system("soak", env_overrides=overrides, services=services) as system:
            enter(system.env)
            try:
                _Soak(system, options, told).run()
            except ControlProblem as problem:
                raise Unmet(str(problem)) from problem
            finally:
                if options.keep_logs:
                    shutil.copytree(system.folder.logs, options.keep_logs, dirs_exist_ok=True)

    return run_program("soak", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=int, default=60, help="market minutes with faults (default %(default)s)")
    parser.add_argument("--rate", type=float, default=60, help="market seconds per second (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of market and faults (default %(default)s)")
    parser.add_argument("--recovery", type=int, default=0, metavar="N", help="also measure recovery, N times each")
    parser.add_argument("--keep-logs", metavar="DIR", help="copy the services' logs there at the end")
    return parser.parse_args(arguments)


class _Soak:
    """One soak on a running system."""

    def __init__(self, system: System, options: argparse.Namespace, told: ProgramResult) -> None:
        self.system, self.options, self.told = system, options, told
        self.url = system.env["MEXC_REST_URL"]
        from marketdata import queries
        from proofs import candle_truth

        self.truth, self.queries = candle_truth, queries
        self.client = FaultClient(self.url)
        self.memory = Memory(system, HOSTED)

    def run(self) -> None:
        self.system.wait_live(HOSTED)
        wait_for(self.queries.universe, "the universe")
        self.symbols = self.queries.universe()
        self.time = self.truth.MarketTime(self.url)
        self.time.wait_until((self._minute() + WARM_UP_MINUTES) * MINUTE_S)
        if self.options.minutes:
            self.told.failures += self._faults()
        if self.options.recovery:
            from proofs.soak import recovery

            measured = recovery.Recovery(self.system, self.client, self.symbols).run(self.options.recovery)
            self.told.figures |= measured
            self.told.failures += recovery.failures(measured)

    def _faults(self) -> list[str]:
        """Order, wait until all is over, compare. Returns what does not hold."""
        first = self._minute()
        self.memory.start()
        kinds = self._order_minute_by_minute(first)
        last = self._minute() - 1
        self.memory.stop()
        self.client.end()
        deeds = self.client.report()["done"]
        compared = self._settled(first * MINUTE_S, last * MINUTE_S)
        before, after = self.memory.thirds()
        self.told.figures |= {
            "market_minutes": last - first + 1,
            "faults": sum(kinds.values()),
            "faults_by_kind": dict(sorted(kinds.items())),
            "candles": compared.candles,
            "missing": len(compared.missing),
            "different": len(compared.different),
            "twice": len(compared.twice),
            "untold": len(compared.untold),
            "settled_s": self.settled_s,
            "rss_mb_start": before,
            "rss_mb_end": after,
        }
        say(f"{compared}; memory {before} → {after} MB")
        idle = sorted(kind for kind in kinds if not sum(deeds.get(kind, {}).values()))
        failures = [] if compared.equal else [str(compared)]
        failures += [f"the fault {kind} never did anything" for kind in idle]
        return failures + [
            f"{name} grew from {before[name]} to {after[name]} MB"
            for name in HOSTED
            if after[name] > before[name] * GROWTH_MAX + GROWTH_SLACK_MB
        ]

    def _order_minute_by_minute(self, first: int) -> Counter[str]:
        kinds: Counter[str] = Counter()
        plan = orders(self.options.seed, self.symbols)
        for minute in range(first, first + self.options.minutes):
            self.time.wait_until(minute * MINUTE_S)
            body = next(plan)
            self.client.order(**body)
            kinds[body["kind"]] += 1
            if sum(kinds.values()) % 10 == 0:
                say(f"{sum(kinds.values())} faults ordered")
        return kinds

    def _settled(self, first_s: int, last_s: int) -> Any:
        """The comparison once it finds nothing, or the last one when that takes too long."""
        begun_s = SYSTEM.monotonic_s()
        while True:
            compared = self.truth.compare(self.url, self.symbols, "1m", first_s, last_s)
            self.settled_s = round(SYSTEM.monotonic_s() - begun_s, 1)
            if compared.equal or self.settled_s > SETTLE_S:
                return compared
            say(f"after {self.settled_s} s: {compared}")
            pause(2)

    def _minute(self) -> int:
        return int(self.time.now_s()) // MINUTE_S


if __name__ == "__main__":
    sys.exit(main())
