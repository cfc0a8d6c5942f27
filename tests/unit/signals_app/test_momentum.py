"""Crossings of momentum, exact to the tick, over gaps, and equal to a plain Decimal reading of the rule."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals_app.rules import momentum
from signals_app.rules.momentum import ABOVE, BELOW, UNKNOWN, Level, PriceRangeError, crossings

ONE_PERCENT = Level.of(Decimal("0.01"))
ZERO = Level.of(Decimal(0))


def one(closes: list[int], lookback: int = 2, threshold: Level = ONE_PERCENT, exit: Level = ZERO) -> momentum.Crossings:
    return crossings(np.array([closes], np.int64), lookback, threshold, exit)


def test_a_level_is_a_reduced_ratio() -> None:
    assert Level.of(Decimal("0.01")) == Level(101, 100)
    assert Level.of(Decimal("-0.005")) == Level(199, 200)
    assert Level.of(Decimal(0)) == Level(1, 1)


def test_exactly_one_percent_is_a_crossing_up() -> None:
    # previous: 10 050 / 10 000 = +0.50 %, now: 10 100 / 10 000 = +1.00 % exactly
    result = one([10_000, 10_000, 10_050, 10_100])

    assert result.buys.tolist() == [[True]]


def test_one_tick_below_one_percent_is_none() -> None:
    result = one([10_000, 10_000, 10_050, 10_099])

    assert result.buys.tolist() == [[False]]


def test_a_momentum_that_stays_above_crosses_once() -> None:
    # lookback 1: momenta +1 %, +1 %, +1 %: only a rise from below counts
    result = one([10_000, 10_000, 10_100, 10_201, 10_303], lookback=1)

    assert result.buys.tolist() == [[True, False, False]]


def test_momentum_exactly_at_the_exit_is_not_sold_and_one_tick_below_is() -> None:
    # lookback 1, exit 0: 100 -> 101 (above) -> 101 (exactly 0) -> 100 (below)
    result = one([100, 101, 101, 100], lookback=1)

    assert result.sells.tolist() == [[False, True]]


def test_an_exit_looks_back_over_a_gap_and_a_buy_does_not() -> None:
    # lookback 1: above at 102/101; the candle after is missing; then 103/104 is below, and 200/103 far above
    result = one([100, 101, 102, 0, 104, 103, 200], lookback=1)

    assert result.sells.tolist() == [[False, False, False, True, False]]
    assert result.buys.tolist() == [[False, False, False, False, True]]
    assert [momentum.REASONS[code] for code in result.reasons[0]] == [
        "",
        "CANDLE_MISSING",
        "BASE_MISSING",
        "PREVIOUS_MISSING",
        "",
    ]


def test_a_missing_previous_candle_leaves_a_crossing_up_out() -> None:
    result = one([100, 100, 100, 0, 200], lookback=2)

    assert result.buys.tolist() == [[False, False]]
    assert momentum.REASONS[result.reasons[0, 1]] == "PREVIOUS_MISSING"


def test_nothing_is_sold_before_a_side_is_known_and_a_given_side_counts() -> None:
    closes = np.array([[100, 101, 100]], np.int64)

    unknown = crossings(closes, 1, ONE_PERCENT, ZERO)
    given_above = crossings(closes, 1, ONE_PERCENT, ZERO, np.array([ABOVE], np.int8))

    assert not unknown.sells.any()
    assert given_above.sells.tolist() == [[True]]
    assert unknown.exit_state.tolist() == [BELOW]


def test_a_catch_up_keeps_an_unsold_crossing_in_mind() -> None:
    state = np.array([BELOW, BELOW, ABOVE, UNKNOWN, UNKNOWN], np.int8)
    before = np.array([ABOVE, UNKNOWN, BELOW, ABOVE, BELOW], np.int8)

    assert momentum.carried(state, before).tolist() == [BELOW, BELOW, ABOVE, ABOVE, BELOW]
    assert momentum.carried_unsold(state, before).tolist() == [ABOVE, BELOW, ABOVE, ABOVE, BELOW]


def test_a_price_too_large_for_64_bits_is_refused_with_its_limit() -> None:
    limit = ONE_PERCENT.price_limit

    with pytest.raises(PriceRangeError, match=str(limit)):
        one([1, 1, 1, limit + 1])

    assert one([limit, limit, limit, limit]).buys.tolist() == [[False]]


def test_too_few_candles_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 candles"):
        one([1, 2, 3])


def test_exact_momentum_has_ten_places() -> None:
    # 10 / 3 - 1 = 2.33333333333…
    assert momentum.exact(10, 3) == Decimal("2.3333333333")
    assert momentum.exact(101, 100) == Decimal("0.01")


def naive(closes: list[int], lookback: int, threshold: Decimal, exit: Decimal) -> tuple[list[bool], list[bool]]:
    """The rule read aloud, candle by candle, in Decimal products (no rounding)."""
    buys, sells = [], []
    above_exit: bool | None = None

    def reached(index: int, level: Decimal) -> bool | None:
        close, base = closes[index], closes[index - lookback]
        return None if close <= 0 or base <= 0 else Decimal(close) >= Decimal(base) * (1 + level)

    for index in range(lookback + 1, len(closes)):
        now, before = reached(index, threshold), reached(index - 1, threshold)
        buys.append(now is True and before is False)
        side = reached(index, exit)
        sells.append(side is False and above_exit is True)
        above_exit = above_exit if side is None else side
    return buys, sells


prices = st.one_of(st.just(0), st.integers(9_800, 10_300), st.sampled_from([10_000, 10_100, 10_050, -1]))
cases = st.tuples(
    st.lists(prices, min_size=8, max_size=40),
    st.integers(1, 5),
    st.sampled_from(["0.01", "0.005", "0.0001", "0.0123"]),
    st.sampled_from(["0", "-0.01", "0.00005"]),
)


@settings(max_examples=300, deadline=None)
@given(cases)
def test_arrays_agree_with_the_rule_read_aloud(case: tuple[list[int], int, str, str]) -> None:
    closes, lookback, threshold, exit = case

    result = one(closes, lookback, Level.of(Decimal(threshold)), Level.of(Decimal(exit)))

    buys, sells = naive(closes, lookback, Decimal(threshold), Decimal(exit))
    assert result.buys[0].tolist() == buys
    assert result.sells[0].tolist() == sells


@settings(max_examples=100, deadline=None)
@given(st.lists(prices, min_size=10, max_size=30), st.integers(1, 3), st.integers(1, 5))
def test_cutting_the_array_in_two_changes_nothing(closes: list[int], lookback: int, cut: int) -> None:
    whole = one(closes, lookback)
    first = one(closes[: lookback + 1 + cut], lookback)
    rest = crossings(np.array([closes[cut:]], np.int64), lookback, ONE_PERCENT, ZERO, first.exit_state)

    assert whole.sells[0].tolist() == first.sells[0].tolist() + rest.sells[0].tolist()
    assert whole.buys[0].tolist() == first.buys[0].tolist() + rest.buys[0].tolist()
