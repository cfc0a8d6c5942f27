"""Times between stages, worked by hand; a stage that nothing went through is not told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.stage_times import told

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def chain(*after_ms: int | None) -> list[datetime | None]:
    """A chain whose stages are reached so many milliseconds after noon; None: not reached, or not known."""
    return [None if ms is None else NOON + timedelta(milliseconds=ms) for ms in after_ms]


def test_a_step_tells_its_median_its_95th_of_100_and_how_many_took_it() -> None:
    # Ten chains whose decisions took 10, 20, … 100 ms: the fifth is the median, the tenth the 95th of 100.
    chains = [chain(0, 5, 5 + 10 * number, None, None, None) for number in range(1, 11)]

    found = told(chains)

    assert found["signals"] == 10
    assert found["steps"] == [
        {"from": "candle", "to": "signal", "count": 10, "p50_ms": 5.0, "p95_ms": 5.0},
        {"from": "signal", "to": "decision", "count": 10, "p50_ms": 50.0, "p95_ms": 100.0},
    ]
    assert found["whole"] is None


def test_the_whole_way_is_told_of_filled_chains_alone() -> None:
    found = told([chain(0, 5, 10, 11, 20, 32), chain(0, 5, 10, None, None, None), chain(None, 5, 10, 11, 20, 90)])

    assert found["whole"] == {"count": 1, "p50_ms": 32.0, "p95_ms": 32.0}
    assert found["steps"][-1] == {"from": "claimed", "to": "filled", "count": 2, "p50_ms": 12.0, "p95_ms": 70.0}


def test_without_signals_nothing_is_told_and_nothing_breaks() -> None:
    assert told([]) == {"signals": 0, "steps": [], "whole": None}


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    assert told([chain(10, 5, None, None, None, None)])["steps"][0]["p50_ms"] == 0.0
