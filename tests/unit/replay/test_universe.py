"""The universe as it was: from recorded choices, or by past volume; nothing of it from later than its candle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.rules.grid import CandleGrid
from replay.rules.universe import members_by_volume, recorded_members, volumes_before
from signals_app.rules.momentum import Ints

HOUR_S = 3600
FIRST_S = 1_767_225_600


def grid_of(volumes: Ints, *, interval_s: int = HOUR_S, places: int = 0, first_s: int = FIRST_S) -> CandleGrid:
    """Symbols AUSDT, BUSDT, … whose prices stand still."""
    prices = np.ones_like(volumes)
    symbols = tuple(f"{chr(65 + row)}USDT" for row in range(len(volumes)))
    return CandleGrid(
        symbols=symbols,
        interval_s=interval_s,
        first_period=first_s // interval_s,
        price_places=(0,) * len(symbols),
        volume_places=(places,) * len(symbols),
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        quote_volume=volumes,
    )


def members(grid: CandleGrid, size: int) -> list[str]:
    """The letters of the members, column by column."""
    chosen = members_by_volume(grid, size)
    return ["".join(name[0] for name, is_in in zip(grid.symbols, column, strict=True) if is_in) for column in chosen.T]


def test_the_most_liquid_of_the_past_are_in_and_nobody_before_there_is_a_past() -> None:
    # B trades more in the second hour, so it is in during the third, and A after that again.
    grid = grid_of(np.array([[5, 5, 20, 5], [1, 19, 0, 0]]))

    assert members(grid, 1) == ["", "A", "B", "A"]
    # Before hour 3: A 5 + 5 + 20 = 30, B 1 + 19 + 0 = 20.
    assert volumes_before(grid, np.array([3])).tolist() == [[30.0], [20.0]]


def test_only_24_hours_count() -> None:
    volumes = np.zeros((1, 30), np.int64)
    volumes[0, 0] = 7

    assert members(grid_of(volumes), 1) == [""] + ["A"] * 24 + [""] * 5


def test_volumes_count_in_their_own_places() -> None:
    grid = grid_of(np.array([[500, 0], [60, 0]]), places=1)

    assert volumes_before(grid, np.array([1])).tolist() == [[50.0], [6.0]]


def test_sums_beyond_64_bits_are_right_in_between() -> None:
    volumes = np.full((2, 40), 2**61, np.int64)
    volumes[1] = 3

    assert members(grid_of(volumes), 1)[-1] == "A"


def test_within_an_hour_nobody_changes() -> None:
    volumes = np.ones((2, 120), np.int64)
    volumes[1, 30:] = 100
    grid = grid_of(volumes, interval_s=60, first_s=FIRST_S + 600)

    found = members(grid, 1)

    assert set(found[:50]) == {""}
    assert set(found[50:]) == {"B"}


@given(st.integers(0, 2**32), st.integers(1, 47))
def test_what_comes_later_changes_nothing(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    volumes = random.integers(0, 1000, (4, 48))
    other = volumes.copy()
    other[:, cut:] = random.integers(0, 10**6, (4, 48 - cut))

    # The column of the cut is chosen at its opening, by what closed before.
    assert members(grid_of(volumes), 2)[: cut + 1] == members(grid_of(other), 2)[: cut + 1]


@pytest.mark.parametrize(("at_s", "column"), [(0, 0), (HOUR_S, 0), (HOUR_S + 1, 1), (3 * HOUR_S, 2), (99 * HOUR_S, 4)])
def test_a_choice_counts_from_the_first_close_on(at_s: int, column: int) -> None:
    grid = grid_of(np.ones((2, 4), np.int64))

    chosen = recorded_members(grid, [(FIRST_S + at_s, {"BUSDT"})])

    assert chosen.tolist() == [[False] * 4, [number >= column for number in range(4)]]


def test_each_choice_lasts_until_the_next() -> None:
    grid = grid_of(np.ones((2, 6), np.int64))
    choices = [
        (FIRST_S - 9 * HOUR_S, {"AUSDT"}),
        (FIRST_S - HOUR_S, {"AUSDT", "BUSDT"}),
        (FIRST_S + 3 * HOUR_S, {"BUSDT", "GONEUSDT"}),
        (FIRST_S + 3 * HOUR_S + 5, set()),
        (FIRST_S + 90 * HOUR_S, {"AUSDT"}),
    ]

    chosen = recorded_members(grid, choices)

    assert chosen.tolist() == [[True, True, False, False, False, False], [True, True, True, False, False, False]]
