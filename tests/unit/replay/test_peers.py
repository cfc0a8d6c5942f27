"""The peers' rule: what its sentences say, worked by hand, and no difference to an oracle in fractions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.peers_oracle import oracle_rows
from replay.rules import peers
from replay.rules.compiled import plain
from replay.rules.grid import CandleGrid
from replay.rules.peers import END, SELL, STOP, export_rows, next_at, peer_trips
from signals_app.rules.momentum import Ints, PriceRangeError
from tests.unit.replay.test_candidates import make_grid, make_strategy, walk

Rows = list[tuple[str, ...]]
TWO_PERCENT = Decimal("0.02")


def traded(closes: list[int], *, lookback: int = 2) -> list[tuple[int, int, int]]:
    """(entry, exit, reason) of one pair, at +1 %, exit 0, stop 2 %."""
    found = peer_trips(make_grid(np.array([closes])), make_strategy(lookback=lookback), TWO_PERCENT)
    return list(zip(found.entry.tolist(), found.exit.tolist(), found.reason.tolist(), strict=True))


def rows_of(grid: CandleGrid, *, lookback: int = 3) -> Rows:
    strategy = make_strategy(lookback=lookback)
    return list(export_rows(grid, peer_trips(grid, strategy, TWO_PERCENT)))


def test_a_momentum_of_one_percent_is_bought_and_one_of_nothing_sold() -> None:
    # base two candles back: 10,100 / 10,000 = +1 % exactly; then 10,100 / 10,000, 10,101 / 10,100, 10,100 / 10,100 = 0
    assert traded([10_000, 10_000, 10_100, 10_100, 10_101, 10_100, 10_100]) == [(2, 5, SELL)]


def test_one_unit_less_is_not_bought() -> None:
    assert traded([10_000, 10_000, 10_099, 10_099, 10_000, 10_000]) == []


def test_a_stop_is_looked_at_before_the_exit_and_reached_at_its_price() -> None:
    # 20,000 x 0.98 = 19,600 stops and is below its base too; 19,601 is only below its base
    assert traded([10_000, 10_000, 20_000, 19_600, 1, 1]) == [(2, 3, STOP)]
    assert traded([10_000, 19_700, 20_000, 19_601, 1, 1]) == [(2, 3, SELL)]
    assert traded([10_000, 10_000, 20_000, 19_601, 19_600, 1]) == [(2, 4, STOP)]


def test_nothing_is_bought_on_the_candle_of_an_exit() -> None:
    # stopped at column 3 with a momentum of +1 % or more, bought again at column 4
    closes = [10_000, 10_000, 30_000, 20_000, 31_000, 31_001, 31_002]

    assert traded(closes) == [(2, 3, STOP), (4, 6, END)]


def test_nothing_is_decided_on_the_last_candle_and_what_is_left_is_sold_there() -> None:
    assert traded([10_000, 10_000, 10_100]) == []
    assert traded([10_000, 10_000, 10_100, 5_000]) == [(2, 3, END)]


def test_a_gap_counts_as_the_close_before_it_and_each_pair_ends_at_its_own_last_candle() -> None:
    # from column 1 on: 10,000 10,000 10,100 10,100 10,100 10,200; bought at column 3, sold at column 5, where the
    # filled close is that of its base; column 0 opens at 1,740,000,000 s = 2025-02-19 21:20
    filled = make_grid(np.array([[0, 10_000, 10_000, 10_100, 0, 0, 10_200, 0, 0]]), places=2)

    assert rows_of(filled, lookback=2) == [
        ("AUSDT", "2025-02-19T21:23:00Z", "101", "2025-02-19T21:25:00Z", "101", "SIGNAL")
    ]


markets = st.tuples(st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.4]), st.integers(1, 60), st.integers(20, 200))


@pytest.mark.parametrize("form", [lambda function: function, plain], ids=["compiled", "plain"])
@settings(max_examples=120, deadline=None)
@given(market=markets, lookback=st.integers(1, 5), stop=st.sampled_from(["0.02", "0.005", "0.0333"]))
def test_no_row_differs_from_the_oracle(
    form: Callable[[object], object], market: tuple[int, float, int, int], lookback: int, stop: str
) -> None:
    seed, holes, candles, spread = market
    grid = make_grid(walk(seed, candles=candles, holes=holes, spread=spread), places=3)
    strategy = make_strategy(lookback=lookback, threshold="0.0075", exit="-0.001" if seed % 2 else "0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peers, "walk", form(peers.walk))
        found = peer_trips(grid, strategy, Decimal(stop))

    assert list(export_rows(grid, found)) == oracle_rows(grid, strategy, Decimal(stop))


def sold_below_only(grid: CandleGrid) -> Rows:
    """A SELL where momentum is below the exit and not at it."""
    return list(export_rows(grid, peer_trips(grid, make_strategy(lookback=3, exit="-0.0001"), TWO_PERCENT)))


def stopped_a_little_later(grid: CandleGrid) -> Rows:
    return list(export_rows(grid, peer_trips(grid, make_strategy(lookback=3), Decimal("0.0201"))))


def gaps_left_out(grid: CandleGrid) -> Rows:
    closes = np.zeros_like(grid.close)
    for row, line in enumerate(grid.close):
        closes[row, : np.count_nonzero(line)] = line[line > 0]
    return rows_of(replace(grid, close=closes))


def decided_to_the_end(grid: CandleGrid) -> Rows:
    longer: Ints = np.hstack([grid.close, grid.close[:, -1:]])
    return rows_of(replace(grid, close=longer))


@pytest.mark.parametrize("control", [sold_below_only, stopped_a_little_later, gaps_left_out, decided_to_the_end])
def test_a_rule_that_is_read_a_little_otherwise_is_told_from_it(control: Callable[[CandleGrid], Rows]) -> None:
    closes = walk(11, candles=3000, holes=0.03, spread=100)
    closes[:, -1] = np.maximum(closes[:, -2] + 200, 1)
    grid = make_grid(closes)

    expected = oracle_rows(grid, make_strategy(lookback=3), TWO_PERCENT)

    assert rows_of(grid) == expected
    assert {row[-1] for row in expected} == {"STOP", "SIGNAL", "END"}
    assert control(grid) != expected


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (2, 1), (2, 2)])
def test_too_few_candles_trade_nothing(shape: tuple[int, int]) -> None:
    assert rows_of(make_grid(np.full(shape, 100, np.int64))) == []


def test_a_pair_without_any_candle_trades_nothing() -> None:
    closes = walk(4, symbols=3, candles=300)
    closes[1] = 0
    grid = make_grid(closes)

    assert {row[0] for row in rows_of(grid)} == {"AUSDT", "CUSDT"}


def test_a_price_that_cannot_be_compared_exactly_is_refused_by_name() -> None:
    with pytest.raises(PriceRangeError, match="closes: a price of"):
        rows_of(make_grid(np.full((1, 9), 10**17)))


@given(st.lists(st.booleans(), max_size=20))
def test_the_next_chosen_place_is_the_first_from_there_on(chosen: list[bool]) -> None:
    count = len(chosen)
    expected = [next((at for at in range(start, count) if chosen[at]), count) for start in range(count + 1)]

    assert next_at(np.array(chosen, np.bool_)).tolist() == expected
