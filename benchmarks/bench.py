"""`make bench`: latency and throughput of this machine, in parts. One JSON line last, its `figures` judged.

    signals   tick → fill and tick → browser latency, sustained rate, burst, overload, processor and WAL of a signal
    venue     tick → fill over signed orders at the simulated exchange, its stream and its limits
    growth    a batch of signals in a house of 300,000 orders, against the same in an empty one
    ws        messages a second and CPU per message of the WS screener, and of ccxt under the same flood
    candles   candles stored a second
    page      book ticker → quote on the page
    start     seconds until a stopped demo is there again
    footprint memory and processor time of the whole demo that just stands, at 30 and at all symbols
    replay    candles a second of a replay on one core, its exactness, its memory
    recovery  seconds until a killed service works again: `make faults ARGS=--quick`

Each rate runs on a fresh system (`benchmarks.runs`), in open loop: latency is told from the schedule, and against the
floor of this machine in the same minutes. A figure whose signals were not all but filled is refused: it is null, the
sentence on stderr says how many were and why not, and the exit code is 1. After each run books and decisions are
checked. `--quick` is one short rate. `--base` names another checkout, which is timed in turns with this one.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import targets
from benchmarks.flood import run as flood
from benchmarks.versus import versus
from proofs.rig.program import ProgramResult, run_part, run_program
from proofs.rig.waiting import Unmet, say

RUNS, FAULTS = "benchmarks.runs", "proofs.faults.run"
FILLED_LEAST = 0.99
# A busy build machine may lose a moment, never the load.
FILLED_LEAST_QUICK = 0.90
QUICK = {"only": ["signals"], "rates": [20], "seconds": 20.0, "skip_sustained": True}
LATE_MOST_S = 0.2
OVERLOADED_S, VENUE_S = "30", "60"
FOOTPRINT_SYMBOLS = (30, 58)
TOPOLOGIES = ("together", "apart")
ATTEMPTS = 5
FASTER, SLOWER, REACHED = 1.25, 0.8, 0.9


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)

    def work(told: ProgramResult) -> None:
        for part in options.only:
            try:
                told.figures |= PARTS[part](options, told)
            except (Unmet, subprocess.SubprocessError) as problem:
                told.failures.append(f"{part}: {problem}")
        if options.base:
            told.figures |= versus(options.base, options.rates, options.seconds, options.base_rounds, told)
        told.figures["figures"] = targets.judged(told.figures)
        say(targets.told(told.figures["figures"]))

    return run_program("bench", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=f"parts, of {','.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="20 signals a second for 20 seconds, nothing else")
    parser.add_argument("--seconds", type=float, default=15, help="length of each latency run (default %(default)s)")
    parser.add_argument("--sustained-seconds", type=float, default=30, help="length of a throughput run")
    parser.add_argument("--rates", type=_rates, default=[20, 50, 200], help="signals per second of the latency runs")
    parser.add_argument(
        "--topology",
        choices=TOPOLOGIES,
        help="signal, risk and execution in one process or in three (default: together, then latencies apart)",
    )
    parser.add_argument("--start-rate", type=int, default=1000, help="first sustained rate tried")
    parser.add_argument("--skip-sustained", action="store_true", help="leave out throughput, burst and overload")
    parser.add_argument("--pairs", type=int, default=5, help="runs of ours and ccxt each (default %(default)s)")
    parser.add_argument("--messages", type=int, default=40_000, help="of each kind in a flood (default %(default)s)")
    parser.add_argument("--base", type=_checkout, metavar="DIR", help="another checkout, timed in turns with this one")
    parser.add_argument("--base-rounds", type=int, default=2, help="runs of each rate of both (default %(default)s)")
    options = parser.parse_args(arguments)
    options.filled_least = FILLED_LEAST_QUICK if options.quick else FILLED_LEAST
    if options.quick:
        vars(options).update(QUICK)
    return options


def _checkout(text: str) -> Path:
    folder = Path(text).resolve()
    if not (folder / "benchmarks" / "bench.py").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no checkout: it has no benchmarks/bench.py")
    return folder


def _parts(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no part; there are {', '.join(PARTS)}")
    return chosen


def _rates(text: str) -> list[int]:
    rates = [int(item) if item.isdigit() else 0 for item in text.split(",")]
    if not all(rates):
        raise argparse.ArgumentTypeError(f"expected whole numbers from 1, such as 20,50, got {text!r}")
    return rates


def _signals(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    chosen = options.topology or TOPOLOGIES[0]
    figures = {"topology": chosen} | _latencies(options, told, chosen)
    if not options.skip_sustained:
        figures |= sustained(options, told)
        burst = run_part(told, RUNS, "burst", "--topology", chosen)
        figures["burst_2500_candles_last_fill_s"] = burst.get("last_fill_s")
        if held := figures["signals_per_s_sustained"]:
            overloaded = ("--rate", str(held), "--seconds", OVERLOADED_S, "--topology", chosen)
            figures["overload"] = run_part(told, RUNS, "overload", *overloaded)
        if options.topology is None:
            figures["apart"] = _latencies(options, told, "apart")
    return figures


def _latencies(options: argparse.Namespace, told: ProgramResult, topology: str) -> dict[str, Any]:
    to_fill, to_browser, shares, floors, processor, wal = {}, {}, {}, {}, {}, {}
    for rate in options.rates:
        asked = ("--rate", str(rate), "--seconds", str(options.seconds), "--topology", topology)
        run = run_part(told, RUNS, "latency", *asked)
        known = accepted(run, options.filled_least, told)
        to_fill[str(rate)] = run["to_fill_ms"] if known else None
        to_browser[str(rate)] = run["to_browser_ms"] if known else None
        processor[str(rate)] = run["cpu_us"] if known else None
        wal[str(rate)] = run["wal_kb"] if known else None
        floors[str(rate)] = run.get("floor_ms")
        shares[str(rate)] = share(run)
    probed = [floor_ms for floor_ms in floors.values() if floor_ms]
    return {
        "floor_ms": round(statistics.median(probed), 2) if probed else None,
        "floors_ms": floors,
        "tick_to_fill_ms": to_fill,
        "tick_to_browser_ms": to_browser,
        "signals_filled_share": shares,
        "cpu_us": processor,
        "wal_kb": wal,
    }


def accepted(run: dict[str, Any], least: float, told: ProgramResult) -> bool:
    """Whether enough of a run's signals were filled for its figures to mean something; else the sentence is told."""
    filled = share(run)
    if filled is None:
        return False
    if filled < least:
        counted = ", ".join(f"{count} {code}" for code, count in run["reasons"].items())
        told.failures.append(
            f"{run['filled']} of {run['sent']} signals were filled at {run['rate']}/s, {least:.0%} are needed; "
            f"decisions: {counted or 'none'}"
        )
    return filled >= least


