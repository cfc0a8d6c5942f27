"""A stretch of a grid decides as the whole grid would have: same signals at the same times, same candles."""

from __future__ import annotations

import numpy as np
import pytest

from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.grid_window import column_at, window
from tests.unit.replay.test_settings import make_settings

MINUTE_S, HOUR_S = 60, 3600
START_S = 1_767_225_600


def noise_grid(*, symbols: int = 3, periods: int = 4000, seed: int = 1) -> CandleGrid:
    """Walks of whole cents around 100, a hole here and there."""
    random = np.random.default_rng(seed)
    close = 10_000 + np.cumsum(random.integers(-40, 41, (symbols, periods)), axis=1)
    close = np.where(random.random(close.shape) < 0.01, 0, np.maximum(close, 100)).astype(np.int64)
    return CandleGrid(
        symbols=tuple(f"S{number}USDT" for number in range(symbols)),
        interval_s=MINUTE_S,
        first_period=START_S // MINUTE_S,
        price_places=(2,) * symbols,
        volume_places=(0,) * symbols,
        open=close,
        high=close,
        low=close,
        close=close,
        quote_volume=np.where(close, 1000, 0).astype(np.int64),
    )


STRATEGY = make_settings().strategy


def told(grid: CandleGrid, first_s: int, after_s: int) -> list[tuple[int, int, bool, int, int]]:
    """Signals of a grid that are decided in a stretch: by time, with the close they were made of."""
    found = candidates(grid, STRATEGY)
    return [
        (grid.opens_s(column), row, buy, rank, int(grid.close[row, column]))
        for column, row, buy, rank in zip(*(one.tolist() for one in found[:4]), strict=True)
        if first_s <= grid.opens_s(column) < after_s
    ]


@pytest.mark.parametrize(("first_h", "after_h"), [(30, 60), (0, 10), (40, 66), (0, 1000), (50, 50)])
def test_a_stretch_has_the_signals_the_whole_has_there(first_h: int, after_h: int) -> None:
    grid = noise_grid()
    first_s, after_s = START_S + first_h * HOUR_S, START_S + after_h * HOUR_S

    part, found = window(grid, candidates(grid, STRATEGY), first_s, after_s, STRATEGY.lookback_s)

    cut = [
        (part.opens_s(column), row, buy, rank, int(part.close[row, column]))
        for column, row, buy, rank in zip(*(one.tolist() for one in found[:4]), strict=True)
    ]
    assert cut == told(grid, first_s, after_s)
    assert len(cut) > 10 or first_h == after_h
    sells = [(row, part.opens_s(column)) for row, columns in enumerate(found.sells) for column in columns.tolist()]
    assert sorted(sells) == sorted((row, at_s) for at_s, row, buy, _, _ in cut if not buy)


def test_the_candles_before_a_stretch_are_a_day_and_its_lookback_at_least() -> None:
    grid = noise_grid(periods=5000)

    part, _ = window(grid, candidates(grid, STRATEGY), START_S + 48 * HOUR_S, START_S + 60 * HOUR_S, 30 * HOUR_S)

    assert part.opens_s(0) == START_S + 18 * HOUR_S - MINUTE_S
    assert part.closes_s(part.periods - 1) == START_S + 60 * HOUR_S
    assert np.shares_memory(part.close, grid.close)


def test_times_outside_the_grid_are_its_ends() -> None:
    grid = noise_grid(periods=10)

    assert [column_at(grid, START_S + offset) for offset in (-1000, 0, 1, 60, 599, 10_000)] == [0, 0, 1, 1, 10, 10]


def test_the_whole_is_no_copy() -> None:
    grid = noise_grid(periods=100)
    found = candidates(grid, STRATEGY)

    assert window(grid, found, START_S, START_S + 100 * MINUTE_S, 300) == (grid, found)
