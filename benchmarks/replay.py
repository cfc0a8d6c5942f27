"""How fast a replay is and how exact: one function for each group of figures, in a process of its own.

    load        candles a second from the database, and from kept files
    peers       candles a second of the peers' rule, and rows that differ from an oracle in fractions
    year        candles a second of decided years, one decision, one set of limits, differences to the slow replay

Differences and disagreements of all groups are added up; every other figure has a name of its own. A migrated, empty
database is there. The memory is the most that the process had at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.replay_load import load_figures
from benchmarks.replay_peers import peers_figures
from benchmarks.replay_year import year_figures
from proofs.rig.waiting import say

ADDED_UP = ("oracle_differences", "disagreements")
GROUPS: tuple[Callable[[], dict[str, Any]], ...] = (
    peers_figures,
    load_figures,
    year_figures,
)


def replay_figures(groups: Sequence[Callable[[], dict[str, Any]]] = GROUPS) -> dict[str, Any]:
    """The figures of all groups, and the memory. Raises ValueError where two groups give one figure."""
    figures: dict[str, Any] = {}
    for group in groups:
        found = group()
        say(f"replay: {found}")
        for name in ADDED_UP:
            if name in found:
                figures[name] = figures.get(name, 0) + found.pop(name)
        if twice := figures.keys() & found.keys():
            raise ValueError(f"{group.__name__}: {', '.join(sorted(twice))} is another group's figure too")
        figures |= found
    return figures | {"rss_mb": most_memory_mb()}


def most_memory_mb() -> int | None:
    """The most memory this process had; None where the system does not tell. A child's rusage would begin with its
    parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
    return int(lines["VmHWM"].split()[0]) // 1024
