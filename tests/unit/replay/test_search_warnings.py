"""What speaks against believing the best set of a search: each warning where it holds, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from replay.rules.heat_map import Summit
from replay.rules.overfitting import Overfit
from replay.rules.search_warnings import WARNINGS, warnings_of
from tests.unit.replay.trials import make_trial


def codes(*, peak: Summit | None = None, overfit: Overfit | None = None, **figures: Any) -> list[str]:
    return [one.code for one in warnings_of(make_trial([0.1], **figures), peak, overfit)]


def overfit(probability: float) -> Overfit:
    return Overfit(probability=probability, loss=0.0, splits=12_870, trials=10)


def summit(score: float, plateau: float | None) -> Summit:
    return Summit(place=(0,), score=score, plateau=plateau, neighbours=2)


def test_a_good_search_warns_of_nothing() -> None:
    assert codes(peak=summit(2, 1), overfit=overfit(0.5), trips=100, fees=10, gross=10) == []


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("FEW_TRIPS", {"trips": 99}),
        ("OVERFIT", {"overfit": overfit(0.51)}),
        ("PEAK_ALONE", {"peak": summit(2, 0.99)}),
        ("FEES_ABOVE_GROSS", {"fees": 10.1, "gross": 10.0}),
        ("FEES_ABOVE_GROSS", {"fees": 1.0, "gross": -5.0}),
    ],
)
def test_each_warning_holds_at_its_limit(code: str, values: dict[str, Any]) -> None:
    assert codes(**values) == [code]


def test_what_is_not_known_warns_of_nothing() -> None:
    assert codes(peak=None, overfit=None) == []
    assert codes(peak=summit(2, None)) == []


def test_every_warning_is_said_in_both_languages() -> None:
    assert all(one.meaning.endswith(".") and one.meaning_de.endswith(".") for one in WARNINGS.values())
