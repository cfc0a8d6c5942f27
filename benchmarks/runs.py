"""One measurement of the bench on a system of its own, in a process of its own: `python -m benchmarks.runs KIND ...`.

A fresh system for each: what an overload leaves behind can spoil nothing, and a process knows one database only. The
bench starts these and judges what they tell. Real services, validators on, own servers in a temporary folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.venue_latency import venue_latency
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES, in_one_lane
from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.strategy import STRATEGY
from proofs.rig.waiting import expect

SIGNAL_SERVICES = ("signal", "risk", "execution", "signal_gen", "dashboard")
PAGE_SERVICES = ("ws", "dashboard")
# The audit decides the newest decisions again, too.
CHECKS = (("audit_books", "--grace", "0"), ("rebuild_books", "--check"))


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)

    def work(told: ProgramResult) -> None:
        told.figures |= KINDS[options.kind](options)

    return run_program(f"bench, {options.kind}", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--rate", type=int, default=20, help="signals per second (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=15, help="length of the run (default %(default)s)")
    parser.add_argument("--symbols", type=int, default=30, help="of the footprint (default %(default)s)")
    parser.add_argument(
        "--topology",
        choices=("together", "apart"),
        default="together",
        help="signal, risk and execution in one process or in three (default %(default)s)",
    )
    return parser.parse_args(arguments)


@contextmanager
def _system(services: Sequence[str], overrides: Mapping[str, str], *, together: bool = True) -> Iterator[System]:
    rows = [service for service in SERVICES if service.name in services]
    chosen = in_one_lane(rows) if together else rows
    with running_system("bench", env_overrides={"LOG_LEVEL": "WARNING", **overrides}, services=chosen) as system:
        enter(system.env)
        yield system


@contextmanager
def _signal_system(options: argparse.Namespace) -> Iterator[System]:
    with _system(SIGNAL_SERVICES, STRATEGY, together=options.topology == "together") as system:
        system.wait_live(["dashboard", "signal", "risk", "execution"])
        yield system


def _clean(system: System, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures, where books, their derivation from the fills and the newest decisions hold; else Unmet."""
    for command in CHECKS:
        done = system.manage(*command)
        expect(done.returncode == 0, f"{command[0]} found something wrong: {(done.stdout or done.stderr).strip()}")
    return dict(figures)


def _latency(options: argparse.Namespace) -> dict[str, Any]:
    with _signal_system(options) as system:
        from benchmarks.latency import latency

        return _clean(system, latency(system, options.rate, options.seconds))


def _attempt(options: argparse.Namespace) -> dict[str, Any]:
    with _signal_system(options) as system:
        from benchmarks.latency import attempt

        run = attempt(system, options.rate, options.seconds)
        # Of a rate that is not held much is still under way, which says nothing of the books.
        return _clean(system, run) if run["filled"] == run["sent"] else run


def _burst(options: argparse.Namespace) -> dict[str, Any]:
    with _signal_system(options) as system:
        from benchmarks.latency import burst

        return _clean(system, burst(system))


def _overload(options: argparse.Namespace) -> dict[str, Any]:
    with _signal_system(options) as system:
        from benchmarks.overload import overload

        return _clean(system, overload(system, options.rate, options.seconds))


def _venue(options: argparse.Namespace) -> dict[str, Any]:
    return venue_latency(options.seconds)


def _growth(_: argparse.Namespace) -> dict[str, Any]:
    with _system((), STRATEGY) as system:
        from benchmarks.growth import growth

        return dict(growth(system))


def _candles(_: argparse.Namespace) -> dict[str, Any]:
    with _system((), {}):
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
        from benchmarks.ticks import TickToPage

        return dict(TickToPage(system, exchange).run(options.seconds))


def _footprint(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.footprint import footprint

    return footprint(options.symbols)


def _start(_: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.warm_start import warm_start

    return dict(warm_start())


def _replay(_: argparse.Namespace) -> dict[str, Any]:
    with _system((), {}):
        from benchmarks.replay import replay_figures

        return replay_figures()


KINDS = {
    "latency": _latency,
    "attempt": _attempt,
    "burst": _burst,
    "overload": _overload,
    "venue": _venue,
    "growth": _growth,
    "candles": _candles,
    "page": _page,
    "footprint": _footprint,
    "start": _start,
    "replay": _replay,
}


if __name__ == "__main__":
    sys.exit(main())
