"""The REST client: against a small exchange that says what it is told to."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from marketdata.mexc import rest as client
from marketdata.mexc.errors import BadAnswer, RequestRefused, Unavailable
from marketdata.mexc.limiter import Limiter
from marketdata.mexc.rest import MexcRest
from marketdata.screeners.history import CONCURRENT, Range, fetch_each

pytestmark = pytest.mark.usefixtures("valkey")

KLINE = [60_000, "1", "2", "0.5", "1.5", "7", 120_000, "8"]
Answer = Callable[[web.Request], Any]


class Counter:
    """An exchange that gives the prepared answers, the last one again and again, and counts what it is asked."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(told):
            response: web.StreamResponse = await told(request)
            return response
        status, body, *headers = told
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers[0] if headers else None)


@pytest.fixture
async def exchange() -> Counter:
    return Counter()


@pytest.fixture
async def rest(exchange: Counter, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MexcRest]:
    monkeypatch.setattr(client, "PAUSE_S", 0.01)
    app = web.Application()
    app.router.add_get("/{path:.*}", exchange.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield MexcRest(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    await runner.cleanup()


def outcomes(endpoint: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("cdb_rest_requests_total", {"endpoint": endpoint, "outcome": outcome}) or 0.0


def malformed(where: str, reason: str) -> float:
    return REGISTRY.get_sample_value("cdb_malformed_total", {"where": where, "reason": reason}) or 0.0


# Answers.


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end(exchange: Counter, rest: MexcRest) -> None:
    body = json.dumps([KLINE] * 400).encode()

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(body), 9000):
            await response.write(body[start : start + 9000])
            await asyncio.sleep(0.01)
        return response

    exchange.answers = [in_pieces]

    assert len(await rest.klines("A", "1m", start_s=0)) == 400


async def test_an_answer_without_an_end_is_refused_and_not_cut(
    exchange: Counter, rest: MexcRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.mexc.rest_reading.BODY_MAX", 1 << 20)
    exchange.answers = [(200, "[" + "1," * (1 << 20) + "1]")]

    with pytest.raises(BadAnswer, match="klines: more than 1 MiB"):
        await rest.klines("A", "1m", start_s=0)


async def test_an_unusable_row_is_counted_and_the_others_are_read(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(200, [KLINE, [120_000, "NaN", "2", "1", "1", "1", 0, "1"], "rubbish", None])]
    before = REGISTRY.get_sample_value("cdb_malformed_total", {"where": "klines", "reason": "row"}) or 0.0

    rows = await rest.klines("A", "1m", start_s=0)

    assert [row.open_s for row in rows] == [60]
    assert REGISTRY.get_sample_value("cdb_malformed_total", {"where": "klines", "reason": "row"}) == before + 3


@pytest.mark.parametrize("code", [503, "503", 500])
async def test_an_error_of_the_exchange_with_status_200_is_asked_again_and_counts_as_no_answer(
    exchange: Counter, rest: MexcRest, code: Any
) -> None:
    exchange.answers = [(200, {"code": code, "msg": "busy"})]
    before = outcomes("/api/v3/klines", "server_error")

    with pytest.raises(Unavailable, match="code 50"):
        await rest.klines("A", "1m", start_s=0)

    assert outcomes("/api/v3/klines", "server_error") == before + client.ATTEMPTS
    assert rest.succeeded_at == {}


async def test_an_answer_that_cannot_be_read_counts_as_none(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(200, {"symbols": "none"})]

    with pytest.raises(BadAnswer, match="exchangeInfo"):
        await rest.listing()

    assert rest.succeeded_at == {}


async def test_too_much_asked_is_heard_with_status_200_as_well(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(200, {"code": 429, "msg": "too many"}), (200, [KLINE])]
    before = outcomes("/api/v3/klines", "too_many")

    assert len(await rest.klines("A", "1m", start_s=0)) == 1
    assert outcomes("/api/v3/klines", "too_many") == before + 1


PAIR = {
    "symbol": "AUSDT", "status": "1", "baseAsset": "A", "quoteAsset": "USDT", "baseAssetPrecision": 2,
    "quoteAssetPrecision": 4, "baseSizePrecision": "0.01", "quoteAmountPrecision": "1", "takerCommission": "0.0005",
    "isSpotTradingAllowed": True, "tradeSideType": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (PAIR | {"status": "2"}, "duplicate"),
        (PAIR | {"symbol": "ODD", "quoteAssetPrecision": "four"}, "row"),
        (PAIR | {"symbol": "ODD", "quoteAssetPrecision": 2.5}, "row"),
        (PAIR | {"symbol": "ODD", "baseSizePrecision": "-1"}, "row"),
        (PAIR | {"symbol": "ODD", "tradeSideType": 9}, "row"),
        (PAIR | {"symbol": "O\x00D"}, "row"),
    ],
)
async def test_an_odd_row_of_the_pairs_costs_itself_alone_and_is_counted(
    exchange: Counter, rest: MexcRest, row: dict[str, Any], reason: str
) -> None:
    exchange.answers = [(200, {"symbols": [PAIR, PAIR, PAIR | {"symbol": "BUSDT"}, row]})]
    before = malformed("exchangeInfo", reason)

    listing = await rest.listing()

    assert [item.symbol for item in listing.instruments] == (
        ["BUSDT"] if row["symbol"] == "AUSDT" else ["AUSDT", "BUSDT"]
    )
    assert listing.odd == {row["symbol"]} - {"O\x00D"}
    assert malformed("exchangeInfo", reason) == before + 1


async def test_a_negative_fee_is_a_rebate_that_nobody_counts_on(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(200, {"symbols": [PAIR | {"takerCommission": "-0.0001"}]})]
    before = malformed("exchangeInfo", "negative_fee")

    assert [item.taker_fee for item in await rest.instruments()] == [0]
    assert malformed("exchangeInfo", "negative_fee") == before + 1


@pytest.mark.parametrize(
    ("told", "sides", "may_buy"), [(1, "BOTH", True), (2, "BUY", False), (3, "SELL", False), (4, "NONE", False)]
)
async def test_which_side_of_a_pair_the_exchange_takes_is_read(
    exchange: Counter, rest: MexcRest, told: int, sides: str, may_buy: bool
) -> None:
    exchange.answers = [(200, {"symbols": [PAIR | {"tradeSideType": told}]})]

    (item,) = await rest.instruments()

    assert (item.sides, item.may_buy) == (sides, may_buy)


@pytest.mark.parametrize("body", [{"rows": []}, "null", '"text"', "<html>", "[[1,2"])
async def test_an_answer_of_the_wrong_shape_names_its_endpoint(exchange: Counter, rest: MexcRest, body: Any) -> None:
    exchange.answers = [(200, body)]
    before = outcomes("/api/v3/klines", "malformed")

    with pytest.raises(BadAnswer, match="/api/v3/klines"):
        await rest.klines("A", "1m", start_s=0)

    assert outcomes("/api/v3/klines", "malformed") == before + 1


@pytest.mark.parametrize(
    "simulation",
    [{}, {"rate": 0, "wall_s": 1, "market_s": 1, "label": "x"}, {"rate": 1, "wall_s": 1e999, "market_s": 1}, 7],
)
async def test_a_simulation_that_cannot_be_is_no_time(exchange: Counter, rest: MexcRest, simulation: Any) -> None:
    exchange.answers = [(200, {"serverTime": 1, "simulation": simulation})]

    with pytest.raises(BadAnswer, match="/api/v3/time"):
        await rest.server_time()


async def test_a_server_error_is_asked_again_and_a_refusal_is_not(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(502, "<html>"), (503, ""), (200, [KLINE]), (400, {"code": -1121, "msg": "Invalid symbol."})]
    before = outcomes("/api/v3/klines", "server_error")

    rows = await rest.klines("A", "1m", start_s=0)
    with pytest.raises(RequestRefused, match="-1121"):
        await rest.klines("A", "1m", start_s=0)

    assert (len(rows), len(exchange.asked)) == (1, 4)
    assert outcomes("/api/v3/klines", "server_error") == before + 2


async def test_an_exchange_that_is_down_is_given_up_after_four_attempts(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(500, "down")]

    with pytest.raises(Unavailable, match="klines: no answer after 4 attempts; last: HTTP 500"):
        await rest.klines("A", "1m", start_s=0)

    assert len(exchange.asked) == 4
    assert rest.succeeded_at == {}


async def test_once_the_exchange_does_not_answer_the_rest_of_a_fetch_is_not_begun(
    exchange: Counter, rest: MexcRest
) -> None:
    exchange.answers = [(500, "down")]
    ranges = [Range(f"S{number}", 0, 60) for number in range(30)]

    parts = await fetch_each(rest, ranges, "1m", 600.0)

    assert len(exchange.asked) == CONCURRENT * client.ATTEMPTS
    assert {type(part.problem) for part in parts} == {Unavailable}


# What too much asking costs all processes.


async def test_all_processes_wait_as_long_as_the_exchange_told_one_of_them(exchange: Counter, rest: MexcRest) -> None:
    exchange.answers = [(429, {"code": 429}, {"Retry-After": "1"}), (200, [KLINE])]
    other = MexcRest(rest.base_url, rest.session, limiter=Limiter(rest.limiter.shared))
    begun_s = time.monotonic()

    await asyncio.gather(rest.klines("A", "1m", start_s=0), _soon(other.klines("B", "1m", start_s=0)))

    assert len(exchange.asked) == 3
    assert time.monotonic() - begun_s >= 1.0
    assert outcomes("/api/v3/klines", "too_many") >= 1


async def _soon(work: Any) -> Any:
    await asyncio.sleep(0.2)
    return await work
