"""The figures of the lane that the last line of `make bench` names, each with what it must be and how far it could go.

`must`: what a release needs. `stretch`: what could be reached on two cores. None where nothing was set. A figure of a
refused run, or of a part that was left out, is null and meets nothing.
`docs/measurements.md` explains each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Line = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One figure: its name, its unit, where the line of the parts has it; `at_least`: more is better."""

    name: str
    unit: str
    read: Callable[[Line], Any]
    must: float | None = None
    stretch: float | None = None
    at_least: bool = False

    def judged(self, line: Line) -> dict[str, Any]:
        """The value beside its bounds; `met` is "stretch", "must", "no" or null: nothing measured, or no bound."""
        value = _found(self.read, line)
        return {"value": value, "unit": self.unit, "must": self.must, "stretch": self.stretch, "met": self._met(value)}

    def _met(self, value: float | None) -> str | None:
        bounds = [
            (word, bound) for word, bound in (("stretch", self.stretch), ("must", self.must)) if bound is not None
        ]
        if value is None or not bounds:
            return None
        for word, bound in bounds:
            if value >= bound if self.at_least else value <= bound:
                return word
        return "no"


def _found(read: Callable[[Line], Any], line: Line) -> float | None:
    try:
        found = read(line)
    except (KeyError, TypeError, IndexError, ZeroDivisionError):
        return None
    return None if found is None else round(float(found), 3)


def _floors(rate: str) -> Callable[[Line], Any]:
    return lambda line: line["tick_to_fill_ms"][rate]["p50"] / line["floors_ms"][rate]


def _named(key: str) -> Callable[[Line], Any]:
    return lambda line: line[key]


def _standing(key: str) -> Callable[[Line], Any]:
    """Of the smaller of the two demos that just stand."""
    return lambda line: line["footprint"][0][key]


TARGETS = (
    Target(name="fill_p50_floors_20", unit="× floor", read=_floors("20"), must=3.5, stretch=2.5),
    Target(name="fill_p50_floors_50", unit="× floor", read=_floors("50"), must=4, stretch=2.5),
    Target(name="fill_p50_ms_200", unit="ms", read=lambda line: line["tick_to_fill_ms"]["200"]["p50"],
           must=35, stretch=20),
    Target(name="fill_p99_ms_50", unit="ms", read=lambda line: line["tick_to_fill_ms"]["50"]["p99"],
           must=30, stretch=20),
    Target(name="browser_p50_ms_50", unit="ms", read=lambda line: line["tick_to_browser_ms"]["50"]["p50"],
           must=60, stretch=40),
    Target(name="browser_p99_ms_50", unit="ms", read=lambda line: line["tick_to_browser_ms"]["50"]["p99"],
           must=120, stretch=80),
    Target(name="held_per_s", unit="signals/s, ≤ 0.2 s late", read=lambda line: line["signals_per_s_sustained"],
           must=1000, stretch=2000, at_least=True),
    Target(name="burst_2500_s", unit="s", read=lambda line: line["burst_2500_candles_last_fill_s"],
           must=2.5, stretch=1.5),
    Target(name="processor_ms_saturated", unit="ms/signal", read=lambda line: line["cpu_us_per_signal"] / 1000,
           must=1.3, stretch=0.8),
    Target(name="processor_ms_50", unit="ms/signal", read=lambda line: line["cpu_us"]["50"] / 1000, must=8, stretch=5),
    Target(name="wal_kb_saturated", unit="KB/signal", read=lambda line: line["wal_kb_per_signal"], must=11, stretch=8),
    Target(name="wal_kb_50", unit="KB/signal", read=lambda line: line["wal_kb"]["50"]),
    Target(name="growth_ratio", unit="× empty house", read=lambda line: line["growth_ratio"], must=1.3, stretch=1.1),
    Target(name="pss_mb", unit="MB", read=_standing("pss_mb"), must=600, stretch=450),
    Target(name="idle_core_pct", unit="% of a core", read=_standing("core_pct"), must=7, stretch=4),
    Target(name="warm_start_s", unit="s", read=lambda line: line["warm_start_s"], must=5, stretch=3),
    Target(name="recovery_p95_s", unit="s", read=lambda line: line["recovery_s_p95"], must=2.5, stretch=1),
)  # fmt: skip

REPLAY = (
    Target(name="replay_oracle_differences", unit="rows", read=_named("oracle_differences"), must=0),
    Target(name="replay_disagreements", unit="events", read=_named("disagreements"), must=0),
    Target(name="replay_peers_per_s", unit="candles/s", read=_named("peers_5m_candles_per_s"),
           must=2.5e6, stretch=10e6, at_least=True),
    Target(name="replay_peers_decided_per_s", unit="candles/s", read=_named("peers_5m_decided_per_s"),
           must=0.7e6, at_least=True),
    Target(name="replay_us_per_decision", unit="µs", read=_named("us_per_decision"), must=28),
    Target(name="replay_year_per_s", unit="candles/s", read=_named("year_decided_per_s"), must=5e6, at_least=True),
    Target(name="replay_year_dense_per_s", unit="candles/s", read=_named("year_dense_decided_per_s"),
           must=2.2e6, at_least=True),
    Target(name="replay_ms_per_limit_set", unit="ms", read=_named("ms_per_limit_set"), must=40),
    Target(name="replay_load_rows_per_s", unit="candles/s", read=_named("load_rows_per_s"), must=0.8e6, at_least=True),
    Target(name="replay_cached_rows_per_s", unit="candles/s", read=_named("cached_rows_per_s"), must=8e6,
           at_least=True),
    Target(name="replay_rss_mb", unit="MB", read=_named("rss_mb"), must=1500),
)  # fmt: skip


def judged(line: Line) -> dict[str, dict[str, Any]]:
    """Every target by name."""
    return {target.name: target.judged(line) for target in (*TARGETS, *REPLAY)}


def told(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """A table for whoever reads the log, of what was measured."""
    rows = [
        f"  {name:<24} {_or_dash(row['value']):>10} {row['unit']:<24} must {_or_dash(row['must']):>6}"
        f"  stretch {_or_dash(row['stretch']):>6}  {row['met'] or '-'}"
        for name, row in figures.items()
        if row["value"] is not None
    ]
    return "\n".join(rows)


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
