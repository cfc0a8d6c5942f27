"""Breakers that candles open: how long they keep a symbol's entries out, by hand. The slow replay has the rest."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from proofs.slow_replay.markets import grid_of, make_limits, make_rules
from replay.rules.grid import CandleGrid
from replay.rules.quoting import Quoting
from replay.rules.symbol_breakers import MarketBreakers, OpenSpan

P = 10_000  # a price of 1.0000


def candles(*closes: list[int], interval_s: int = 60) -> CandleGrid:
    field = np.array(closes, np.int64)
    return grid_of([field] * 5, interval_s=interval_s)


def breakers(grid: CandleGrid, *, tick: str = "0.0001", **limits: str) -> MarketBreakers:
    quotings = [Quoting(make_rules(tick=tick), 4, Decimal(2)) for _ in grid.symbols]
    return MarketBreakers(grid, make_limits(**{name: Decimal(text) for name, text in limits.items()}), quotings)


def test_a_jump_keeps_entries_out_until_a_stretch_of_good_data_has_passed() -> None:
    # +6 % into column 2. Column 3 is the first calm look, column 4 has 60 s of calm, of which 30 are asked for.
    found = breakers(candles([10_000, 10_000, 10_600, 10_600, 10_600, 10_600]))

    assert found.symbols == [[OpenSpan("JUMP", 2, 4)]]
    assert [found.of(0, column) for column in range(6)] == [[], [], ["JUMP"], ["JUMP"], [], []]


def test_a_move_of_exactly_the_limit_is_no_jump() -> None:
    assert breakers(candles([10_000, 10_500, 10_500])).symbols == [[]]
    assert breakers(candles([10_000, 10_501, 10_501])).symbols == [[OpenSpan("JUMP", 1, 3)]]


def test_candles_of_more_than_a_minute_tell_no_jump() -> None:
    assert breakers(candles([10_000, 20_000, 20_000], interval_s=300)).symbols == [[]]


def test_a_missing_candle_is_silence_and_a_second_gap_within_the_rest_goes_on_with_it() -> None:
    found = breakers(candles([P, 0, P, 0, P, P, P, 0, P], [P] * 9))

    assert found.symbols == [[OpenSpan("SILENCE", 1, 5), OpenSpan("SILENCE", 7, 9)], []]
    assert found.counts() == {"SILENCE": 2}


def test_a_symbol_that_was_not_listed_yet_is_not_silent() -> None:
    assert breakers(candles([0, 0, P, P], [P, P, P, P])).symbols == [[], []]


def test_a_feed_without_any_candle_is_silent_as_a_whole_and_no_symbol_beside_it() -> None:
    found = breakers(candles([P, P, 0, P, P, P], [P, P, 0, P, P, P]))

    assert (found.symbols, found.feed) == ([[], []], [OpenSpan("SILENCE", 2, 4)])
    assert [found.feed_at(column) for column in (1, 2, 3, 4)] == [[], ["SILENCE"], ["SILENCE"], []]
    assert [found.unseen(column) for column in (1, 2, 3)] == [False, True, False]


@pytest.mark.parametrize(("good", "after"), [("30", 4), ("60", 4), ("61", 5), ("300", 8)])
def test_a_longer_stretch_of_good_data_releases_later(good: str, after: int) -> None:
    grid = candles([10_000, 10_000, 10_600, *[10_600] * 8])

    assert breakers(grid, good_data_s=good).symbols == [[OpenSpan("JUMP", 2, after)]]


def test_a_coarse_tick_makes_a_spread_that_is_too_wide() -> None:
    # 0.0150 on a tick of 0.01: bid 0.01, ask 0.02, so 6,667 bps. At 2.00 the same tick is 0.01 on either side: 100.
    found = breakers(candles([150, 20_000, 20_000, 20_000, 20_000]), tick="0.01", max_jump_pct="0.99")

    assert [span for span in found.symbols[0] if span.kind == "SPREAD"] == [OpenSpan("SPREAD", 0, 2)]
