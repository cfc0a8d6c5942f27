"""A search of 216 sets on a seeded year of minutes of thirty symbols: how long it takes on all cores.

    python -m benchmarks.replay_search             one JSON line last: seconds by the clock, and of processor

Three thresholds, two exits, three numbers of ranks, three stops and four sizes of a position; at the first threshold a
BUY crosses once in 500 to 800 candles. The best set is decided too. Where numba is installed the loop is compiled
first and the compiled code kept, which is told apart; without it the same loop is Python.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.replay_year import USUAL, year, year_settings
from proofs.rig.waiting import say
from replay.rules.account import play
from replay.rules.compiled import COMPILES
from replay.rules.grid import CandleGrid
from replay.rules.parameter_space import playable, space_of
from replay.rules.quick import try_set
from replay.rules.search_result import SearchResult
from replay.search import SearchMeans, SearchPlan, search

VARIED = (
    "THRESHOLD=0.01,0.012,0.014", "EXIT=0,-0.002", "TOP_N=5,10,20",
    "STOP_LOSS_PCT=0.01,0.02,0.04", "MAX_POSITION_PCT=0.02,0.05,0.1,0.15",
)  # fmt: skip
FIRST = ("THRESHOLD=0.01,0.012",)
WORKERS = os.cpu_count() or 1


def main() -> int:
    grid = year(USUAL)
    with TemporaryDirectory() as folder:
        begun = time.perf_counter()
        if COMPILES:
            _searched(grid, FIRST, Path(folder))
        compiled_s = time.perf_counter() - begun
        begun, before = time.perf_counter(), _processor_s()
        found = _searched(grid, VARIED, Path(folder))
        took_s, processor_s = time.perf_counter() - begun, _processor_s() - before
    told: dict[str, Any] = {
        "sets": len(found.figures),
        "compiled": COMPILES,
        "workers": WORKERS,
        "search_s": round(took_s, 1),
        "processor_s": round(processor_s, 1),
        "first_search_of_two_sets_s": round(compiled_s, 1) if COMPILES else None,
    }
    print(json.dumps(told))
    return 0 if len(found.figures) == found.sets else 1


def _searched(grid: CandleGrid, varied: tuple[str, ...], folder: Path) -> SearchResult:
    settings, space = year_settings(grid), space_of(varied)
    places, _ = playable(space, space.grid(), settings)
    plan = SearchPlan(settings=settings, space=space, places=places, sets=space.size, objective="SHARPE")
    begun = time.perf_counter()

    def progress(done: int, total: int) -> None:
        say(f"{done} of {total} sets, {time.perf_counter() - begun:.1f} s")

    means = SearchMeans(
        folder=folder, workers=WORKERS, try_set=try_set, play=play, revision="measured", progress=progress
    )
    return search(grid, None, plan, means)


def _processor_s() -> float:
    """Of this process and of those it waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


if __name__ == "__main__":
    sys.exit(main())
