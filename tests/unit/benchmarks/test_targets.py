"""The figures at the end of the bench's last line: each beside its bounds, null where nothing was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import targets

LINE: dict[str, Any] = {
    "tick_to_fill_ms": {"50": {"p50": 24.0, "p99": 40.0}},
    "tick_to_browser_ms": {"50": {"p50": 30.0, "p99": 60.0}},
    "floors_ms": {"50": 6.0},
    "signals_per_s_sustained": 1000,
    "cpu_us_per_signal": 1500.0,
    "cpu_us": {"50": 8000.0},
    "wal_kb": {"50": 14.2},
    "growth_ratio": 1.05,
}


def met(name: str, **changes: Any) -> str | None:
    found = targets.judged(LINE | changes)[name]["met"]
    assert found is None or isinstance(found, str)
    return found


def test_a_latency_is_told_in_floors_of_its_own_run() -> None:
    assert targets.judged(LINE)["fill_p50_floors_50"]["value"] == 4.0


@pytest.mark.parametrize(("ratio", "word"), [(1.1, "stretch"), (1.2, "must"), (1.31, "no")])
def test_less_is_better_of_a_ratio(ratio: float, word: str) -> None:
    assert met("growth_ratio", growth_ratio=ratio) == word


@pytest.mark.parametrize(("held", "word"), [(2000, "stretch"), (1000, "must"), (999, "no")])
def test_more_is_better_of_a_rate(held: int, word: str) -> None:
    assert met("held_per_s", signals_per_s_sustained=held) == word


def test_what_was_refused_or_left_out_meets_nothing() -> None:
    found = targets.judged(LINE | {"tick_to_fill_ms": {"50": None}, "signals_per_s_sustained": None})

    assert found["fill_p99_ms_50"] == {"value": None, "unit": "ms", "must": 30, "stretch": 20, "met": None}
    assert found["held_per_s"]["met"] is None
    assert found["warm_start_s"]["value"] is None


def test_a_figure_without_a_bound_is_neither_met_nor_missed() -> None:
    assert targets.judged(LINE)["wal_kb_50"] == {
        "value": 14.2, "unit": "KB/signal", "must": None, "stretch": None, "met": None,
    }  # fmt: skip


def test_the_table_names_what_was_measured_with_its_bounds() -> None:
    told = targets.told(targets.judged(LINE)).splitlines()

    assert "growth_ratio" in [row.split()[0] for row in told]
    assert "warm_start_s" not in [row.split()[0] for row in told]
    assert "1000" in next(row for row in told if "held_per_s" in row)


def test_the_documents_name_every_figure() -> None:
    text = (Path(targets.__file__).parents[1] / "docs" / "measurements.md").read_text()

    assert [target.name for target in (*targets.TARGETS, *targets.REPLAY) if f"`{target.name}`" not in text] == []
