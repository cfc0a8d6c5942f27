"""The synthetic market: the same for everybody, at any time, in any order of asking, and lively."""

from __future__ import annotations

import numpy as np
import pytest

from marketdata.mexc_sim.exchange import Exchange
from marketdata.mexc_sim.synthetic import SyntheticMarket

START_S = 1_795_000_200
START_S -= START_S % 60


def same(left: tuple[np.ndarray, ...], right: tuple[np.ndarray, ...]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))


def test_the_same_seed_tells_the_same_candles_in_any_order_of_asking() -> None:
    first, second = SyntheticMarket(seed=5), SyntheticMarket(seed=5)
    second.closed(START_S - 86400, START_S - 86000)

    assert same(first.closed(START_S, START_S + 600), second.closed(START_S, START_S + 600))


def test_another_seed_is_another_market() -> None:
    one, other = SyntheticMarket(seed=5), SyntheticMarket(seed=6)

    assert not np.array_equal(one.closed(START_S, START_S + 600).close, other.closed(START_S, START_S + 600).close)


def test_the_forming_candle_converges_to_the_closed_one() -> None:
    market = SyntheticMarket(seed=1)

    forming = market.forming(START_S + 59.9)

    assert same(forming, market.closed(START_S, START_S + 60))


def test_a_forming_candle_only_ever_widens() -> None:
    market = SyntheticMarket(seed=1)

    states = [market.forming(START_S + second) for second in range(0, 60, 7)]

    for earlier, later in zip(states, states[1:], strict=False):
        assert np.array_equal(earlier.open, later.open)
        assert (earlier.high <= later.high).all()
        assert (earlier.low >= later.low).all()
        assert (earlier.volume <= later.volume).all()


def test_candles_have_a_possible_shape_and_volume() -> None:
    candles = SyntheticMarket(seed=2).closed(START_S, START_S + 3600)

    assert (candles.low > 0).all()
    assert (candles.low <= np.minimum(candles.open, candles.close)).all()
    assert (candles.high >= np.maximum(candles.open, candles.close)).all()
    assert (candles.volume > 0).all()


def test_an_hour_boundary_is_no_jump() -> None:
    hour = START_S - START_S % 3600
    candles = SyntheticMarket(seed=3).closed(hour - 120, hour + 120)

    moves = np.abs(np.diff(np.log(candles.close.astype(float)), axis=1))

    assert np.median(moves[:, 1]) < 3 * np.median(moves) + 1e-3


def test_five_minute_candles_are_made_of_their_minutes() -> None:
    market = SyntheticMarket(seed=4)
    start_s = START_S - START_S % 300
    minutes = market.closed(start_s, start_s + 300)

    candle = Exchange(market).window(start_s, 300, start_s + 1000)

    assert np.array_equal(candle.open[:, 0], minutes.open[:, 0])
    assert np.array_equal(candle.close[:, 0], minutes.close[:, -1])
    assert np.array_equal(candle.high[:, 0], minutes.high.max(axis=1))
    assert np.array_equal(candle.quote_volume[:, 0], minutes.quote_volume.sum(axis=1))


def test_no_drift_over_ninety_days() -> None:
    market = SyntheticMarket(seed=7)
    days = START_S + 86400.0 * np.arange(90)

    prices = market.log_prices(days)

    assert abs(np.polyfit(np.arange(90), prices.mean(axis=0), 1)[0]) < 0.002


@pytest.mark.parametrize("seed", range(1, 6))
def test_several_symbols_cross_the_threshold_in_ten_minutes(seed: int) -> None:
    candles = SyntheticMarket(seed=seed).closed(START_S, START_S + 3600 + 15 * 60)
    close = candles.close.astype(float)

    momentum = close[:, 15:] / close[:, :-15] - 1
    crossings = ((momentum[:, 1:] >= 0.01) & (momentum[:, :-1] < 0.01)).sum()
    exits = ((momentum[:, 1:] <= 0) & (momentum[:, :-1] > 0)).sum()

    assert crossings / 6 >= 2
    assert exits / 6 >= 2


def test_at_least_twenty_four_pairs_trade_in_every_known_quote_asset() -> None:
    for quote_asset in ("USDT", "USDC", "BTC"):
        listings = SyntheticMarket(seed=1, quote_asset=quote_asset).listings

        assert len(listings) >= 24
        assert all(listing.symbol.endswith(quote_asset) for listing in listings)


def test_an_unknown_quote_asset_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="QUOTE_ASSET.*DOGE"):
        SyntheticMarket(seed=1, quote_asset="DOGE")


def test_the_bid_is_below_the_ask_and_both_are_near_the_price() -> None:
    exchange = Exchange(SyntheticMarket(seed=1))

    quotes = exchange.quotes(START_S + 30.0)

    assert len(quotes) == len(exchange.source.listings)
    for quote in quotes:
        spread = float(quote.ask) / float(quote.bid) - 1
        assert 0 < spread < 0.0015
