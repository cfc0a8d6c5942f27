"""This checkout against another one, in turns on the same machine: `make bench BASE=/path/to/checkout`.

Each runs its own bench in its own folder, with its own `.venv` where it has one: latencies of one rate at a time, base
and ours one after the other, as often as `rounds` says. Told are the medians and ours ÷ base, of the times and of the
times in floors, which leave out what the machine did meanwhile. A run of which less than 99 % was filled counts for
nothing, whatever its own bench says of it. A bench as old as 3691f1f keeps its strategy in a
table, under limits that refuse its own load: those that stop a load are opened there as they are here.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from cdb_site.local.folders import CHECKOUT
from cdb_site.local.signals import undisturbed
from proofs.rig.program import ProgramResult, end_process
from proofs.rig.strategy import OPEN_LIMITS
from proofs.rig.waiting import say

FILLED_LEAST = 0.99
BENCH = """import json, sys
from benchmarks import bench
getattr(bench, "STRATEGY", {}).update(json.loads(sys.argv[1]))
sys.exit(bench.main(sys.argv[2:]))"""
FILLED = re.compile(r"^(\d+)/s\b.*?: (\d+) of (\d+) filled", re.M)
Run = dict[str, float]


def versus(base: Path, rates: Sequence[int], seconds: float, rounds: int, told: ProgramResult) -> dict[str, Any]:
    """By rate: medians of both, and ours ÷ base; null where a checkout had no run that counts."""
    compared: dict[str, Any] = {}
    for rate in rates:
        runs: dict[str, list[Run]] = {"base": [], "ours": []}
        for _ in range(rounds):
            for name, checkout in (("base", base), ("ours", CHECKOUT)):
                run = latency_of(checkout, rate, seconds)
                if isinstance(run, str):
                    told.failures.append(f"{name} at {rate}/s: {run}")
                else:
                    runs[name].append(run)
        compared[str(rate)] = compare(runs["base"], runs["ours"])
        say(f"{rate}/s, ours and base: {compared[str(rate)]}")
    return {"versus_base": compared}


def compare(base: Sequence[Run], ours: Sequence[Run]) -> dict[str, Any]:
    medians = {name: _medians(runs) for name, runs in (("base", base), ("ours", ours))}
    then, now = medians["base"], medians["ours"]
    ratios = {key: round(now[key] / then[key], 3) for key in then if key in now and then[key]}
    return medians | {"ratio": ratios or None}


def _medians(runs: Sequence[Run]) -> Run:
    keys = runs[0] if runs else ()
    return {key: round(statistics.median(run[key] for run in runs), 2) for key in keys}


def latency_of(checkout: Path, rate: int, seconds: float) -> Run | str:
    """What the bench of that checkout says of one rate, or why it counts for nothing."""
    python = checkout / ".venv" / "bin" / "python"
    command = [
        str(python if python.exists() else sys.executable), "-c", BENCH, orjson.dumps(OPEN_LIMITS).decode(),
        "--only", "signals", "--skip-sustained", "--rates", str(rate), "--seconds", str(seconds),
    ]  # fmt: skip
    with undisturbed():
        bench = subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said, log = bench.communicate()
    except BaseException:
        with undisturbed():
            end_process(bench)
        raise
    print(log, file=sys.stderr, end="", flush=True)
    return read_latency(said, log, rate)


def read_latency(said: str, log: str, rate: int) -> Run | str:
    """From the last line of a bench and its log, of any version."""
    counted = {int(number): int(filled) / int(sent) for number, filled, sent in FILLED.findall(log) if int(sent)}
    if counted.get(rate, 0.0) < FILLED_LEAST:
        return f"{counted.get(rate, 0.0):.1%} of its signals were filled, {FILLED_LEAST:.0%} are needed"
    try:
        line = orjson.loads(said.splitlines()[-1])
        fill, browser, floor_ms = (line[key] for key in ("tick_to_fill_ms", "tick_to_browser_ms", "floor_ms"))
        return {
            "fill_p50_ms": fill[str(rate)]["p50"],
            "fill_p99_ms": fill[str(rate)]["p99"],
            "browser_p50_ms": browser[str(rate)]["p50"],
            "browser_p99_ms": browser[str(rate)]["p99"],
            "floor_ms": floor_ms,
            "fill_p50_floors": fill[str(rate)]["p50"] / floor_ms,
        }
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        return f"its last line says no latency ({problem!r})"
