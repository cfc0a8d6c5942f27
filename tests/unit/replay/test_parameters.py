"""What a replay may be asked to change: names, bounds, and what is refused with a remedy."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cdb_site.limit_table import LIMITS
from replay.rules import parameters
from replay.rules.parameters import PARAMETERS, applied, assigned, current
from tests.unit.replay.test_settings import make_settings


def test_every_limit_and_every_number_of_the_strategy_can_be_changed() -> None:
    assert {limit.variable for limit in LIMITS} < set(PARAMETERS)
    assert set(PARAMETERS) - {limit.variable for limit in LIMITS} == {
        "THRESHOLD", "EXIT", "MIN_VOLUME", "TOP_N", "LOOKBACK_MINUTES",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["THRESHOLD", "threshold", "SIGNAL_THRESHOLD_PCT", " Threshold "])
def test_a_parameter_is_known_by_its_name_and_by_its_variables(name: str) -> None:
    assert parameters.parameter(name).field == "threshold"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("TRESHOLD=0.01", "TRESHOLD is no parameter; there are THRESHOLD, EXIT"),
        ("THRESHOLD", "not of the form NAME=VALUE"),
        ("THRESHOLD= ", "not of the form NAME=VALUE"),
    ],
)
def test_what_is_no_assignment_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        assigned(text)


@pytest.mark.parametrize("is_limit", [False, True])
def test_who_asks_for_one_kind_is_told_those_of_its_kind(is_limit: bool) -> None:
    with pytest.raises(ValueError, match="there are") as problem:
        assigned("WRONG=1", is_limit=is_limit)

    there = set(str(problem.value).partition("there are ")[2].split(", "))
    assert there == {name for name, one in PARAMETERS.items() if one.is_limit == is_limit}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("STOP_LOSS_PCT=2", "STOP_LOSS_PCT=2 is a fraction and may not exceed 0.99; 0.01 means 1 %"),
        ("THRESHOLD=0", "THRESHOLD=0 must be between 0.0001 and 1"),
        ("TOP_N=2.5", "TOP_N=2.5 expected a whole number"),
        ("MIN_VOLUME=nan", "must be a finite number"),
        ("MAX_POSITION_PCT=0.12345678", "not have more than 6 decimal places"),
    ],
)
def test_a_value_is_bounded_as_its_variable_is(text: str, complaint: str) -> None:
    found, value = assigned(text)

    with pytest.raises(ValueError, match=complaint):
        found.value(value)


def test_values_become_settings_and_are_read_from_them_again() -> None:
    values = {
        "THRESHOLD": Decimal("0.02"),
        "LOOKBACK_MINUTES": Decimal(30),
        "TOP_N": Decimal(3),
        "STOP_LOSS_PCT": Decimal("0.05"),
    }

    changed = applied(make_settings(), values)

    assert (changed.strategy.threshold, changed.strategy.lookback_s) == (Decimal("0.02"), 1800)
    assert (changed.strategy.top_n, changed.limits.stop_loss_pct) == (3, Decimal("0.05"))
    assert {name: current(changed, name) for name in values} == values
    assert changed.limits.max_position_pct == make_settings().limits.max_position_pct


def test_values_that_make_no_strategy_are_refused() -> None:
    with pytest.raises(ValueError, match="SIGNAL_EXIT_PCT: 0.02 must lie below"):
        applied(make_settings(), {"EXIT": Decimal("0.02")})


def test_one_value_is_told_one_way() -> None:
    assert parameters.told({"B": Decimal("0.0100"), "A": Decimal("1E+2")}) == {"A": "100", "B": "0.01"}
