"""`make bench`: latency and throughput of this machine, in four parts. One JSON line last.

    signals   tick → fill and tick → browser latency, sustained rate, burst, CPU per signal
    ws        messages a second and CPU per message of the WS screener, and of ccxt under the same flood
    candles   candles stored a second
    page      book ticker → quote on the page

Own servers in a temporary folder, the real services, validators on. Load is open loop. For the signals candles of 400
symbols close on a fixed schedule, of which as many step as the rate asks for, half of them up (BUY) and half down
(SELL); the floor is probed all along, so that latency is told against what this machine can do in the same minutes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import django

from benchmarks import flood
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES

SIGNAL_SERVICES = ("signal", "risk", "execution", "signal_gen", "dashboard")
PAGE_SERVICES = ("ws", "dashboard")
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
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _options(given)
    if len(options.only) == 1:
        result = PARTS[options.only[0]](options)
    else:
        result = {key: value for part in options.only for key, value in _in_process(part, given).items()}
    print(json.dumps(result))
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=f"parts, of {','.join(PARTS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=15, help="length of each latency run (default %(default)s)")
    parser.add_argument("--sustained-seconds", type=float, default=30, help="length of a throughput run")
    parser.add_argument("--rates", default="20,50,200", help="signals per second of the latency runs")
    parser.add_argument("--start-rate", type=int, default=1000, help="first sustained rate tried")
    parser.add_argument("--skip-sustained", action="store_true", help="leave out throughput and burst")
    parser.add_argument("--pairs", type=int, default=5, help="runs of ours and ccxt each (default %(default)s)")
    parser.add_argument("--messages", type=int, default=40_000, help="of each kind in a flood (default %(default)s)")
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no part; there are {', '.join(PARTS)}")
    return chosen


def _in_process(part: str, arguments: Sequence[str]) -> dict[str, Any]:
    """One part in a process of its own: a process knows one database."""
    command = [sys.executable, "-m", "benchmarks.bench", *arguments, "--only", part]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _system(services: Sequence[str], overrides: Mapping[str, str]) -> AbstractContextManager[System]:
    chosen = [service for service in SERVICES if service.name in services]
    return running_system("bench", env_overrides={"LOG_LEVEL": "WARNING", **overrides}, services=chosen)


def _measuring(system: System, module: str) -> Any:
    """That module of the bench, in this system's environment."""
    os.environ.update(system.env)
    django.setup()
    return importlib.import_module(f"benchmarks.{module}")


def _signals(options: argparse.Namespace) -> dict[str, Any]:
    with _system(SIGNAL_SERVICES, STRATEGY) as system:
        measuring = _measuring(system, "measuring")
        system.wait_live(["dashboard", "signal", "risk", "execution"])
        return dict(measuring.Bench(system, options).run())


def _ws(options: argparse.Namespace) -> dict[str, Any]:
    return flood.measure(pairs=options.pairs, messages=options.messages)


def _candles(_: argparse.Namespace) -> dict[str, Any]:
    with _system((), {}) as system:
        return dict(_measuring(system, "candles").measure())


def _page(options: argparse.Namespace) -> dict[str, Any]:
    exchange = importlib.import_module("benchmarks.tick_exchange").TickExchange()
    exchange.start()
    exchange.serving.wait(10)
    address = f"127.0.0.1:{exchange.port}"
    urls = {"MEXC_REST_URL": f"http://{address}", "MEXC_WS_URL": f"ws://{address}/ws"}
    with _system(PAGE_SERVICES, urls) as system:
        ticks = _measuring(system, "ticks")
        return dict(ticks.TickToPage(system, exchange).run(options.seconds))


PARTS = {"signals": _signals, "ws": _ws, "candles": _candles, "page": _page}


if __name__ == "__main__":
    sys.exit(main())
