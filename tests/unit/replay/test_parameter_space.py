"""Which sets of parameters a search tries, and what is refused before it begins."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.rules import parameter_space
from replay.rules.parameter_space import ParameterLevels, ParameterSpace, chosen, levels_of, playable, space_of
from tests.unit.replay.test_settings import make_settings


def test_levels_are_listed_or_stepped_and_stand_in_order_once() -> None:
    assert levels_of("threshold=0.02,0.01,0.020").levels == (Decimal("0.01"), Decimal("0.02"))
    assert [float(level) for level in levels_of("STOP_LOSS_PCT=0.01..0.03:0.005").levels] == [
        0.01, 0.015, 0.02, 0.025, 0.03,
    ]  # fmt: skip
    assert levels_of("TOP_N=1,5..10:5").levels == (1, 5, 10)


def test_a_last_level_that_no_step_meets_is_not_tried() -> None:
    assert levels_of("TOP_N=1..6:2").levels == (1, 3, 5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("TOP_N=1..6", "FROM..TO:STEP"),
        ("TOP_N=6..1:1", "must go upwards"),
        ("TOP_N=1..6:0", "must go upwards"),
        ("TOP_N=1..6:-1", "must go upwards"),
        ("TOP_N=1..inf:1", "FROM..TO:STEP"),
        ("TOP_N=1..2500:1", "at most 1000"),
        ("TOP_N=1..1e999999:1", "at most 1000"),
        ("TOP_N=1..x:1", "FROM..TO:STEP"),
        ("STOP_LOSS_PCT=0.5..2:0.5", "STOP_LOSS_PCT=1.0 is a fraction"),
        ("TOP_N=1,,3", "TOP_N= expected a whole number"),
    ],
)
def test_levels_that_cannot_be_read_are_refused_with_a_remedy(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        levels_of(text)


def test_a_parameter_named_twice_and_none_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="TOP_N was named twice"):
        space_of(["TOP_N=1", "top_n=2"])
    with pytest.raises(ValueError, match="no parameter varies"):
        space_of([])


def small() -> ParameterSpace:
    return space_of(["TOP_N=1,2,3", "STOP_LOSS_PCT=0.01,0.02"])


def test_the_grid_is_every_combination() -> None:
    values = [small().values(place) for place in small().grid()]

    assert len(values) == small().size == 6
    assert values[1] == {"TOP_N": Decimal(1), "STOP_LOSS_PCT": Decimal("0.02")}


def test_a_draw_is_the_same_for_the_same_seed_without_repetition_and_within_the_grid() -> None:
    space = space_of(["TOP_N=1..30:1", "STOP_LOSS_PCT=0.01..0.2:0.01"])

    first, again, other = space.drawn(50, 1), space.drawn(50, 1), space.drawn(50, 2)

    assert first == again != other
    assert len(set(first)) == 50
    assert set(first) <= set(space.grid())
    assert sorted(space.drawn(10_000, 3)) == sorted(space.grid())


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data())
def test_neighbours_are_all_places_at_most_one_level_away(sizes: list[int], data: st.DataObject) -> None:
    axes = [ParameterLevels(str(name), tuple(map(Decimal, range(size)))) for name, size in enumerate(sizes)]
    space = ParameterSpace(tuple(axes))
    place = data.draw(st.sampled_from(list(space.grid())))

    near = {
        other
        for other in product(*map(range, sizes))
        if other != place and max(abs(one - two) for one, two in zip(other, place, strict=True)) <= 1
    }

    assert set(space.neighbours(place)) == near


def test_what_makes_no_strategy_is_left_out_and_counted() -> None:
    space = space_of(["THRESHOLD=0.01,0.02", "EXIT=0,0.01,0.015"])

    kept, refused = playable(space, space.grid(), make_settings())

    assert [space.values(place) for place in kept] == [
        {"THRESHOLD": Decimal("0.01"), "EXIT": Decimal(0)},
        {"THRESHOLD": Decimal("0.02"), "EXIT": Decimal(0)},
        {"THRESHOLD": Decimal("0.02"), "EXIT": Decimal("0.01")},
        {"THRESHOLD": Decimal("0.02"), "EXIT": Decimal("0.015")},
    ]
    assert refused == 2


def test_a_space_without_a_strategy_is_refused_with_the_reason() -> None:
    space = space_of(["LOOKBACK_MINUTES=1..3:1", "EXIT=0.5"])

    with pytest.raises(ValueError, match="no combination makes a strategy: SIGNAL_EXIT_PCT"):
        playable(space, space.grid(), make_settings())


def test_more_sets_than_are_tried_at_once_must_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameter_space, "SETS_MAX", 5)

    with pytest.raises(ValueError, match="6 sets are more than 5"):
        chosen(small(), draws=None, seed=1)
    assert len(chosen(small(), draws=4, seed=1)) == 4