def share(run: dict[str, Any]) -> float | None:
    """Fills per signal; None of a run that did not come to its load."""
    return round(run["filled"] / run["sent"], 4) if run.get("sent") else None


def sustained(
    options: argparse.Namespace, told: ProgramResult, run_once: Callable[..., dict[str, Any]] = run_part
) -> dict[str, Any]:
    """The highest rate tried that was held for the whole run, and what a signal cost there.

    From the start rate down, to what the system reached, until one is held; from there upwards while it is held, below
    every rate that was not: an overload tells little of what could be held.
    """
    held: dict[str, Any] | None = None
    beyond = math.inf
    rate, tried = options.start_rate, []
    for _ in range(ATTEMPTS):
        asked = ("--rate", str(rate), "--seconds", str(options.sustained_seconds))
        run = run_once(told, RUNS, "attempt", *asked, "--topology", options.topology or TOPOLOGIES[0])
        if share(run) is None:
            break
        tried.append(f"{rate}/s ({share(run):.0%} filled, {run['late_s']} s late)")
        if _kept_up(run, options.filled_least):
            held, rate = run, int(rate * FASTER)
        elif held:
            break
        else:
            beyond = rate
            rate = max(1, int(min(rate * SLOWER, run["filled_per_s"] * REACHED)))
        if held and rate >= beyond:
            break
    if held is None:
        told.failures.append(
            f"no sustained rate was held, {LATE_MOST_S} s late at most; tried {', '.join(tried) or 'none'}"
        )
    say(f"sustained: {held and held['rate']} held of {', '.join(tried)}")
    return {
        "signals_per_s_sustained": held and held["rate"],
        "cpu_us_per_signal": held and held["cpu_us"],
        "wal_kb_per_signal": held and held["wal_kb"],
    }


def _kept_up(run: dict[str, Any], least: float) -> bool:
    """Filled, and at the end of the run not behind the schedule."""
    late_s = run["late_s"]
    return (share(run) or 0.0) >= least and late_s is not None and late_s <= LATE_MOST_S


def _ws(options: argparse.Namespace, _: ProgramResult) -> dict[str, Any]:
    return flood.measure(pairs=options.pairs, messages=options.messages)


def _candles(_: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return run_part(told, RUNS, "candles")


def _venue(_: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return {"venue": run_part(told, RUNS, "venue", "--seconds", VENUE_S)}


def _growth(_: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return run_part(told, RUNS, "growth")


def _start(_: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return run_part(told, RUNS, "start")


def _recovery(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    asked = ("--quick", "--topology", options.topology or TOPOLOGIES[0])
    return {"recovery_s_p95": run_part(told, FAULTS, *asked).get("recovery_s_p95")}


def _page(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return run_part(told, RUNS, "page", "--seconds", str(options.seconds))


def _footprint(_: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    standing = [run_part(told, RUNS, "footprint", "--symbols", str(count)) for count in FOOTPRINT_SYMBOLS]
    return {"footprint": standing}


def _replay(_: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return run_part(told, RUNS, "replay")


PARTS = {
    "signals": _signals,
    "venue": _venue,
    "growth": _growth,
    "ws": _ws,
    "candles": _candles,
    "page": _page,
    "start": _start,
    "footprint": _footprint,
    "replay": _replay,
    "recovery": _recovery,
}


if __name__ == "__main__":
    sys.exit(main())
