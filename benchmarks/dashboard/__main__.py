"""`python -m benchmarks.dashboard`: how fast the dashboard is, in a real browser and for many. One JSON line last.

    weight   bytes of the overview for who comes first (fonts apart), and its first paint
    page     one overview under 500 events a second for 100 s: thread, time to the DOM, heap
    trades   the Trades page over 2,000 orders: until it can be used, and its queries
    clients  200 sockets under 500 events a second; one that stops reading, in turns

The real dashboard process on servers of its own in a temporary folder; what it shows is planted, and the events lie on
the streams in their own shapes. A figure whose events did not arrive is refused: it is null, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Error as PlaywrightError

from benchmarks import targets as lane
from benchmarks.dashboard.targets import BOUNDS, judged
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES
from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.waiting import Unmet, say


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)

    def work(told: ProgramResult) -> None:
        services = [service for service in SERVICES if service.name == "dashboard"]
        try:
            with running_system("bench", env_overrides={"LOG_LEVEL": "WARNING"}, services=services) as system:
                system.wait_live(["dashboard"])
                enter(system.owner_env)
                _measure(system, options, told)
        finally:
            told.figures["figures"] = judged(told.figures, options.only)
            for name in told.figures["figures"]:
                told.figures.setdefault(name, None)
            say(lane.told(told.figures["figures"]))

    return run_program("bench of the dashboard", work)


def _measure(system: System, options: argparse.Namespace, told: ProgramResult) -> None:
    from benchmarks.dashboard.planting import plant

    plant()
    say("planted")
    for part in options.only:
        try:
            told.figures |= PARTS[part](system, options)
        except (Unmet, PlaywrightError) as problem:
            told.failures.append(f"{part}: {problem}")


def _weight(system: System, options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.dashboard.browser import visitor
    from benchmarks.dashboard.weight import weight

    with visitor(system) as somebody:
        return weight(somebody, options.rounds)


def _page(system: System, options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.dashboard.browser import visitor
    from benchmarks.dashboard.page import busy_page

    with visitor(system) as somebody:
        return busy_page(somebody, options.rate, options.seconds)


def _trades(system: System, options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.dashboard.browser import visitor
    from benchmarks.dashboard.weight import trades_queries, trades_usable

    # Before the browser: beside its event loop nothing may be asked of the database.
    queries = trades_queries(system)
    with visitor(system) as somebody:
        return queries | trades_usable(somebody, options.rounds)


def _clients(system: System, options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.dashboard.crowd import crowd

    return crowd(system, options.rate, options.client_seconds, options.turns)


PARTS = {"weight": _weight, "page": _page, "trades": _trades, "clients": _clients}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dashboard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", type=_parts, default=list(BOUNDS), help=f"parts, of {','.join(BOUNDS)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="20 s instead of 100, one round, one pair of turns")
    options = parser.parse_args(arguments)
    quick = options.quick
    options.rate, options.seconds, options.rounds = 500, 20.0 if quick else 100.0, 1 if quick else 5
    options.client_seconds, options.turns = 8.0 if quick else 12.0, 1 if quick else 3
    return options


def _parts(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no part; there are {', '.join(PARTS)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
