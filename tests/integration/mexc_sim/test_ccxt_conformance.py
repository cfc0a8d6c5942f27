"""ccxt, unchanged, against the simulated exchange: an independent client understands it as we do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.mexc_sim.exchange_site import Site, running_exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")

SYMBOL = "SOL/USDT"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_exchange(tmp_path_factory.mktemp("exchange")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mexc(site: Site) -> AsyncIterator[Any]:
    import ccxt.pro  # half a second, which every process of a run would pay when it collects

    urls = {
        "api": {
            "spot": {"public": site.url, "private": site.url},
            "contract": {"public": f"{site.url}/api/v1/contract", "private": f"{site.url}/api/v1/private"},
            "ws": {"spot": site.ws_url, "swap": site.ws_url},
        }
    }
    client = ccxt.pro.mexc({"urls": urls, "enableRateLimit": False})
    await client.load_markets()
    yield client
    await client.close()


async def test_ccxt_reads_the_time(site: Site, mexc: Any) -> None:
    told_ms = await mexc.fetch_time()

    assert abs(told_ms / 1000 - site.clock.now_s()) < 10 * site.clock.market.rate


async def test_ccxt_reads_markets_with_their_quirks(site: Site, mexc: Any) -> None:
    markets = {market["id"]: market for market in await mexc.fetch_markets()}

    assert {item.symbol for item in await site.rest.instruments()} == set(markets)
    assert not markets["BTCUSDT"]["active"]
    assert markets["SOLUSDT"]["active"]
    assert {"索拉拉USDT", "GOLD(PAXG)USDT"} <= set(markets)
    assert [symbol for symbol, market in markets.items() if market["active"]] == (
        await site.get("/api/v3/defaultSymbols")
    )["data"]


@pytest.mark.parametrize("symbol", [SYMBOL, "索拉拉/USDT", "GOLD(PAXG)/USDT"])
async def test_ccxt_reads_candles(site: Site, mexc: Any, symbol: str) -> None:
    candles = await mexc.fetch_ohlcv(symbol, "1m", limit=5)

    rows = await site.rest.klines(mexc.market_id(symbol), "1m", start_s=candles[0][0] // 1000, limit=4)
    assert [_numbers(candle[1:]) for candle in candles[:4]] == [list(row[3:8]) for row in rows]


async def test_ccxt_reads_candles_since_a_moment(site: Site, mexc: Any) -> None:
    since_ms = (int(site.clock.now_s()) // 300 - 20) * 300_000

    candles = await mexc.fetch_ohlcv(SYMBOL, "5m", since=since_ms, limit=10)

    assert [candle[0] for candle in candles] == [since_ms + 300_000 * place for place in range(10)]


async def test_ccxt_reads_tickers(site: Site, mexc: Any) -> None:
    rows, after = await _day_rows(site), None
    while after != rows:  # a minute of the market may turn between two questions; then both are asked anew
        rows, tickers, after = after or rows, await mexc.fetch_tickers(), await _day_rows(site)

    assert {mexc.market_id(symbol) for symbol in tickers} == set(rows)
    theirs = tickers[SYMBOL]
    assert (theirs["open"], theirs["baseVolume"]) == rows["SOLUSDT"]
    assert all(row["bid"] < row["ask"] for row in tickers.values())
    assert theirs["percentage"] == pytest.approx(100 * (theirs["last"] / theirs["open"] - 1), abs=0.02)


async def _day_rows(site: Site) -> dict[str, tuple[float, float]]:
    """Each symbol's price a day ago and volume since, as we tell them."""
    rows = await site.get("/api/v3/ticker/24hr")
    return {row["symbol"]: (float(row["openPrice"]), float(row["volume"])) for row in rows}


async def test_ccxt_reads_the_order_book(mexc: Any) -> None:
    book = await mexc.fetch_order_book(SYMBOL, 50)

    assert (len(book["bids"]), len(book["asks"])) == (50, 50)
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["asks"] == sorted(book["asks"])
    assert book["bids"][0][0] < book["asks"][0][0]
    assert isinstance(book["nonce"], int)


@pytest.mark.parametrize("method", ["spotPublicGetAggTrades", "spotPublicGetTrades"])
async def test_ccxt_reads_trades(site: Site, mexc: Any, method: str) -> None:
    trades = await mexc.fetch_trades(SYMBOL, limit=100, params={"method": method})

    start_s = trades[0]["timestamp"] // 60_000 * 60 + 60
    candle = (await site.rest.klines("SOLUSDT", "1m", start_s=start_s, limit=1))[0]
    inside = [trade for trade in trades if start_s * 1000 <= trade["timestamp"] < start_s * 1000 + 60_000]
    prices, amounts = _numbers([trade["price"] for trade in inside]), _numbers([trade["amount"] for trade in inside])
    assert len(trades) == 100
    assert {trade["side"] for trade in trades} == {"buy", "sell"}
    assert (prices[0], max(prices), min(prices), prices[-1], sum(amounts)) == candle[3:8]


async def test_ccxt_watches_candles_and_trades_that_agree(site: Site, mexc: Any) -> None:
    pushed: dict[int, list[Decimal]] = {}

    async def candles() -> None:
        while len(pushed) < 3:
            for candle in await mexc.watch_ohlcv(SYMBOL, "1m"):
                pushed[candle[0]] = _numbers(candle[1:])

    async def trades() -> None:
        while len(pushed) < 3:
            await mexc.watch_trades(SYMBOL)

    await asyncio.wait_for(asyncio.gather(candles(), trades()), 30)
    whole_ms = sorted(pushed)[1]
    inside = [item for item in mexc.trades[SYMBOL] if whole_ms <= item["timestamp"] < whole_ms + 60_000]
    prices, amounts = _numbers([item["price"] for item in inside]), _numbers([item["amount"] for item in inside])
    row = (await site.rest.klines("SOLUSDT", "1m", start_s=whole_ms // 1000, limit=1))[0]
    assert pushed[whole_ms] == list(row[3:8])
    assert [prices[0], max(prices), min(prices), prices[-1], sum(amounts)] == pushed[whole_ms]


async def test_ccxt_watches_an_order_book_that_is_the_exchanges_own(site: Site, mexc: Any) -> None:
    """ccxt calls the `fromVersion` of the last delta its nonce: the book it then has is that of the delta's end."""
    compared = 0
    async with asyncio.timeout(30):
        while compared < 3:
            await mexc.watch_order_book(SYMBOL)
            told = await site.get("/api/v3/depth", symbol="SOLUSDT", limit=20)
            theirs = mexc.orderbooks[SYMBOL]
            if theirs["timestamp"] != told["timestamp"]:
                continue
            compared += 1
            for side in ("bids", "asks"):
                assert [_numbers(level) for level in theirs[side][:20]] == [_numbers(level) for level in told[side]]


async def test_ccxt_watches_the_best_bid_and_ask(mexc: Any) -> None:
    ticker = await asyncio.wait_for(mexc.watch_ticker(SYMBOL), 20)

    assert 0 < ticker["bid"] < ticker["ask"]
    assert ticker["bidVolume"] > 0


def _numbers(numbers: Sequence[float]) -> list[Decimal]:
    return [Decimal(str(number)) for number in numbers]
