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
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import django

from benchmarks.flood import run
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES
from proofs.rig.strategy import STRATEGY

SIGNAL_SERVICES = ("signal", "risk", "execution", "signal_gen", "dashboard")
PAGE_SERVICES = ("ws", "dashboard")


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


def _enter(system: System) -> None:
    """Take this system's environment, so that what is imported next finds its servers."""
    os.environ.update(system.env)
    django.setup()


def _signals(options: argparse.Namespace) -> dict[str, Any]:
    with _system(SIGNAL_SERVICES, STRATEGY) as system:
        _enter(system)
        from benchmarks.latency import Bench

        system.wait_live(["dashboard", "signal", "risk", "execution"])
        return dict(Bench(system, options).run())


def _ws(options: argparse.Namespace) -> dict[str, Any]:
    return run.measure(pairs=options.pairs, messages=options.messages)


def _candles(_: argparse.Namespace) -> dict[str, Any]:
    with _system((), {}) as system:
        _enter(system)
        from benchmarks.candles import measure

        return dict(measure())


def _page(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.tick_exchange import TickExchange

    exchange = TickExchange()
    exchange.start()
    exchange.serving.wait(10)
    address = f"127.0.0.1:{exchange.port}"
    urls = {"MEXC_REST_URL": f"http://{address}", "MEXC_WS_URL": f"ws://{address}/ws"}
    with _system(PAGE_SERVICES, urls) as system:
        _enter(system)
        from benchmarks.ticks import TickToPage

        return dict(TickToPage(system, exchange).run(options.seconds))


PARTS = {"signals": _signals, "ws": _ws, "candles": _candles, "page": _page}


if __name__ == "__main__":
    sys.exit(main())
