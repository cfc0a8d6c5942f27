"""A path made short for a picture: how short, what it keeps, and what a gap in the benchmark leaves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from replay.rules.outcome import ReplayCurve
from replay.rules.thinning import POINTS_MOST, curve, fall, thinned

paths = st.integers(0, 2**32 - 1).flatmap(
    lambda seed: st.integers(1, 20_000).map(
        lambda points: 1000 + np.random.default_rng(seed).normal(0, 1, points).cumsum()
    )
)


@given(paths)
def test_peak_trough_and_both_ends_stay_within_the_most_points(path: np.ndarray) -> None:
    places = thinned(path)

    assert len(places) <= POINTS_MOST
    assert (np.diff(places) > 0).all()
    assert (places[0], places[-1]) == (0, len(path) - 1)
    assert path[places].max() == path.max()
    assert path[places].min() == path.min()


@given(paths)
def test_the_deepest_fall_is_not_made_shallower_between_two_points(path: np.ndarray) -> None:
    below = fall(path)

    assert below[thinned(path)].min() == below.min()


def test_a_fall_is_from_the_highest_so_far_by_hand() -> None:
    # 100 is the highest, then 90: 90/100 - 1 = -0.1; 110 is a new highest; 99/110 - 1 = -0.1.
    assert fall(np.array([100.0, 90.0, 110.0, 99.0])).round(12).tolist() == [0.0, -0.1, 0.0, -0.1]


def test_what_is_not_known_is_none_and_no_zero() -> None:
    path = ReplayCurve(
        at_s=np.array([60, 120, 180]),
        equity=np.array([100.0, 101.0, 99.0]),
        exposure=np.array([0.0, 0.5, 0.5]),
        benchmark=np.array([np.nan, 100.0, 50.0]),
    )

    kept = curve(path)

    assert kept["at"] == [60, 120, 180]
    assert kept["benchmark"] == [None, 100.0, 50.0]
    assert kept["benchmark_below"] == [None, 0.0, -0.5]


def test_a_path_without_a_point_is_empty() -> None:
    nothing = np.array([], dtype=np.float64)
    path = ReplayCurve(at_s=nothing.astype(np.int64), equity=nothing, exposure=nothing, benchmark=nothing)

    assert curve(path) == {"at": [], "equity": [], "exposure": [], "benchmark": [], "below": [], "benchmark_below": []}
