"""The dashboard's figures, each with what it must be. `docs/measurements.md` says how each is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.targets import Line, Target

# Of each part: name, unit, and what it must be; None is told and not judged.
BOUNDS: dict[str, tuple[tuple[str, str, float | None], ...]] = {
    "weight": (("overview_kb_gz", "KB, fonts apart", 160), ("fcp_ms", "ms", 800)),
    "page": (
        ("main_thread_pct_500", "% of the page's thread", 20),
        # The same in processor time: who waits for a processor is not busy.
        ("main_thread_cpu_pct_500", "% of a processor", None),
        ("event_to_dom_p95_ms", "ms", 150),
        ("heap_growth_mb_100s", "MB", 2),
        ("nodes_growth", "DOM nodes", None),
    ),
    "trades": (("trades_2000_interactive_ms", "ms", 1000), ("trades_queries", "queries", 12)),
    "clients": (
        ("clients_200_p99_ms", "ms", 250),
        ("cpu_us_per_frame", "µs", 15),
        ("slow_client_effect_pct", "%", 10),
    ),
}


def judged(line: Line, parts: list[str]) -> dict[str, dict[str, Any]]:
    """Every figure of these parts by name: its value beside what it must be, and whether it is met."""
    rows = [row for part in parts for row in BOUNDS[part]]
    return {name: Target(name=name, unit=unit, read=_read(name), must=must).judged(line) for name, unit, must in rows}


def _read(name: str) -> Callable[[Line], Any]:
    return lambda line: line[name]
