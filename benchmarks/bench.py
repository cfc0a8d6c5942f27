"""`make bench`: tick → fill and tick → browser latency, sustained rate, burst, CPU per signal. One JSON line last.

Own servers in a temporary folder, the real services, validators on. Load is open loop: candles of 400 symbols close on
a fixed schedule, of which as many step as the rate asks for, half of them up (BUY) and half down (SELL). The floor is
probed all along, so that latency is told against what this machine can do in the same minutes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence

import django

from cdb_site.local.system import running_system
from cdb_site.services import SERVICES

HOSTED = ("signal", "risk", "execution", "signal_gen", "dashboard")
STRATEGY = {
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.01",
    "SIGNAL_EXIT_PCT": "-0.01",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "2500",
    "SIGNAL_TTL_S": "86400",
    "CROSS_SECTION_GRACE_S": "600",
    "UNIVERSE_SIZE": "2500",
    "STARTING_CASH": "1000000000",
    "MAX_POSITION_PCT": "0.0001",
    "MAX_EXPOSURE_PCT": "1",
    "MAX_PRICE_AGE_S": "60",
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15, help="length of each latency run (default %(default)s)")
    parser.add_argument("--sustained-seconds", type=float, default=30, help="length of a throughput run")
    parser.add_argument("--rates", default="20,50,200", help="signals per second of the latency runs")
    parser.add_argument("--start-rate", type=int, default=1000, help="first sustained rate tried")
    parser.add_argument("--skip-sustained", action="store_true", help="leave out throughput and burst")
    options = parser.parse_args(arguments)
    services = [service for service in SERVICES if service.name in HOSTED]
    with running_system("bench", env_overrides={**STRATEGY, "LOG_LEVEL": "WARNING"}, services=services) as system:
        os.environ.update(system.env)
        django.setup()
        system.wait_live(["dashboard", "signal", "risk", "execution"])
        measuring = importlib.import_module("benchmarks.measuring")
        print(json.dumps(measuring.Bench(system, options).run()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
