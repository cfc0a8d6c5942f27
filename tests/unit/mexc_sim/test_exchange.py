"""The simulated exchange agrees with itself: deals, candles, book and quotes are one market, whoever asks, and when."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mexc_sim.market.exchange import DepthBook, Exchange
from mexc_sim.market.recorded import open_recordings
from mexc_sim.market.source import MarketSource
from mexc_sim.market.synthetic import SyntheticMarket

START_S = 1_795_003_200
NAMES = ("ETHUSDT", "PEPEUSDT", "SYSUSDT", "\u7d22\u62c9\u62c9USDT")
HALF_HOUR = st.floats(0, 1799, allow_nan=False).map(lambda after_s: START_S + round(after_s, 3))


def recording(folder: Path) -> MarketSource:
    """Two hours of one pair, with a hole of five minutes, ending an hour after START_S."""
    rng, price, rows = np.random.default_rng(3), 100.0, []
    for minute in range(120):
        low, high = price * (1 - rng.random() / 200), price * (1 + rng.random() / 200)
        close = low + (high - low) * rng.random()
        if not 70 <= minute < 75:
            values = ",".join(f"{value:.2f}" for value in (price, high + 0.01, low - 0.01, close))
            rows.append(f"2020-01-01T{minute // 60:02d}:{minute % 60:02d}:00Z,{values},{rng.integers(0, 5000)}\n")
        price = close
    (folder / "ETHUSDT-1m.csv").write_text("open_time,open,high,low,close,volume\n" + "".join(rows))
    market, _ = open_recordings(folder, quote_asset="USDT", interval="1m", now_s=START_S + 300, history_s=3600)
    return market


@pytest.fixture(scope="module", params=["synthetic", "recorded"])
def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    if request.param == "synthetic":
        return Exchange(SyntheticMarket(seed=4))
    return Exchange(recording(tmp_path_factory.mktemp("recording")))


@cache
def synthetic() -> Exchange:
    return Exchange(SyntheticMarket(seed=4))


def numbers(rows: list[tuple[str, str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(quantity)) for price, quantity in rows]


def listed(exchange: Exchange) -> list[str]:
    return [name for name in NAMES if name in exchange.rows]


def test_candles_are_made_of_their_deals(exchange: Exchange) -> None:
    first_s = exchange.source.span.first_s or START_S
    first_s += 3000
    for name in listed(exchange):
        rows = exchange.klines(name, 60, first_s, first_s + 1799, first_s + 1800.0)

        assert rows
        for open_ms, opened, high, low, close, volume, _, quote_volume in rows:
            start_s = open_ms / 1000
            deals = exchange.deals(name, start_s - 0.001, start_s + 59.999)
            prices = [Decimal(deal.price) for deal in deals]
            value = sum(Decimal(deal.price) * Decimal(deal.quantity) for deal in deals)
            assert [Decimal(text) for text in (opened, high, low, close)] == [
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
            ]
            assert Decimal(volume) == sum(Decimal(deal.quantity) for deal in deals)
            assert abs(Decimal(quote_volume) - value) <= Decimal("0.005")


def test_longer_candles_are_made_of_the_short_ones(exchange: Exchange) -> None:
    name = listed(exchange)[0]
    start_s = (exchange.source.span.first_s or START_S) // 900 * 900 + 900

    long = exchange.klines(name, 900, start_s, start_s + 1800, start_s + 2000.0)
    short = exchange.klines(name, 60, start_s, start_s + 2000, start_s + 2000.0)
    pushed = exchange.window(start_s, 900, start_s + 2000.0)

    row = exchange.rows[name]
    assert [item[0] // 1000 - start_s for item in long] == [0, 900, 1800]
    assert Decimal(long[0][7]) == sum(Decimal(item[7]) for item in short[:15])
    assert long[0][4] == short[14][4]
    assert long[0][2] == max((item[2] for item in short[:15]), key=Decimal)
    assert Decimal(long[2][5]) == sum(Decimal(item[5]) for item in short[30:])
    assert int(pushed.volume[row, 0]) == sum(
        int(exchange.window(start_s + 60 * minute, 60, start_s + 2000.0).volume[row, 0]) for minute in range(15)
    )


@settings(max_examples=30, deadline=None)
@given(at_s=HALF_HOUR)
def test_the_book_lies_around_the_last_deal(at_s: float) -> None:
    exchange = synthetic()
    quotes = {quote.symbol: quote for quote in exchange.quotes(at_s)}
    for name in NAMES:
        book, last = exchange.book(name, at_s, 60), exchange.recent_deals(name, at_s, 1)[-1]
        bids, asks = numbers(book.bids), numbers(book.asks)

        assert len(bids) == len(asks) == 60
        assert bids == sorted(bids, reverse=True) and len({price for price, _ in bids}) == 60
        assert asks == sorted(asks) and len({price for price, _ in asks}) == 60
        assert all(price > 0 and quantity > 0 for price, quantity in bids + asks)
        assert bids[0][0] < asks[0][0]
        assert Decimal(last.price) == (asks if last.buyer else bids)[0][0]
        assert tuple(quotes[name])[1:] == (*book.bids[0], *book.asks[0])


@settings(max_examples=30, deadline=None)
@given(at_s=HALF_HOUR, step_s=st.sampled_from([0.001, 0.05, 0.25, 1.0, 3.0, 61.0]))
def test_the_version_tells_whether_the_book_changed(at_s: float, step_s: float) -> None:
    exchange = synthetic()
    before, after = (exchange.book("ETHUSDT", moment, 20) for moment in (at_s, at_s + step_s))

    assert after.version >= before.version
    if sides(after) != sides(before):
        assert after.version > before.version


def sides(book: DepthBook) -> tuple[object, object]:
    return book.bids, book.asks


def test_every_deal_moves_the_version(exchange: Exchange) -> None:
    first_s = (exchange.source.span.first_s or START_S) + 1200
    for name in listed(exchange):
        for deal in exchange.deals(name, first_s, first_s + 300):
            just_before, then = deal.at_ms / 1000 - 0.001, deal.at_ms / 1000
            assert exchange.version(name, then) > exchange.version(name, just_before)
            book = exchange.book(name, then, 1)
            assert (book.asks if deal.buyer else book.bids)[0][0] == deal.price


def test_deals_come_in_order_once_and_whole_however_they_are_cut(exchange: Exchange) -> None:
    first_s = (exchange.source.span.first_s or START_S) + 1200
    for name in listed(exchange):
        whole = exchange.deals(name, first_s, first_s + 200)
        cuts = [first_s + after_s for after_s in (0, 0.7, 33.3, 60, 60.001, 199, 200)]
        parts = [exchange.deals(name, after_s, upto_s) for after_s, upto_s in zip(cuts, cuts[1:], strict=False)]

        assert [deal for part in parts for deal in part] == whole
        assert [deal.at_ms for deal in whole] == sorted({deal.at_ms for deal in whole})
        assert len({deal.trade_id for deal in whole}) == len(whole)
        assert exchange.recent_deals(name, first_s + 200, 5) == whole[-5:]


def test_a_restart_and_a_second_exchange_tell_the_same() -> None:
    one, other = Exchange(SyntheticMarket(seed=8)), Exchange(SyntheticMarket(seed=8))
    other.day(START_S + 90_000)

    at_s = START_S + 1234.5

    assert one.klines("ETHUSDT", 60, START_S, START_S + 1200, at_s) == other.klines(
        "ETHUSDT", 60, START_S, START_S + 1200, at_s
    )
    assert one.book("ETHUSDT", at_s, 50) == other.book("ETHUSDT", at_s, 50)
    assert one.recent_deals("SYSUSDT", at_s, 100) == other.recent_deals("SYSUSDT", at_s, 100)
    assert one.quotes(at_s) == other.quotes(at_s)


def test_a_forming_candle_only_ever_widens_and_ends_as_the_closed_one(exchange: Exchange) -> None:
    start_s = (exchange.source.span.first_s or START_S) + 1200
    states = [exchange.window(start_s, 60, start_s + after_s) for after_s in (0, 7, 21, 40, 59.999)]
    closed = exchange.window(start_s, 60, start_s + 61.0)

    for earlier, later in zip(states, states[1:], strict=False):
        assert np.array_equal(earlier.open, later.open)
        assert (earlier.high <= later.high).all()
        assert (earlier.low >= later.low).all()
        assert (earlier.volume <= later.volume).all()
    assert all(np.array_equal(one, other) for one, other in zip(states[-1], closed, strict=True))


def test_the_day_is_the_sum_of_its_candles() -> None:
    exchange, at_s = synthetic(), START_S + 130.0
    rows = [
        row
        for start_s in range(START_S + 120 - 86400, START_S + 120, 30_000)
        for row in exchange.klines("ETHUSDT", 60, start_s, min(start_s + 29_999, START_S + 119), at_s)
    ]

    day, row = exchange.day(at_s), exchange.rows["ETHUSDT"]

    assert len(rows) == 1440
    assert int(day.quote_volume[row]) == sum(int(Decimal(item[7]) * 100) for item in rows)
    units = 10 ** exchange.source.listings[row].price_places
    assert int(day.high[row]) == max(int(Decimal(item[2]) * units) for item in rows)
    assert int(day.open[row]) == int(Decimal(rows[0][1]) * units)


def test_before_a_pair_has_ever_traded_it_has_no_quote_and_an_empty_book(tmp_path: Path) -> None:
    exchange = Exchange(recording(tmp_path))
    before_s = exchange.source.span.first_s - 10.0

    assert exchange.quotes(before_s) == []
    assert exchange.book("ETHUSDT", before_s, 5)[1:3] == ([], [])
    assert exchange.recent_deals("ETHUSDT", before_s, 5) == []
