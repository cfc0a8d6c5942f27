"""What is taken from the bench of another checkout, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.versus import compare, latency_of, read_latency

LINE = {
    "floor_ms": 5.0,
    "tick_to_fill_ms": {"50": {"p50": 30.0, "p99": 60.0}},
    "tick_to_browser_ms": {"50": {"p50": 45.0, "p99": 90.0}},
}


def read(log: str, **changes: Any) -> dict[str, float] | str:
    return read_latency("noise\n" + json.dumps(LINE | changes), log, 50)


def test_a_filled_run_of_either_version_is_read() -> None:
    old, new = "50/s: 748 of 750 filled, {} ms", "50/s for 15 s: 750 of 750 filled, the newest"

    assert read(old) == read(new)
    assert read(new) == {
        "fill_p50_ms": 30.0, "fill_p99_ms": 60.0, "browser_p50_ms": 45.0, "browser_p99_ms": 90.0,
        "floor_ms": 5.0, "fill_p50_floors": 6.0,
    }  # fmt: skip


def test_a_run_that_filled_too_little_counts_for_nothing_although_it_tells_a_latency() -> None:
    said = read("50/s: 300 of 750 filled, {'p50': 1.0} ms")

    assert said == "40.0% of its signals were filled, 99% are needed"


def test_a_run_that_says_nothing_of_its_fills_counts_for_nothing() -> None:
    assert isinstance(read("200/s: 3000 of 3000 filled"), str)


def test_a_line_without_its_latency_says_so() -> None:
    said = read("50/s: 750 of 750 filled", tick_to_fill_ms={"50": None})

    assert isinstance(said, str)
    assert said.startswith("its last line says no latency")


def test_another_checkout_runs_its_own_bench_with_the_limits_opened(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bench.py").write_text(f"""
import sys
STRATEGY = {{"MAX_JUMP_PCT": "0.1"}}
def main(arguments):
    assert STRATEGY["MAX_JUMP_PCT"] == "0.99" and "--skip-sustained" in arguments
    print("50/s: 750 of 750 filled", file=sys.stderr)
    print({json.dumps(json.dumps(LINE))})
""")

    assert latency_of(tmp_path, 50, 1.0) == read("50/s: 750 of 750 filled")


def test_ratios_are_ours_by_base() -> None:
    compared = compare([{"fill_p50_ms": 40.0}, {"fill_p50_ms": 60.0}], [{"fill_p50_ms": 25.0}])

    assert compared == {"base": {"fill_p50_ms": 50.0}, "ours": {"fill_p50_ms": 25.0}, "ratio": {"fill_p50_ms": 0.5}}


def test_without_a_run_of_one_of_them_there_is_no_ratio() -> None:
    assert compare([], [{"fill_p50_ms": 25.0}])["ratio"] is None
