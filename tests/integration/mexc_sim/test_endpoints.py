"""The simulated exchange's REST endpoints: fields, ranges, quirks, error codes and the request limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from mexc_sim.server.weights import RequestLimits
from tests.integration.mexc_sim.exchange_site import Site, running_exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD = ["索拉拉USDT", "GOLD(PAXG)USDT"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_exchange(tmp_path_factory.mktemp("exchange")) as running:
        yield running


async def test_an_untradable_pair_is_listed_but_not_among_the_default_symbols(site: Site) -> None:
    listed = {row["symbol"]: row for row in (await site.get("/api/v3/exchangeInfo"))["symbols"]}
    default = await site.get("/api/v3/defaultSymbols")

    assert (listed["BTCUSDT"]["status"], listed["BTCUSDT"]["isSpotTradingAllowed"]) == ("1", False)
    assert default["code"] == 200
    assert listed.keys() - set(default["data"]) == {"BTCUSDT"}
    assert set(ODD) <= listed.keys()


async def test_exchange_info_is_filtered_by_symbol_and_symbols(site: Site) -> None:
    one = await site.get("/api/v3/exchangeInfo", symbol="SOLUSDT")
    two = await site.get("/api/v3/exchangeInfo", symbols=",".join(ODD))
    unknown = await site.get("/api/v3/exchangeInfo", symbols="SOLUSDT,NOPEUSDT")

    assert [row["symbol"] for row in one["symbols"]] == ["SOLUSDT"]
    assert {row["symbol"] for row in two["symbols"]} == set(ODD)
    assert unknown == {"code": -1121, "msg": "Invalid symbol. NOPEUSDT"}


async def test_a_delisted_pair_is_nowhere_and_comes_back_when_the_fault_ends(site: Site) -> None:
    order = {"kind": "delisted", "seconds": 60, "symbols": ["SOLUSDT"]}
    headers = {"X-Sim-Control": "1"}
    async with site.session.post(f"{site.url}/control/faults", json=order, headers=headers) as answer:
        fault = (await answer.json())["id"]
    try:
        listed = {row["symbol"] for row in (await site.get("/api/v3/exchangeInfo"))["symbols"]}
        default = (await site.get("/api/v3/defaultSymbols"))["data"]
        books = {row["symbol"] for row in await site.get("/api/v3/ticker/bookTicker")}
        candles = await site.get("/api/v3/klines", symbol="SOLUSDT", interval="1m")
    finally:
        async with site.session.delete(f"{site.url}/control/faults/{fault}", headers=headers):
            pass

    assert "SOLUSDT" not in listed | set(default) | books
    assert candles == {"code": -1121, "msg": "Invalid symbol."}
    assert "SOLUSDT" in {item.symbol for item in await site.rest.instruments()}


async def test_a_pair_that_is_sold_only_is_read_as_such(site: Site) -> None:
    order = {"kind": "sell_only", "seconds": 60, "symbols": ["SOLUSDT"]}
    headers = {"X-Sim-Control": "1"}
    async with site.session.post(f"{site.url}/control/faults", json=order, headers=headers) as answer:
        fault = (await answer.json())["id"]
    try:
        sides = {item.symbol: item.sides for item in await site.rest.instruments()}
    finally:
        async with site.session.delete(f"{site.url}/control/faults/{fault}", headers=headers):
            pass

    assert (sides["SOLUSDT"], sides["ETHUSDT"]) == ("SELL", "BOTH")


@pytest.mark.parametrize("path", ["/api/v3/ticker/24hr", "/api/v3/ticker/price", "/api/v3/ticker/bookTicker"])
@pytest.mark.parametrize("symbol", ["SOLUSDT", *ODD])
async def test_tickers_answer_with_an_array_or_one_object(site: Site, path: str, symbol: str) -> None:
    everything, one = await site.get(path), await site.get(path, symbol=symbol)

    assert len(everything) >= 50
    assert one["symbol"] == symbol
    assert one.keys() == everything[0].keys()


async def test_the_days_figures_are_fractions_and_have_no_count(site: Site) -> None:
    row = await site.get("/api/v3/ticker/24hr", symbol="SOLUSDT")

    change = Decimal(row["lastPrice"]) - Decimal(row["openPrice"])
    assert Decimal(row["priceChange"]) == change
    assert abs(Decimal(row["priceChangePercent"]) - change / Decimal(row["openPrice"])) <= Decimal("0.00005")
    assert row["count"] is None
    assert row["openTime"] == row["closeTime"]
    assert Decimal(row["bidPrice"]) <= Decimal(row["lastPrice"]) <= Decimal(row["askPrice"])


async def test_no_number_ends_in_a_superfluous_zero(site: Site) -> None:
    answers = [
        await site.get("/api/v3/ticker/24hr"),
        await site.get("/api/v3/depth", symbol="SOLUSDT"),
        await site.get("/api/v3/trades", symbol="SOLUSDT"),
        await site.get("/api/v3/klines", symbol="SOLUSDT", interval="60m"),
    ]

    texts = [text for answer in answers for text in _numeric_texts(answer)]
    assert len(texts) > 1000
    assert not [text for text in texts if "." in text and text[-1] in "0."]


def _numeric_texts(body: Any) -> list[str]:
    if isinstance(body, dict):
        body = list(body.values())
    if isinstance(body, list):
        return [text for item in body for text in _numeric_texts(item)]
    return [body] if isinstance(body, str) and body.replace(".", "").lstrip("-").isdigit() else []


async def test_candle_ranges_mean_what_they_mean_at_the_exchange(site: Site) -> None:
    minute_ms = 60_000
    end_ms = int(site.clock.now_s()) * 1000 // minute_ms * minute_ms - 10 * minute_ms

    async def opens(**asked: int) -> list[int]:
        rows = await site.get("/api/v3/klines", symbol="SOLUSDT", interval="1m", **asked)
        return [(row[0] - end_ms) // minute_ms for row in rows]

    newest = await opens(limit=5)
    assert newest == list(range(newest[0], newest[0] + 5))
    assert newest[-1] >= 9
    assert await opens(endTime=end_ms, limit=3) == [-2, -1, 0]
    assert await opens(startTime=end_ms - 4 * minute_ms, limit=3) == [-4, -3, -2]
    assert await opens(startTime=end_ms - 4 * minute_ms + 1, limit=3) == [-3, -2, -1]
    assert await opens(startTime=end_ms - 2 * minute_ms, endTime=end_ms + 1) == [-2, -1, 0]
    assert await opens(startTime=end_ms + 10**9) == []
    assert len(await opens(limit=5000)) == 500


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "30m", "60m", "4h", "1d", "1W", "1M"])
async def test_candles_of_every_interval_follow_each_other(site: Site, interval: str) -> None:
    rows = await site.get("/api/v3/klines", symbol="SOLUSDT", interval=interval, limit=2)

    assert len(rows) == 2
    assert rows[0][6] == rows[1][0]
    assert rows[-1][0] <= site.clock.now_s() * 1000 < rows[-1][6] + 600_000


async def test_a_week_is_the_sum_of_its_days(site: Site) -> None:
    week = (await site.get("/api/v3/klines", symbol="SOLUSDT", interval="1W", limit=2))[0]
    days = await site.get(
        "/api/v3/klines", symbol="SOLUSDT", interval="1d", startTime=week[0], endTime=week[0] + 6 * 86_400_000
    )

    assert len(days) == 7
    assert [week[1], week[4]] == [days[0][1], days[-1][4]]
    assert Decimal(week[2]) == max(Decimal(day[2]) for day in days)
    assert Decimal(week[3]) == min(Decimal(day[3]) for day in days)
    assert Decimal(week[5]) == sum(Decimal(day[5]) for day in days)


async def test_trades_come_newest_first_without_an_id(site: Site) -> None:
    rows = await site.get("/api/v3/trades", symbol="SOLUSDT", limit=20)
    aggregated = await site.get(
        "/api/v3/aggTrades", symbol="SOLUSDT", startTime=rows[-1]["time"], endTime=rows[0]["time"]
    )

    times = [row["time"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert {row["id"] for row in rows} == {None}
    assert all((row["tradeType"] == "ASK") == row["isBuyerMaker"] for row in rows)
    assert all(Decimal(row["quoteQty"]) == Decimal(row["price"]) * Decimal(row["qty"]) for row in rows)
    assert [(row["T"], row["p"], row["q"], row["m"]) for row in aggregated] == [
        (row["time"], row["price"], row["qty"], row["isBuyerMaker"]) for row in rows
    ]


async def test_an_hour_of_trades_read_page_after_page_is_the_hours_candle(site: Site) -> None:
    start_s = int(site.clock.now_s()) // 3600 * 3600 - 7200
    asked = {"symbol": "SOLUSDT", "endTime": start_s * 1000 + 3_599_999, "limit": 300}

    pages, since_ms = [], start_s * 1000
    while page := await site.get("/api/v3/aggTrades", startTime=since_ms, **asked):
        pages.append(page)
        since_ms = page[0]["T"] + 1

    deals = [deal for page in pages for deal in reversed(page)]
    prices = [Decimal(row["p"]) for row in deals]
    candle = (await site.rest.klines("SOLUSDT", "60m", start_s=start_s, limit=1))[0]
    assert [len(page) for page in pages[:-1]] == [300] * (len(pages) - 1)
    assert len(pages) > 1
    assert (prices[0], max(prices), min(prices), prices[-1]) == candle[3:7]
    assert sum(Decimal(row["q"]) for row in deals) == candle.volume


@pytest.mark.parametrize(("limit", "levels"), [({}, 100), ({"limit": 5}, 5), ({"limit": 100_000}, 200)])
async def test_depth_has_as_many_levels_as_asked_and_there_are(site: Site, limit: dict[str, int], levels: int) -> None:
    book = await site.get("/api/v3/depth", symbol="SOLUSDT", **limit)

    assert (len(book["bids"]), len(book["asks"])) == (levels, levels)
    assert book.keys() == {"lastUpdateId", "bids", "asks", "timestamp"}


@pytest.mark.parametrize(
    ("path", "asked", "code", "told"),
    [
        ("klines", {}, 700004, "Mandatory parameter 'symbol' was not sent"),
        ("klines", {"symbol": "SOLUSDT"}, 700004, "Mandatory parameter 'interval' was not sent"),
        ("klines", {"symbol": "NOPEUSDT", "interval": "1m"}, -1121, "Invalid symbol."),
        ("klines", {"symbol": "SOLUSDT", "interval": "1h"}, -1121, "Invalid interval."),
        ("klines", {"symbol": "SOLUSDT", "interval": "8h"}, -1121, "Invalid interval."),
        ("klines", {"symbol": "SOLUSDT", "interval": "1m", "limit": "-1"}, 700008, "parameter 'limit'"),
        ("klines", {"symbol": "SOLUSDT", "interval": "1m", "limit": "0"}, 700008, "parameter 'limit'"),
        ("klines", {"symbol": "SOLUSDT", "interval": "1m", "startTime": "1e3"}, 700008, "parameter 'startTime'"),
        ("klines", {"symbol": "SOLUSDT", "interval": "1m", "startTime": "2", "endTime": "1"}, -1128, "Combination"),
        ("depth", {"symbol": "solusdt"}, -1121, "Invalid symbol."),
        ("trades", {"symbol": ""}, 700004, "Mandatory parameter 'symbol'"),
        ("aggTrades", {"symbol": "SOLUSDT", "startTime": "1", "endTime": "9999999"}, -1128, "more than 1 hour"),
        ("ticker/price", {"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ("nothing", {}, 404, "no endpoint /api/v3/nothing"),
    ],
)
async def test_a_bad_request_gets_the_exchanges_code(
    site: Site, path: str, asked: dict[str, str], code: int, told: str
) -> None:
    answer = await site.get(f"/api/v3/{path}", **asked)

    assert answer["code"] == code
    assert told in answer["msg"]


async def test_another_method_is_refused_as_json(site: Site) -> None:
    async with site.session.post(site.url + "/api/v3/ping") as response:
        body = await response.json()

    assert (response.status, body["code"]) == (405, 405)


async def test_too_many_requests_are_answered_429_with_the_time_to_wait(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    limits = RequestLimits(address=60, endpoint=30)
    async with running_exchange(tmp_path_factory.mktemp("strict"), limits=limits) as strict:
        statuses = []
        for path in ("exchangeInfo", "exchangeInfo", "ticker/24hr", "depth?symbol=SOLUSDT", "trades?symbol=SOLUSDT"):
            async with strict.session.get(f"{strict.url}/api/v3/{path}") as response:
                statuses.append((response.status, int(response.headers.get("Retry-After", 0)) in range(1, 11)))
                body = await response.json()
        unweighed = (await strict.session.get(strict.url + "/health")).status

    assert statuses == [(200, False), (429, True), (200, False), (200, False), (200, False)]
    assert isinstance(body, list)
    assert unweighed == 200
