"""Candidates over whole arrays: what the live cross-section drafts candle by candle, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata.ticks import grid_text
from replay.rules import candidates as module
from replay.rules.candidates import Candidates, candidates, exact_sums
from replay.rules.drafts import Drafting
from replay.rules.grid import CandleGrid
from signals_app.rules import momentum, ranking
from signals_app.rules.cross_section import CrossSection, SignalDraft
from signals_app.rules.momentum import INT64_MAX, Bools, Ints, Level
from signals_app.rules.strategy import Strategy

Drafts = dict[int, list[SignalDraft]]
FIRST_PERIOD = 29_000_000
PRICE_LIMIT = Level.of(Decimal("0.01")).price_limit
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT", "DUSDT")


def make_strategy(
    *, lookback: int = 2, threshold: str = "0.01", exit: str = "0", top_n: int = 10, min_volume: str = "0"
) -> Strategy:
    return Strategy(
        interval="1m",
        interval_s=60,
        lookback_s=60 * lookback,
        threshold=Decimal(threshold),
        exit=Decimal(exit),
        min_volume=Decimal(min_volume),
        top_n=top_n,
        ttl_s=90,
        grace_s=2.0,
    )


def make_grid(closes: Ints, volumes: Ints | None = None, *, places: int = 0, volume_places: int = 1) -> CandleGrid:
    """Symbols x candles of closes; the other prices equal them."""
    closes = np.asarray(closes, np.int64)
    traded = np.where(closes > 0, 10, 0) if volumes is None else np.where(closes > 0, volumes, 0)
    return CandleGrid(
        symbols=SYMBOLS[: len(closes)] if len(closes) <= 4 else tuple(f"S{row:03}USDT" for row in range(len(closes))),
        interval_s=60,
        first_period=FIRST_PERIOD,
        price_places=(places,) * len(closes),
        volume_places=(volume_places,) * len(closes),
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        quote_volume=traded.astype(np.int64),
    )


def live(grid: CandleGrid, strategy: Strategy, universe: Bools | None = None) -> Drafts:
    """The drafts of every column, as the signal engine comes to them."""
    section, drafts = CrossSection(strategy), {}
    section.set_universe(grid.symbols)
    section.skip_to(FIRST_PERIOD - 1)
    for column in range(grid.periods):
        if universe is not None:
            section.set_universe(
                [name for name, member in zip(grid.symbols, universe[:, column], strict=True) if member]
            )
        readings = [
            (name, grid_text(int(close), places), grid_text(int(volume), volume_places))
            for name, places, volume_places, close, volume in zip(
                grid.symbols,
                grid.price_places,
                grid.volume_places,
                grid.close[:, column],
                grid.quote_volume[:, column],
                strict=True,
            )
            if close
        ]
        section.add(FIRST_PERIOD + column, readings, at_s=0.0)
        found = section.evaluate(FIRST_PERIOD + column, late=False).drafts
        if found:
            drafts[column] = found
    return drafts


def replayed(grid: CandleGrid, strategy: Strategy, universe: Bools | None = None) -> Drafts:
    found, drafting = candidates(grid, strategy, universe), Drafting(grid, strategy, universe)
    return {column: drafting.at(column, found) for column in sorted(set(found.column.tolist()))}


def walk(seed: int, *, symbols: int = 4, candles: int = 400, holes: float = 0.0, spread: int = 150) -> Ints:
    """Random closes around 10,000; a symbol may be listed late; `holes` is the share of candles that are missing."""
    rng = np.random.default_rng(seed)
    closes = 10_000 + np.cumsum(rng.integers(-spread, spread + 1, (symbols, candles)), axis=1)
    closes[rng.random(closes.shape) < holes] = 0
    closes[-1, : candles // 3] = 0
    return np.maximum(closes, 0)


def noise(seed: int, shape: tuple[int, ...]) -> Ints:
    return np.random.default_rng(seed).integers(0, 30, shape)


prices = st.one_of(
    st.just(0), st.integers(9_900, 10_200), st.sampled_from([PRICE_LIMIT - 7, PRICE_LIMIT, PRICE_LIMIT + 1])
)
markets = st.integers(1, 4).flatmap(
    lambda symbols: st.lists(st.lists(prices, min_size=symbols, max_size=symbols), min_size=1, max_size=30)
)


@settings(max_examples=300, deadline=None)
@given(market=markets, data=st.data(), lookback=st.integers(1, 4), top_n=st.integers(1, 4), least=st.integers(0, 60))
def test_every_candle_says_what_the_live_cross_section_says(
    market: list[list[int]], data: st.DataObject, lookback: int, top_n: int, least: int
) -> None:
    closes = np.array(market, np.int64).T
    grid = make_grid(closes, noise(len(market), closes.shape))
    strategy = make_strategy(lookback=lookback, top_n=top_n, min_volume=str(Decimal(least) / 10))
    members = st.lists(st.booleans(), min_size=closes.size, max_size=closes.size)
    universe = np.array(data.draw(members), np.bool_).reshape(closes.shape)

    assert replayed(grid, strategy) == live(grid, strategy)
    assert replayed(grid, strategy, universe) == live(grid, strategy, universe)


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 18])
@pytest.mark.parametrize("lookback", [1, 15])
def test_blocks_of_any_width_say_the_same(monkeypatch: pytest.MonkeyPatch, block: int, lookback: int) -> None:
    grid = make_grid(walk(7, holes=0.1), noise(7, (4, 400)))
    strategy = make_strategy(lookback=lookback, top_n=2, min_volume="20" if lookback == 15 else "1")
    expected = live(grid, strategy)
    monkeypatch.setattr(module, "BLOCK_CELLS", block * 4)
    monkeypatch.setattr(module, "PIECE_CELLS", block)

    found = replayed(grid, strategy)

    assert sum(draft.side == "BUY" for drafts in found.values() for draft in drafts) > 5
    assert found == expected


def by_row(grid: CandleGrid, strategy: Strategy) -> Drafts:
    """Momentum over the candles that are there instead of by time, as who drops missing rows computes it."""
    closes = np.zeros_like(grid.close)
    for row, line in enumerate(grid.close):
        there = line[line > 0]
        closes[row, len(line) - len(there) :] = there
    return replayed(replace(grid, close=closes), strategy)


def in_floats(grid: CandleGrid, strategy: Strategy) -> Drafts:
    """Crossings of float momentum, as who divides first computes them: 1.003 - 1 is 0.00299999999999989."""
    lookback = strategy.lookback_rows
    value = np.full(grid.close.shape, np.nan)
    value[:, lookback:] = momentum.approximate(grid.close[:, lookback:], grid.close[:, :-lookback])
    risen = value >= float(strategy.threshold)
    return {
        column: [draft for draft in drafts if draft.side == "SELL" or risen[grid.symbols.index(draft.symbol), column]]
        for column, drafts in live(grid, strategy).items()
    }


@pytest.mark.parametrize("control", [by_row, in_floats])
def test_a_naive_reading_of_the_rule_is_told_from_it(control: Callable[[CandleGrid, Strategy], Drafts]) -> None:
    # exactly +0.3 % every few candles: 20 x 4 BUYs, and a gap in each round
    rounds = [[base, base, base * 1003 // 1000, base, 0, base] * 20 for base in (7_000, 9_000, 11_000, 30_000)]
    grid, strategy = make_grid(np.array(rounds)), make_strategy(lookback=1, threshold="0.003")

    expected = live(grid, strategy)

    assert replayed(grid, strategy) == expected
    assert control(grid, strategy) != expected


def test_signals_stand_in_the_order_of_decisions_and_sells_also_by_row() -> None:
    closes = walk(3, symbols=4, candles=3000, holes=0.02)
    found = candidates(make_grid(closes), make_strategy())

    keys = list(zip(found.column.tolist(), found.buy.tolist(), found.row.tolist(), strict=True))
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert [found.column[~found.buy & (found.row == row)].tolist() for row in range(4)] == [
        columns.tolist() for columns in found.sells
    ]
    assert (found.rank[found.buy] > 0).all()
    assert not found.rank[~found.buy].any()
    assert {array.dtype for array in (found.column, found.row, found.rank, *found.sells)} == {np.dtype(np.int32)}


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (1, 1), (2, 3), (2, 4)])
def test_too_few_candles_say_nothing(shape: tuple[int, int]) -> None:
    found = candidates(make_grid(np.full(shape, 100, np.int64)), make_strategy(lookback=2))

    assert [len(array) for array in found[:4]] == [0, 0, 0, 0]
    assert [len(columns) for columns in found.sells] == [0] * shape[0]


def test_a_lookback_longer_than_a_block_is_looked_back_over(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, strategy = make_grid(walk(5, candles=900)), make_strategy(lookback=200, top_n=1, min_volume="199.9")
    expected = live(grid, strategy)
    monkeypatch.setattr(module, "BLOCK_CELLS", 4 * 50)

    assert replayed(grid, strategy) == expected
    assert expected


def test_a_volume_beyond_64_bits_is_summed_exactly() -> None:
    # two candles of 2^63 - 1 units are more than 64 bits hold; one unit less would not be enough
    closes = np.array([[10_000, 10_000, 10_000, 10_200, 10_000]])
    volumes = np.full(closes.shape, INT64_MAX)
    enough = make_strategy(lookback=2, min_volume=str(2 * INT64_MAX))
    more = make_strategy(lookback=2, min_volume=f"{2 * INT64_MAX}.1")

    grid = make_grid(closes, volumes, volume_places=0)

    assert candidates(grid, enough).buy.tolist() == [True]
    assert candidates(grid, more).buy.tolist() == []
    assert exact_sums(np.array([[INT64_MAX, INT64_MAX]]))[0] == 2 * INT64_MAX
    assert replayed(grid, enough) == live(grid, enough)


def test_prices_with_more_places_than_they_need_are_compared_in_the_unit_that_live_uses() -> None:
    # 84,270.01 in units of 10^-12 times 10,012,345 exceeds 64 bits; in the hundredths that live counts it does not
    closes = np.array([[8_427_001, 8_427_001, 8_427_001, 8_527_001, 8_427_001, 8_327_001]]) * 10**10
    strategy = make_strategy(threshold="0.0012345")
    grid = make_grid(closes, places=12)

    assert [draft.side for drafts in replayed(grid, strategy).values() for draft in drafts] == ["BUY", "SELL"]
    assert replayed(grid, strategy) == live(grid, strategy)


def test_symbols_out_of_order_and_a_universe_of_another_shape_are_refused() -> None:
    grid = make_grid(walk(1, symbols=2))

    with pytest.raises(ValueError, match="in order"):
        candidates(replace(grid, symbols=("BUSDT", "AUSDT")), make_strategy())
    with pytest.raises(ValueError, match="universe: shape"):
        candidates(grid, make_strategy(), np.ones((2, 3), np.bool_))


def test_a_grid_is_not_changed_by_looking_at_it() -> None:
    closes = walk(2, holes=0.05)
    grid = make_grid(closes.copy())
    for array in (grid.close, grid.quote_volume):
        array.flags.writeable = False

    candidates(grid, make_strategy(min_volume="1"), np.ones(closes.shape, np.bool_))

    assert (grid.close == closes).all()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([np.nan, -0.0, 0.0, 0.01, 0.02]), min_size=3, max_size=3), min_size=1, max_size=6)
)
def test_the_rank_of_one_is_its_place_in_the_ranks_of_all(columns: list[list[float]]) -> None:
    values = np.array(columns).T

    for row in range(3):
        rows = np.full(len(columns), row)
        assert ranking.rank_of(values, rows).tolist() == ranking.ranks(values)[row].tolist()


def test_the_type_of_candidates_is_what_others_build_on() -> None:
    assert Candidates._fields == ("column", "row", "buy", "rank", "sells")
