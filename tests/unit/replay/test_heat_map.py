"""The map of a search, its peak and its plateau, by small maps drawn by hand."""

from __future__ import annotations

import json

from replay.rules.heat_map import heat_map, peak, plateau, summit
from replay.rules.parameter_space import ParameterSpace, Place, space_of


def space() -> ParameterSpace:
    return space_of(["TOP_N=1..4:1", "STOP_LOSS_PCT=0.01..0.03:0.01"])


def scores(*rows: list[float | None]) -> dict[Place, float | None]:
    """A row a level of TOP_N, a column a level of STOP_LOSS_PCT."""
    return {(row, column): value for row, values in enumerate(rows) for column, value in enumerate(values)}


# A high place that stands alone, at (0, 2), and a broad one around (2, 1).
DRAWN = scores([0, 0, 9], [1, 2, 1], [3, 4, 3], [3, 3, 3])


def test_a_summit_is_told_with_the_median_of_its_neighbours() -> None:
    # around (2, 1): 1, 2, 1, 3, 3, 3, 3, 3
    found = summit(space(), DRAWN, (2, 1))

    assert found is not None
    assert (found.score, found.plateau, found.neighbours) == (4, 3, 8)
    assert found.alone is False


def test_the_peak_is_the_best_and_may_stand_alone() -> None:
    found = peak(space(), DRAWN)

    assert found is not None
    assert (found.place, found.plateau, found.alone) == ((0, 2), 1, True)  # 0, 2, 1


def test_the_plateau_is_where_neighbours_do_best() -> None:
    found = plateau(space(), DRAWN)

    assert found is not None
    assert found.place == (2, 1)


def test_a_peak_of_no_gain_and_one_without_neighbours_tell_nothing_of_a_plateau() -> None:
    losing = peak(space(), scores([-1, -5, -5]))
    lonely = peak(space(), {(0, 0): 5.0})

    assert losing is not None and losing.alone is None
    assert lonely is not None and (lonely.plateau, lonely.alone) == (None, None)
    assert peak(space(), {(0, 0): None}) is None
    assert plateau(space(), {(0, 0): 5.0}) is None


def test_the_map_has_a_row_a_level_and_nothing_where_nothing_is_known() -> None:
    found = heat_map(space(), scores([0, None, 9]) | {(3, 0): 1.5})

    assert (found.x, found.y) == ("TOP_N", "STOP_LOSS_PCT")
    assert found.x_levels == ("1", "2", "3", "4")
    assert found.cells == ((0, None, None, 1.5), (None, None, None, None), (9, None, None, None))
    assert json.loads(json.dumps(found.as_json()))["cells"][0] == [0, None, None, 1.5]


def test_over_a_third_parameter_the_best_is_shown() -> None:
    three = space_of(["TOP_N=1,2", "STOP_LOSS_PCT=0.01,0.02", "MAX_POSITION_PCT=0.1,0.2"])
    values = {place: float(sum(place) * 10 + place[2]) for place in three.grid()}

    found = heat_map(three, values, x="STOP_LOSS_PCT")

    assert (found.x, found.y) == ("STOP_LOSS_PCT", "TOP_N")
    assert found.cells == ((11, 21), (21, 31))


def test_one_parameter_alone_is_a_single_row() -> None:
    found = heat_map(space_of(["TOP_N=1,2,3"]), {(0,): 1.0, (2,): 3.0})

    assert (found.y, found.cells) == (None, ((1.0, None, 3.0),))


def test_a_parameter_of_one_level_is_no_axis() -> None:
    found = heat_map(space_of(["TOP_N=5", "STOP_LOSS_PCT=0.01,0.02"]), {(0, 0): 1.0})

    assert (found.x, found.y) == ("STOP_LOSS_PCT", None)
