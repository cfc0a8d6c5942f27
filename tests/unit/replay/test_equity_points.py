"""The account at every close and its peak of 24 hours, against a walk over all columns."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from replay.rules.equity_points import EquityPoints

UNIT = Decimal("0.01")


def points_of(*closes: list[int], cash: int = 100, window: int = 3) -> EquityPoints:
    return EquityPoints(np.array(closes, float).T.copy(), [UNIT] * len(closes), Decimal(cash), window=window)


def test_a_stretch_is_cash_and_what_is_held_at_its_closes() -> None:
    # 100 in cash; from column 1 on 90 and 2 of the first symbol: 90 + 2 × 5.10 = 100.20, 90 + 2 × 4.90 = 99.80.
    points = points_of([500, 510, 490], [1, 1, 1])
    points.stretch(0, 1)
    points.passed(0, 1)
    points.changed(1, Decimal(90), [(0, Decimal(2))])

    assert np.allclose(points.stretch(1, 3), [100.2, 99.8])
    points.passed(1, 3)
    assert points.peak(2) == Decimal("100.20")
    assert np.allclose(points.curve()[1], [0, 10.2, 9.8])


def test_the_lows_of_missing_candles_are_the_close_before() -> None:
    points = points_of([500, 500, 520])
    points.changed(0, Decimal(90), [(0, Decimal(2))])

    assert np.allclose(points.lows(np.array([[480, 0, 510]]), 0, 3), [99.6, 100.0, 100.2])


def test_a_peak_counts_from_a_release_on() -> None:
    points = points_of([500, 900, 400, 300], window=10)
    points.changed(0, Decimal(0), [(0, Decimal(1))])
    points.stretch(0, 4)
    points.passed(0, 4)
    points.counts_from = 2

    assert points.peak(3) == Decimal(4)
    points.counts_from = 4
    assert points.peak(3) is None


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=40),
    st.lists(st.integers(1, 7), min_size=1, max_size=20),
    st.integers(1, 9),
    st.integers(0, 3),
)
def test_the_peak_is_the_highest_point_of_the_window_at_each_event(
    closes: list[int], lengths: list[int], window: int, seed: int
) -> None:
    points, rng, column = points_of(closes, window=window), np.random.default_rng(seed), 0
    known: list[Decimal] = []
    quantity = Decimal(0)
    for length in lengths:
        after = min(column + length, len(closes) - 1)
        if after <= column:
            break
        points.stretch(column, after)
        points.passed(column, after)
        points.stands(after)
        known += [100 + quantity * close * UNIT for close in closes[column : after + 1]]

        assert points.peak(after) == max(known[max(0, after - window + 1) :])
        assert points.exactly(after) == known[after]
        quantity = Decimal(int(rng.integers(0, 3)))
        points.changed(after + 1, Decimal(100), [(0, quantity)])
        column = after + 1
