"""The synthetic market: the same for everybody, at any time, in any order of asking, without drift, and lively."""

from __future__ import annotations

import numpy as np
import pytest

from mexc_sim.market.facts import measure
from mexc_sim.market.source import Candles, Deals
from mexc_sim.market.synthetic import SyntheticMarket
from mexc_sim.market.tape import Tape

START_S = 1_795_000_200
START_S -= START_S % 60
HOUR_S = START_S - START_S % 3600


def same(left: Candles | Deals, right: Candles | Deals) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))


def test_the_same_seed_tells_the_same_deals_in_any_order_of_asking() -> None:
    first, second = SyntheticMarket(seed=5), SyntheticMarket(seed=5)
    second.deals(START_S - 86400, START_S - 86100)

    whole = first.deals(START_S, START_S + 600)
    tail = second.deals(START_S + 540, START_S + 600)

    assert same(tail, Deals(*(column[:, -30:] for column in whole)))


def test_one_pair_alone_deals_as_it_does_among_all() -> None:
    market = SyntheticMarket(seed=5)

    alone = market.deals(START_S, START_S + 600, slice(7, 8))

    assert same(alone, Deals(*(column[7:8] for column in market.deals(START_S, START_S + 600))))


def test_another_seed_is_another_market() -> None:
    one, other = SyntheticMarket(seed=5), SyntheticMarket(seed=6)

    assert not np.array_equal(one.deals(START_S, START_S + 600).price, other.deals(START_S, START_S + 600).price)


def test_deals_fall_into_their_slots_and_a_minute_begins_with_one() -> None:
    deals = SyntheticMarket(seed=2).deals(HOUR_S, HOUR_S + 3600)

    slots = HOUR_S * 1000 + 2000 * np.arange(1800)

    assert ((deals.at_ms >= slots) & (deals.at_ms < slots + 2000)).all()
    assert (deals.at_ms[:, ::30] == slots[::30]).all()
    assert (deals.quantity[:, ::30] > 0).all()
    assert (deals.price > 0).all()
    assert (deals.spread >= 1).all()


def test_thin_pairs_leave_slots_without_a_deal_and_giants_hardly_any() -> None:
    market = SyntheticMarket(seed=2)
    traded = (market.deals(HOUR_S, HOUR_S + 3600).quantity > 0).mean(axis=1)

    order = np.argsort([item.daily_turnover for item in market.cast])

    assert traded[order[:5]].max() < 0.7
    assert traded[order[-5:]].min() > 0.9


def test_sizes_have_a_heavy_tail() -> None:
    market = SyntheticMarket(seed=2)
    quantity = market.deals(HOUR_S, HOUR_S + 3600).quantity[1]

    traded = quantity[quantity > 0]

    assert traded.max() > 15 * np.median(traded)


def test_an_hour_boundary_is_no_jump() -> None:
    close = Tape(SyntheticMarket(seed=3), ()).closed(HOUR_S - 120, HOUR_S + 120).close.astype(float)

    moves = np.abs(np.diff(np.log(close), axis=1))

    assert np.median(moves[:, 1]) < 3 * np.median(moves) + 1e-3


def test_no_drift_over_ninety_days() -> None:
    days = np.arange(0, 90, 3)
    slopes = []
    for seed in range(1, 7):
        paths = SyntheticMarket(seed=seed).paths
        prices = [paths.log_prices(np.array([START_S + 86400.0 * day])).mean() for day in days]
        slopes.append(np.polyfit(days, prices, 1)[0])

    assert abs(np.mean(slopes)) < 0.0005
    assert np.abs(slopes).max() < 0.002


def test_the_market_shows_the_stylised_facts() -> None:
    facts = measure(SyntheticMarket(seed=1))

    assert facts["kurtosis of one-minute returns (a normal has 3)"] > 5
    assert facts["autocorrelation of |returns|, lag 1 min"] > facts["autocorrelation of |returns|, lag 60 min"] > 0
    assert abs(facts["autocorrelation of returns, lag 1 min"]) < 0.15
    assert facts["correlation of two pairs' returns"] > 0.05
    assert facts["crossings of +1 % in 15 min, per hour"] > 30


def test_spreads_are_tighter_in_giants_and_move_with_time() -> None:
    market = SyntheticMarket(seed=1)
    deals = market.deals(HOUR_S, HOUR_S + 3600)
    bps = deals.spread / deals.price * 1e4

    typical = dict(zip([item.symbol for item in market.listings], np.median(bps, axis=1), strict=True))

    assert typical["ETHUSDT"] < 3 < typical["CELOUSDT"] < 40
    assert bps[1].std() > 0


def test_the_usdt_market_has_the_exchanges_quirks() -> None:
    listings = {item.symbol: item for item in SyntheticMarket(seed=1).listings}

    assert [name for name, item in listings.items() if not item.tradable] == ["BTCUSDT"]
    assert {"\u7d22\u62c9\u62c9USDT", "GOLD(PAXG)USDT"} <= set(listings)
    assert len(listings) >= 50


def test_enough_pairs_trade_in_every_known_quote_asset() -> None:
    for quote_asset in ("USDT", "USDC", "BTC"):
        listings = SyntheticMarket(seed=1, quote_asset=quote_asset).listings

        assert len(listings) >= 50
        assert all(listing.symbol.endswith(quote_asset) for listing in listings)


def test_an_unknown_quote_asset_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="QUOTE_ASSET.*DOGE"):
        SyntheticMarket(seed=1, quote_asset="DOGE")
