"""Returns and risk of a path of worth, each figure by an example worked by hand, and against the exact arithmetic."""

from __future__ import annotations

from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdb_site.clock import from_seconds
from replay.rules import worth
from replay.rules.worth import DAY_S, WorthPath
from risk.rules import equity_path

HOUR_S = 3600


def path(*values: float, step_s: int = DAY_S, start_s: int = 0) -> WorthPath:
    """The first value is the start, each of the others a step later."""
    at_s = start_s + step_s * np.arange(1, len(values), dtype=np.int64)
    later = np.array(values[1:], dtype=float)
    return WorthPath.of(at_s, later, start_s=start_s, start_value=values[0])


# Four days: +10 %, −10 %, 0, +20 %.
FOUR = path(100, 110, 99, 99, 118.8)


def test_a_day_returns_what_its_end_is_to_its_start() -> None:
    assert worth.daily_returns(FOUR) == pytest.approx([0.1, -0.1, 0, 0.2])


def test_the_sharpe_ratio_is_mean_by_deviation_of_a_year_of_365_days() -> None:
    # mean 0.05; squares of the differences 0.0025 + 0.0225 + 0.0025 + 0.0225 = 0.05, ÷ 3 = 0.01667, root 0.1291
    assert worth.sharpe(worth.daily_returns(FOUR)) == pytest.approx(0.05 / sqrt(0.05 / 3) * sqrt(365))


def test_the_sortino_ratio_counts_losing_days_alone_over_all_days() -> None:
    # mean 0.05; only −0.1 lost: √(0.01 ÷ 4) = 0.05; 1 × √365
    assert worth.sortino(worth.daily_returns(FOUR)) == pytest.approx(sqrt(365))


def test_the_yearly_return_compounds_to_365_days() -> None:
    # 73 days are a fifth of a year: 1.1 to the power of 5, less 1
    assert worth.cagr(path(*[100] * 73, 110)) == pytest.approx(1.1**5 - 1)


def test_the_calmar_ratio_is_the_yearly_return_by_the_deepest_fall() -> None:
    assert worth.calmar(0.5, 0.2) == 2.5


def test_below_thirty_days_there_is_no_yearly_return_and_no_calmar_ratio() -> None:
    short, long = worth.figures(path(*[100, 90] * 14, 100)), worth.figures(path(*[100, 90] * 15, 100))

    assert short is not None and (short.cagr, short.calmar) == (None, None)
    assert long is not None and (long.cagr, long.calmar) == (0.0, 0.0)


def test_the_deepest_fall_runs_from_its_peak_to_the_peak_again() -> None:
    fall = worth.deepest(path(100, 120, 90, 110, 121, 115))

    assert fall == worth.Fall(
        fraction=0.25, peak_s=DAY_S, lowest_s=2 * DAY_S, recovered_s=4 * DAY_S, length_s=3 * DAY_S
    )


def test_a_fall_that_never_recovered_lasts_to_the_end() -> None:
    fall = worth.deepest(path(100, 80, 90, 85))

    assert fall is not None
    assert (fall.fraction, fall.recovered_s, fall.length_s) == (0.2, None, 3 * DAY_S)


def test_the_longest_time_under_water_need_not_be_the_deepest_fall() -> None:
    # deepest: day 1 to 3; longest: from day 3 on, 4 days, still open
    deep_then_long = path(100, 120, 60, 130, 129, 129, 129, 129)

    assert worth.longest_under_water_s(deep_then_long) == 4 * DAY_S
    assert worth.longest_under_water_s(path(100, 99, 99, 99, 101, 100, 102)) == 4 * DAY_S


def test_a_path_that_never_fell_has_a_drawdown_of_nothing_and_no_fall() -> None:
    figures = worth.figures(path(100, 101, 102))

    assert figures is not None
    assert (figures.drawdown, figures.fall, figures.under_water_s, figures.sortino) == (0.0, None, 0, None)


def test_only_whole_days_count_and_the_worth_at_midnight_is_the_last_one_before() -> None:
    # from 18:00 in steps of 5 h: 23:00, 04:00, 09:00, 14:00, 19:00, 24:00, 05:00. The whole day goes from 110 to 132.
    spread = path(100, 110, 120, 125, 130, 131, 132, 133, step_s=5 * HOUR_S, start_s=18 * HOUR_S)

    assert worth.daily_returns(spread) == pytest.approx([132 / 110 - 1])


def test_equal_returns_have_no_ratio_and_neither_has_one_day() -> None:
    assert worth.sharpe(worth.daily_returns(path(100, 110, 121, 133.1))) is None
    assert worth.sharpe(worth.daily_returns(path(100, 110))) is None
    assert worth.sharpe(worth.daily_returns(path(100, 100, 100, 100))) is None


def test_after_the_day_that_lost_everything_there_is_no_return() -> None:
    assert worth.daily_returns(path(100, 50, 0, 0, 0)).tolist() == [-0.5, -1.0]


def test_of_nothing_played_nothing_is_known() -> None:
    assert worth.figures(path(100)) is None
    assert worth.figures(path(0, 0, 0)) is None


def test_points_that_are_not_known_are_left_out() -> None:
    known = path(100, np.nan, 99, np.nan, 118.8)

    assert worth.daily_returns(known) == pytest.approx([0, -0.01, 0, 0.2])


def test_a_month_ends_with_its_midnight() -> None:
    # 1970-01-30 + 1 d = 31 January 00:00, then 1 February 00:00 (of January), 2 February
    late = path(100, 110, 121, 60.5, start_s=29 * DAY_S)

    assert list(late.months()) == [("1970-01", pytest.approx(0.21)), ("1970-02", -0.5)]


@given(st.lists(st.integers(1, 12), min_size=2, max_size=40))
def test_the_deepest_fall_is_that_of_the_exact_path(values: list[int]) -> None:
    exact = equity_path.deepest([(from_seconds(DAY_S * day), Decimal(value)) for day, value in enumerate(values)])
    fall = worth.deepest(path(*values))

    assert (exact is None) == (fall is None)
    if exact and fall:
        assert fall.fraction == pytest.approx(float(exact.fraction))
        assert from_seconds(fall.lowest_s) == exact.lowest_at
        assert from_seconds(fall.peak_s) == exact.peak_at
        assert fall.length_s == exact.length_s


@given(st.lists(st.integers(1, 6), min_size=2, max_size=30))
def test_time_under_water_is_counted_as_one_would_by_hand(values: list[int]) -> None:
    longest, peak, peak_day = 0, values[0], 0
    for day, value in enumerate(values):
        if value >= peak:
            if day - peak_day > 1:
                longest = max(longest, day - peak_day)
            peak, peak_day = value, day
    longest = max(longest, len(values) - 1 - peak_day)

    assert worth.longest_under_water_s(path(*values)) == longest * DAY_S
