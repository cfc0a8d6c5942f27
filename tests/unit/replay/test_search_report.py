"""What a search found, as somebody reads it on the command line."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from replay import search_report
from replay.report import NO_EVIDENCE
from replay.rules.measures import measures
from replay.rules.parameter_space import Place, space_of
from replay.rules.search_result import SearchResult, judged
from replay.rules.trial_figures import TrialFigures
from replay.rules.walk_forward import walked
from tests.unit.replay.outcomes import curve, make_outcome, make_trip
from tests.unit.replay.test_walk_forward import part
from tests.unit.replay.trials import make_trial

SPACE = space_of(["TOP_N=1,2,3", "STOP_LOSS_PCT=0.01,0.02"])


def tried(days: int = 365) -> dict[Place, TrialFigures]:
    """Noise, and one set that earns a little each day."""
    random = np.random.default_rng(3)
    means = {place: 0.001 if place == (1, 1) else 0 for place in SPACE.grid()}
    return {place: make_trial(random.normal(mean, 0.01, days).tolist()) for place, mean in means.items()}


def found(days: int = 365, objective: str = "SHARPE") -> SearchResult:
    return judged(SPACE, tried(days), objective, sets=8, refused=2)


def test_the_best_stands_beside_the_plateau_and_its_values() -> None:
    text = search_report.lines(found())

    assert text[0] == "6 of 8 sets tried, 2 make no strategy; compared by SHARPE"
    best = next(line for line in text if line.startswith("best"))
    assert best.endswith("STOP_LOSS_PCT=0.02 TOP_N=2")
    assert any(line.startswith("plateau") for line in text)
    assert text[-1] == NO_EVIDENCE


def test_the_map_is_darkest_where_the_figure_is_highest() -> None:
    rows = search_report.map_lines(found().map)

    assert rows[0].split() == ["STOP_LOSS_PCT", "↓", "TOP_N", "→", "1", "2", "3"]
    assert [row.split()[0] for row in rows[1:]] == ["0.01", "0.02"]
    assert "".join(rows).count("█") == 1
    assert "█" in rows[2]


def test_a_square_that_is_not_known_is_a_dash_and_equal_squares_have_no_shade() -> None:
    same = judged(SPACE, {(0, 0): make_trial([0.1]), (2, 1): make_trial([0.1])}, "NET", sets=6, refused=0)

    rows = search_report.map_lines(same.map)

    assert sum(row.count("—") for row in rows) == 4
    assert "█" not in "".join(rows)


def test_it_tells_how_far_the_best_is_to_be_believed() -> None:
    text = "\n".join(search_report.lines(found()))

    assert "deflated Sharpe ratio 0." in text
    assert "the best of 6 shows by luck" in text
    assert "over 12,870 halves of the time" in text


def test_too_few_days_tell_nothing_and_say_so() -> None:
    short = found(days=1)

    text = "\n".join(search_report.lines(short))

    assert short.objective == "NET"  # of one day no set has a Sharpe ratio
    assert "deflated Sharpe ratio —: too few days" in text
    assert "probability of overfitting —" in text


def test_a_walk_forward_has_a_row_a_part_and_its_efficiency() -> None:
    forward = walked([part(0, inside=0.001, outside=0.1), part(1, inside=0.003, outside=0.05)])

    text = search_report.lines(replace(found(), walked=forward))

    rows = [line.split() for line in text if line.startswith("1970-")]
    assert [row[3:5] for row in rows] == [["+9.41", "%"], ["+30.94", "%"]]
    assert any(line.startswith("out of sample +15.50 %") and line.endswith("efficiency 1.16") for line in text)


def test_the_decided_result_stands_beside_what_was_tried() -> None:
    decided = measures(make_outcome(equity=Decimal(104), curve=curve([100, 104]), trips=(make_trip("4"),)))

    text = search_report.lines(replace(found(), decided=decided))

    assert any(line.startswith("the best set, decided: +4.00 % in 1 trips; as it was tried: ") for line in text)


@pytest.mark.parametrize(("figures", "first"), [({}, "0 of 6 sets tried"), ({(0, 0): make_trial([0.1])}, "1 of 6")])
def test_a_canceled_search_says_that_it_goes_on(figures: dict[Place, TrialFigures], first: str) -> None:
    text = search_report.lines(replace(judged(SPACE, figures, "NET", sets=6, refused=0), canceled=True))

    assert text[0].startswith(first)
    assert text[0].endswith("CANCELED: started again it goes on with the rest")


def test_warnings_are_said_with_their_sentence() -> None:
    few = {place: replace(one, trips=5) for place, one in tried().items()}

    text = search_report.lines(judged(SPACE, few, "SHARPE", sets=6, refused=0))

    assert any(line.startswith("WARNING FEW_TRIPS: The best set made fewer than 100 trips") for line in text)
