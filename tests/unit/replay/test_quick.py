"""The quick loop beside the account that decides: the same trips and the same equity on unkind markets."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from proofs.slow_replay.markets import drawn
from replay.rules.account import play
from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.quick import knows, quick_figures, try_set
from replay.rules.settings import CLOSE, ReplaySettings
from replay.rules.trial_figures import TrialFigures, figures_of
from risk.rules.layers import LAYERS
from tests.unit.replay.test_settings import make_settings


def known(seed: int, **changes: Any) -> tuple[CandleGrid, ReplaySettings]:
    """A drawn market, with what the loop knows of the settings."""
    grid, settings = drawn(seed)
    return grid, replace(settings, fill=CLOSE, marks=CLOSE, layers=LAYERS, **changes)


def decided(grid: CandleGrid, settings: ReplaySettings) -> TrialFigures:
    return figures_of(play(grid, candidates(grid, settings.strategy), settings), grid.opens_s(0))


def tried(grid: CandleGrid, settings: ReplaySettings) -> TrialFigures:
    return quick_figures(grid, candidates(grid, settings.strategy), settings, grid.opens_s(0))


@pytest.mark.parametrize("seed", range(60))
def test_the_loop_does_what_is_decided(seed: int) -> None:
    exact, found = decided(*known(seed)), tried(*known(seed))

    assert (found.trips, found.length_s) == (exact.trips, exact.length_s)
    assert (found.net, found.drawdown) == pytest.approx((exact.net, exact.drawdown), abs=1e-7)
    assert (found.gross, found.fees) == pytest.approx((exact.gross, exact.fees), rel=1e-4, abs=1e-2)
    assert found.returns == pytest.approx(exact.returns, abs=1e-7)


def test_the_markets_are_unkind_enough_for_that_to_mean_something() -> None:
    outcomes = [play(grid, candidates(grid, settings.strategy), settings) for grid, settings in map(known, range(60))]

    opened = {kind for outcome in outcomes for kind in outcome.breakers}
    refused = {one.ruling.reason_code for outcome in outcomes for one in outcome.decisions}
    assert opened >= {"DRAWDOWN", "SLIPPAGE", "SILENCE", "JUMP", "SPREAD"}
    assert refused >= {"TRADING_HALTED", "STOP_APPROVED", "HALT_APPROVED", "STOP_LOSS_COOLDOWN", "POSITION_DUST"}


def test_what_the_loop_does_not_know_is_decided() -> None:
    settings = make_settings()

    assert knows(settings)
    assert not any(
        knows(replace(settings, **{name: value}))
        for name, value in (("fill", "OPEN"), ("marks", "LOW"), ("rule", "PEERS"), ("layers", LAYERS[1:]))
    )
    grid, drawn_settings = drawn(2)
    at_opens = replace(drawn_settings, fill="OPEN")
    found = try_set(grid, candidates(grid, at_opens.strategy), at_opens, grid.opens_s(0))
    assert found == decided(grid, at_opens)


def test_settings_that_came_from_another_process_are_known_as_well() -> None:
    assert knows(pickle.loads(pickle.dumps(make_settings())))  # noqa: S301 - our own


def test_other_limits_on_the_same_candles_are_looked_at_anew() -> None:
    """What is kept between two sets must not outlive a change of the limits that it follows from."""
    grid, settings = known(12)
    jumpy = replace(settings, limits=replace(settings.limits, max_jump_pct=settings.limits.max_jump_pct / 100))

    first, other, again = tried(grid, settings), tried(grid, jumpy), tried(grid, settings)

    assert first == again
    assert other.trips == decided(grid, jumpy).trips
