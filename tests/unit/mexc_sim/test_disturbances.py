"""A crash and a wide spread on purpose: what they do to the market, and that a restart tells the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mexc_sim.market.disturbances import Crash, Disturbance, WideSpread, from_json, to_json
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock, PromisedMarket
from mexc_sim.market.recorded import RecordedMarket, Recording
from mexc_sim.market.source import MarketSource
from mexc_sim.market.synthetic import SyntheticMarket
from tests.clocks import StandingClock

START_S = 1_795_003_200
AT_S = START_S + 1000.5


def synthetic() -> MarketSource:
    return SyntheticMarket(seed=4)


def recorded() -> MarketSource:
    """Two pairs that stand still for two hours, half of it before START_S."""
    prices = np.full((4, 120), 1234.56) + np.array([[0.0], [0.1], [-0.1], [0.0]])
    columns = np.vstack([prices, np.full((1, 120), 729.0)])
    opens = START_S - 3600 + 60 * np.arange(120)
    pairs = [Recording(symbol=name, open_s=opens, columns=columns) for name in ("ETHUSDT", "SOLUSDT")]
    return RecordedMarket(pairs, quote_asset="USDT", interval="1m", now_s=START_S, history_s=3600)


def market_clock(folder: Path, *, start_fresh: bool = False, seed: int = 4) -> MarketClock:
    market = PromisedMarket(source="synthetic", seed=seed, rate=10, quote_asset="USDT", interval="1m")
    return MarketClock(
        market=market, path=folder / "clock.json", clock=StandingClock(float(START_S)), start_fresh=start_fresh
    )


def price(exchange: Exchange, symbol: str, at_s: float) -> float:
    quote = next(quote for quote in exchange.quotes(at_s) if quote.symbol == symbol)
    return (float(quote.bid) + float(quote.ask)) / 2


@pytest.mark.parametrize("source", [synthetic, recorded])
def test_a_crash_takes_its_share_at_once_and_fades(source: Callable[[], MarketSource]) -> None:
    calm, crashed = Exchange(source()), Exchange(source())
    crashed.disturb(Crash(at_s=AT_S, size=0.08))

    share = [
        price(crashed, "ETHUSDT", AT_S + after_s) / price(calm, "ETHUSDT", AT_S + after_s) for after_s in (2.5, 2000)
    ]

    assert share[0] == pytest.approx(0.92, abs=1e-3)
    assert share[1] == pytest.approx(1 - 0.08 * 0.5 ** (2000 / 3600), abs=1e-3)


@pytest.mark.parametrize("source", [synthetic, recorded])
def test_a_crash_of_one_pair_leaves_the_others_and_the_past_alone(source: Callable[[], MarketSource]) -> None:
    calm, crashed = Exchange(source()), Exchange(source())
    before = crashed.klines("ETHUSDT", 60, START_S, START_S + 900, AT_S)

    crashed.disturb(Crash(at_s=AT_S, symbols=("ETHUSDT",)))

    assert crashed.klines("ETHUSDT", 60, START_S, START_S + 900, AT_S + 600) == before
    assert crashed.deals("SOLUSDT", START_S, AT_S + 600) == calm.deals("SOLUSDT", START_S, AT_S + 600)
    assert crashed.deals("ETHUSDT", AT_S, AT_S + 60) != calm.deals("ETHUSDT", AT_S, AT_S + 60)


def test_what_was_derived_ahead_of_a_crash_is_derived_again() -> None:
    asked_before, asked_after = Exchange(synthetic()), Exchange(synthetic())
    for at_s in (AT_S, AT_S + 900):
        asked_before.day(at_s)
        asked_before.quotes(at_s)
        asked_before.window(START_S, 3600, at_s)

    for exchange in (asked_before, asked_after):
        exchange.disturb(Crash(at_s=AT_S))

    later_s = AT_S + 900
    assert asked_before.quotes(later_s) == asked_after.quotes(later_s)
    for one, other in zip(asked_before.day(later_s), asked_after.day(later_s), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(
        asked_before.window(START_S, 3600, later_s).low, asked_after.window(START_S, 3600, later_s).low
    )


def test_the_closed_candle_of_a_crash_is_the_one_that_was_pushed() -> None:
    exchange = Exchange(synthetic())
    window_s = int(AT_S) // 60 * 60
    exchange.window(window_s, 60, AT_S)
    exchange.disturb(Crash(at_s=AT_S))

    pushed = exchange.window(window_s, 60, window_s + 59.999)
    told = exchange.klines("ETHUSDT", 60, window_s, window_s, window_s + 61.0)

    row = exchange.rows["ETHUSDT"]
    assert told == exchange.klines("ETHUSDT", 60, window_s, window_s, window_s + 5000.0)
    assert int(pushed.volume[row, 0]) == int(exchange.window(window_s, 60, window_s + 61.0).volume[row, 0])
    assert float(told[0][3]) < 0.93 * float(told[0][1])


@pytest.mark.parametrize("source", [synthetic, recorded])
def test_a_wide_spread_widens_around_the_same_middle_and_ends(source: Callable[[], MarketSource]) -> None:
    calm, wide = Exchange(source()), Exchange(source())
    wide.disturb(WideSpread(from_s=AT_S, until_s=AT_S + 120, factor=20))

    def spread(exchange: Exchange, at_s: float) -> float:
        quote = next(quote for quote in exchange.quotes(at_s) if quote.symbol == "ETHUSDT")
        return float(quote.ask) - float(quote.bid)

    assert spread(wide, AT_S + 60) == pytest.approx(20 * spread(calm, AT_S + 60), rel=0.02)
    for deal in wide.deals("ETHUSDT", AT_S, AT_S + 120):
        at_s = deal.at_ms / 1000
        assert price(wide, "ETHUSDT", at_s) == pytest.approx(price(calm, "ETHUSDT", at_s), rel=1e-5)
    assert spread(wide, AT_S + 130) == spread(calm, AT_S + 130)


def test_deals_stay_at_the_sides_of_a_disturbed_book() -> None:
    exchange = Exchange(synthetic())
    exchange.disturb(WideSpread(from_s=AT_S, until_s=AT_S + 300, factor=50))
    exchange.disturb(Crash(at_s=AT_S + 30, size=0.5))

    for deal in exchange.deals("PEPEUSDT", AT_S, AT_S + 120):
        book = exchange.book("PEPEUSDT", deal.at_ms / 1000, 1)
        assert float(book.bids[0][0]) < float(book.asks[0][0])
        assert (book.asks if deal.buyer else book.bids)[0][0] == deal.price


def test_a_restart_keeps_the_disturbances_and_a_fresh_start_drops_them(tmp_path: Path) -> None:
    clock = market_clock(tmp_path)
    exchange = Exchange(synthetic(), clock.disturbances)
    exchange.disturb(Crash(at_s=AT_S, symbols=("ETHUSDT",), size=0.2))
    exchange.disturb(WideSpread(from_s=AT_S, until_s=AT_S + 60, factor=5))
    clock.promise()

    again = Exchange(synthetic(), market_clock(tmp_path).disturbances)

    assert again.disturbances == exchange.disturbances
    assert again.quotes(AT_S + 10) == exchange.quotes(AT_S + 10)
    assert market_clock(tmp_path, seed=5).disturbances == []
    assert market_clock(tmp_path, start_fresh=True).disturbances == []


@pytest.mark.parametrize("item", [Crash(at_s=1.5), WideSpread(from_s=1.0, until_s=2.0, symbols=("A", "B"))])
def test_a_disturbance_survives_being_written_down(item: Disturbance) -> None:
    assert from_json(to_json(item)) == item


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"kind": "crash", "at_s": 1.0, "size": 1.5}, "size"),
        ({"kind": "wide_spread", "from_s": 1.0, "until_s": 2.0, "factor": 0.5}, "factor"),
        ({"kind": "wide_spread", "from_s": 2.0, "until_s": 2.0}, "until_s"),
    ],
)
def test_an_impossible_disturbance_is_refused_by_name(values: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}: "):
        from_json(values)
