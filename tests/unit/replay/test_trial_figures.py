"""The few figures by which a search compares sets."""

from __future__ import annotations

import json
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest

from replay.rules.trial_figures import TrialFigures, best_of, figures_of, returns_table
from replay.rules.worth import DAY_S
from tests.unit.replay.outcomes import curve, make_outcome, make_trip
from tests.unit.replay.trials import make_trial


def test_what_lies_before_the_start_only_warmed_it_up() -> None:
    outcome = make_outcome(curve=curve([100, 100, 110, 99, 118.8]), trips=(make_trip("9"), make_trip("-3")))

    found = figures_of(outcome, start_s=2 * DAY_S)

    assert found.returns == pytest.approx((0.1, -0.1, 0.2))
    assert (found.net, found.drawdown, found.length_s) == (pytest.approx(0.188), pytest.approx(0.1), 3 * DAY_S)
    assert (found.trips, found.gross, found.fees) == (2, 8.0, 2.0)


def test_each_objective_is_the_measure_of_its_name() -> None:
    # mean 0.05; deviation √(0.05 ÷ 3); downside √(0.01 ÷ 4)
    found = make_trial([0.1, -0.1, 0, 0.2])

    assert found.objective("SHARPE") == pytest.approx(0.05 / sqrt(0.05 / 3) * sqrt(365))
    assert found.objective("SORTINO") == pytest.approx(sqrt(365))
    assert found.objective("NET") == pytest.approx(0.188)
    assert found.objective("CALMAR") is None  # four days


def test_the_calmar_ratio_wants_a_month() -> None:
    # 73 days: (1.1)^5 − 1 a year, by a fall of 0.1
    found = make_trial([0.0] * 72 + [0.1])

    assert found.objective("CALMAR") == pytest.approx((1.1**5 - 1) / 0.1)


def test_a_set_without_the_figure_comes_behind_one_with_a_loss() -> None:
    idle, losing, equal = make_trial([0.0] * 5), make_trial([-0.1, 0.05, -0.1]), make_trial([-0.1, 0.05, -0.1])

    assert best_of([idle, losing, equal], "SHARPE") == 1
    assert best_of([idle], "SHARPE") is None
    assert best_of([], "NET") is None
    assert best_of([idle, losing], "NET") == 0


def test_a_trial_that_lost_everything_earned_nothing_afterwards() -> None:
    table = returns_table([make_trial([0.1, 0.2, 0.3]), make_trial([-1.0])])

    assert np.array_equal(table, [[0.1, -1.0], [0.2, 0], [0.3, 0]])
    assert returns_table([]).shape == (0, 0)


def test_figures_come_back_from_a_line_of_json_exactly() -> None:
    found = make_trial([0.1 + 0.2, -1 / 3], net=float(Decimal("0.1")))

    assert TrialFigures.from_json(json.loads(json.dumps(found.as_json()))) == found
