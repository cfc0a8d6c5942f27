"""The two clocks: market time runs on whatever the wall clock is set to, and a time in the future is stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdb_site import clock_offset
from cdb_site.clock import UNKNOWABLE_AGE_S, Anchor, age_s
from tests.clocks import START_S, SteppingClock


def anchor(*, wall_s: float, market_s: float, rate: float = 10.0) -> Anchor:
    """A reading of a simulated market."""
    return Anchor(wall_s=wall_s, market_s=market_s, rate=rate, simulated=True, label="seed 1")


def following() -> SteppingClock:
    """A clock that took over a fresh anchor of a market at 5000, and follows another one a second later."""
    clock = SteppingClock()
    clock.follow(anchor(wall_s=START_S, market_s=5000))
    clock.pass_s(1)
    clock.follow(anchor(wall_s=START_S + 1, market_s=5010))
    return clock


@pytest.mark.parametrize("step_s", [-3600.0, -10.0, -1.0, 1.0, 10.0, 3600.0])
def test_market_time_runs_on_over_a_step_of_the_wall_clock(step_s: float) -> None:
    clock = following()
    clock.pass_s(0.5)

    clock.step_s(step_s)

    assert clock.market_s() == pytest.approx(5015)


@pytest.mark.parametrize("step_s", [-3600.0, -10.0, 10.0, 3600.0])
def test_an_anchor_read_before_the_step_and_one_after_it_both_fit(step_s: float) -> None:
    clock = following()
    clock.pass_s(1)
    clock.step_s(step_s)

    clock.follow(anchor(wall_s=START_S + 1.9, market_s=5019))
    from_before = clock.market_s()
    clock.pass_s(1)
    clock.follow(anchor(wall_s=START_S + step_s + 2.9, market_s=5029))

    assert from_before == pytest.approx(5020)
    assert clock.market_s() == pytest.approx(5030)


@pytest.mark.parametrize("step_s", [-10.0, 10.0])
def test_a_process_whose_clock_alone_was_stepped_keeps_the_market_time_of_the_others(step_s: float) -> None:
    clock = following()
    clock.step_s(step_s)

    for second in range(2, 40):
        clock.pass_s(1)
        clock.follow(anchor(wall_s=START_S + second - 0.1, market_s=5000 + 10 * second - 1))

    assert clock.market_s() == pytest.approx(5390)


def test_an_anchor_behind_what_was_reached_makes_market_time_wait_and_not_run_back() -> None:
    clock = following()
    clock.pass_s(1)

    clock.follow(anchor(wall_s=START_S + 2, market_s=5015))

    assert clock.market_s() == pytest.approx(5020)
    clock.pass_s(1)
    assert clock.market_s() == pytest.approx(5025)


@pytest.mark.parametrize(
    ("then_s", "age"),
    [(970.0, 30.0), (1000.0, 0.0), (1000.3, 0.3), (1001.0, UNKNOWABLE_AGE_S), (1010.0, UNKNOWABLE_AGE_S)],
)
def test_a_time_in_the_future_is_stale_and_never_young(then_s: float, age: float) -> None:
    assert age_s(then_s, 1000.0) == pytest.approx(age)


def test_the_wall_clock_of_a_proof_is_moved_by_what_its_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = iter(range(1000, 2000))
    monkeypatch.setattr("cdb_site.clock_offset.time.time", lambda: 5000.0)
    monkeypatch.setattr("cdb_site.clock_offset.time.monotonic", lambda: float(next(passed)))
    file = tmp_path / "offset"
    wall = clock_offset.wall_of({"ENV": "demo", clock_offset.VARIABLE: str(file)})

    seen = [wall()]
    for text in ("-10", "rubbish", "2.5"):
        file.write_text(text)
        seen.append(wall())

    assert seen == [5000, 4990, 5000, 5002.5]


@pytest.mark.parametrize(
    "environment",
    [{}, {"ENV": "demo"}, *({"ENV": mode, clock_offset.VARIABLE: "offset"} for mode in ("local", "prod"))],
)
def test_nothing_moves_the_wall_clock_without_the_variable_nor_in_production(environment: dict[str, str]) -> None:
    assert clock_offset.wall_of(environment) is clock_offset.time.time
