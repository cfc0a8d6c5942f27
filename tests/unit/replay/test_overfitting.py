"""How much of a best result is luck: the published example, noise, and what is not known."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

import numpy as np
import pytest

from replay.rules import overfitting
from replay.rules.overfitting import deflated, expected_best, overfit, probability_above
from replay.rules.worth import ratio
from signals_app.rules.momentum import Floats


def noise(seed: int, *, days: int = 365, trials: int = 40) -> Floats:
    return np.random.default_rng(seed).normal(0, 0.01, (days, trials))


def test_the_published_example_comes_out() -> None:
    # 100 trials with a variance of ½ a year of 250 days; a ratio of 2.5 a year over 1,250 days, skew −3, kurtosis 10
    expected = expected_best(100, 0.5 / 250)
    found = probability_above(2.5 / sqrt(250), expected, periods=1250, skew=-3, kurtosis=10)

    assert expected == pytest.approx(0.1132, abs=5e-5)
    assert found == pytest.approx(0.9004, abs=5e-5)


def test_of_one_trial_nothing_was_chosen() -> None:
    assert expected_best(1, 0.5) == 0.0


def test_the_more_trials_the_more_luck_is_expected() -> None:
    expected = [expected_best(trials, 0.01) for trials in (2, 10, 100, 10_000)]

    assert expected == sorted(expected)
    assert expected[0] > 0


def test_the_expected_best_is_what_the_best_of_many_draws_shows() -> None:
    drawn = np.random.default_rng(7).normal(0, 0.1, (20_000, 50)).max(axis=1).mean()

    assert expected_best(50, 0.01) == pytest.approx(drawn, rel=0.02)


def test_skewness_and_kurtosis_are_moments_of_the_population() -> None:
    # −1, −1, −1, 3: mean 0, variance 12 ÷ 4 = 3; skew 24 ÷ 4 ÷ 3^1.5 = 1.1547; kurtosis 84 ÷ 4 ÷ 9 = 2.3333
    assert overfitting.shape_of(np.array([-1.0, -1, -1, 3])) == pytest.approx((2 / sqrt(3), 7 / 3))


def test_the_best_of_noise_is_not_believed_and_a_skilled_one_is() -> None:
    trials = noise(3)
    skilled = np.column_stack([trials, noise(4, trials=1)[:, 0] + 0.004])
    ratios = np.array([ratio(column) for column in trials.T])
    best = deflated(trials[:, ratios.argmax()], ratios)
    better = deflated(skilled[:, -1], np.append(ratios, ratio(skilled[:, -1]) or 0))

    assert best is not None and better is not None
    assert best.probability < 0.9
    assert better.probability > 0.99
    assert (best.trials, best.periods) == (40, 365)


def test_a_trial_that_has_no_ratio_was_a_trial_all_the_same() -> None:
    returns, ratios = noise(5)[:, 0], np.array([0.1, -0.1, np.nan, np.nan])

    found = deflated(returns, ratios)

    assert found is not None
    assert found.trials == 4
    assert found.expected == pytest.approx(expected_best(4, 0.02))  # ±0.1: (0.01 + 0.01) ÷ 1


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, 0.1, 0.1], [0.0] * 10])
def test_without_a_ratio_nothing_is_deflated(returns: list[float]) -> None:
    assert deflated(np.array(returns), np.array([0.1, 0.2])) is None


def test_a_distribution_without_a_standard_error_has_no_probability() -> None:
    assert probability_above(1.0, 0.0, periods=100, skew=3, kurtosis=3) is None  # 1 − 3 + ½
    assert probability_above(1.0, 0.0, periods=1, skew=0, kurtosis=3) is None


def test_on_noise_the_best_is_as_often_in_the_lower_half_as_in_the_upper() -> None:
    found = [overfit(noise(seed)) for seed in range(10)]
    probabilities = [one.probability for one in found if one]

    assert {one.splits for one in found if one} == {12_870}
    assert 0.4 <= sum(probabilities) / len(probabilities) <= 0.6


def test_one_better_trial_is_found_again_in_the_other_half() -> None:
    better = noise(1)
    better[:, 17] += 0.004

    found = overfit(better)

    assert found is not None
    assert found.probability < 0.05
    assert found.loss < 0.05


def slow_overfit(returns: Floats, blocks: int) -> tuple[float, float]:
    """One split after the other, each ratio by its definition."""
    length = len(returns) // blocks
    cut = np.split(returns[len(returns) - length * blocks :], blocks)
    lower = lost = splits = 0
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([cut[one] for one in chosen])
        outside = np.concatenate([cut[one] for one in range(blocks) if one not in chosen])
        ratios = [column.mean() / column.std(ddof=1) for column in outside.T]
        best = int(np.argmax([column.mean() / column.std(ddof=1) for column in inside.T]))
        place = sorted(ratios).index(ratios[best]) + 1
        lower += place / (len(ratios) + 1) <= 0.5
        lost += ratios[best] < 0
        splits += 1
    return lower / splits, lost / splits


@pytest.mark.parametrize("seed", range(5))
def test_all_splits_at_once_are_the_splits_one_by_one(seed: int) -> None:
    returns = noise(seed, days=51, trials=7) + 0.002

    found = overfit(returns, blocks=6)

    assert found is not None
    assert (found.probability, found.loss) == pytest.approx(slow_overfit(returns, 6))


def test_a_table_in_pieces_is_the_table_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = overfit(noise(2))

    monkeypatch.setattr(overfitting, "PIECE_CELLS", 40 * 1000)

    assert overfit(noise(2)) == whole


def test_trials_that_did_exactly_the_same_are_one() -> None:
    returns = noise(6, trials=5)

    assert overfit(np.column_stack([returns, returns[:, 2], returns[:, 2]])) == overfit(returns)


def test_trials_that_never_traded_do_not_decide() -> None:
    better = np.column_stack([noise(1, trials=3) - 0.004, np.zeros(365), noise(8, trials=1) + 0.006])

    found = overfit(better)

    assert found is not None
    assert found.probability < 0.05


@pytest.mark.parametrize(("days", "trials"), [(31, 5), (365, 1), (0, 0), (365, 0)])
def test_too_few_days_or_trials_tell_nothing(days: int, trials: int) -> None:
    assert overfit(noise(1, days=days, trials=trials)) is None
