"""The simulated exchange seen by its clients: ours over REST and WebSocket, and ccxt as an independent one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from ccxt.async_support import mexc as ccxt_mexc

from cdb_site.clock import SYSTEM
from marketdata.mexc import wire
from marketdata.mexc.errors import Refused, Unavailable
from marketdata.mexc.rest import MexcRest
from marketdata.mexc.ws import Connection
from marketdata.mexc_sim.market_clock import Market, MarketClock
from marketdata.mexc_sim.server import application
from marketdata.mexc_sim.synthetic import SyntheticMarket

RATE = 60.0


class Site:
    """A running exchange and a session to reach it."""

    def __init__(self, url: str, clock: MarketClock, session: aiohttp.ClientSession) -> None:
        self.url, self.clock, self.session = url, clock, session
        self.rest = MexcRest(url, session)
        self.ws_url = url.replace("http", "ws") + "/ws"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    market = Market(source="synthetic", seed=9, rate=RATE, quote_asset="USDT", interval="1m")
    clock = MarketClock(market=market, path=tmp_path / "clock.json", clock=SYSTEM)
    runner = web.AppRunner(application(SyntheticMarket(seed=9), clock), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", clock, session)
    await runner.cleanup()


async def test_time_says_what_is_simulated(site: Site) -> None:
    told = await site.rest.server_time()

    assert told.simulation is not None
    assert (told.simulation["rate"], told.simulation["seed"], told.simulation["source"]) == (RATE, 9, "synthetic")
    assert abs(told.market_s - site.clock.now_s()) < 2 * RATE


async def test_instruments_carry_ticks_steps_and_minimums(site: Site) -> None:
    instruments = {item.symbol: item for item in await site.rest.instruments()}

    assert len(instruments) >= 24
    assert instruments["BTCUSDT"].trading
    assert instruments["BTCUSDT"].price_tick > 0


async def test_history_is_whole_and_its_last_row_is_forming(site: Site) -> None:
    start_s = int(site.clock.now_s()) // 60 * 60 - 600

    rows = await site.rest.klines("BTCUSDT", "1m", start_s=start_s, limit=500)

    assert [row.open_s for row in rows] == list(range(start_s, rows[-1].open_s + 1, 60))
    assert rows[-1].close_s > site.clock.now_s() - RATE


async def test_a_wrong_symbol_is_refused_with_the_exchanges_code(site: Site) -> None:
    with pytest.raises(Refused, match="klines.*-1121"):
        await site.rest.klines("NOPEUSDT", "1m", start_s=0)


async def test_an_exchange_that_is_gone_is_unavailable_after_some_attempts() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unavailable, match="/api/v3/time"):
            await MexcRest("http://127.0.0.1:1", session).server_time()


async def test_the_last_push_of_a_candle_is_what_rest_tells_afterwards(site: Site) -> None:
    pushes: dict[int, wire.CandlePush] = {}

    def on_frame(body: bytes) -> None:
        frame = wire.decode(body)
        assert isinstance(frame, wire.CandlePush)
        pushes[frame.start_s] = frame

    connection = Connection(
        url=site.ws_url,
        channels=[wire.kline_channel("SOLUSDT", "Min1")],
        session=site.session,
        clock=SYSTEM,
        on_frame=on_frame,
        on_lost=lambda channels: None,
    )
    task = asyncio.create_task(connection.run())
    while len(pushes) < 4:
        await asyncio.sleep(0.05)
    task.cancel()

    finished = sorted(pushes)[:-1]
    rows = {row.open_s: row for row in await site.rest.klines("SOLUSDT", "1m", start_s=finished[0])}
    for start_s in finished:
        assert pushes[start_s][4:10] == rows[start_s][3:9]


async def test_the_thirty_first_subscription_is_rejected_with_code_zero(site: Site) -> None:
    symbols = [item.symbol for item in await site.rest.instruments()]
    channels = [*map(wire.book_channel, symbols), wire.kline_channel("BTCUSDT", "Min1")]
    answers = []
    async with site.session.ws_connect(site.ws_url) as socket:
        await socket.send_str(json.dumps({"method": "SUBSCRIPTION", "params": channels}))
        while len(answers) < len(channels):
            message = await socket.receive(timeout=5)
            if message.type == aiohttp.WSMsgType.TEXT:
                answers.append(json.loads(message.data))

    assert [answer["msg"] for answer in answers[:30]] == channels[:30]
    assert answers[30]["code"] == 0
    assert answers[30]["msg"].startswith("Not Subscribed successfully! [spot@public.kline")


async def test_a_rejected_channel_is_not_taken_for_an_ack(site: Site) -> None:
    lost: list[str] = []
    connection = Connection(
        url=site.ws_url,
        channels=[wire.kline_channel("NOPEUSDT", "Min1")],
        session=site.session,
        clock=SYSTEM,
        on_frame=lambda body: None,
        on_lost=lost.extend,
    )
    task = asyncio.create_task(connection.run())
    while not lost:
        await asyncio.sleep(0.02)
    task.cancel()

    assert not connection.connected


async def test_one_refused_channel_does_not_stop_the_others(site: Site) -> None:
    frames: list[bytes] = []
    refused, wanted = wire.kline_channel("NOPEUSDT", "Min1"), wire.book_channel("BTCUSDT")
    connection = Connection(
        url=site.ws_url,
        channels=[refused, wanted],
        session=site.session,
        clock=SYSTEM,
        on_frame=frames.append,
        on_lost=lambda channels: None,
    )
    task = asyncio.create_task(connection.run())
    async with asyncio.timeout(5):
        while len(frames) < 3:
            await asyncio.sleep(0.02)
    task.cancel()

    assert connection.rejected == {refused}
    assert connection.reconnects == 0


async def test_a_silent_connection_is_given_up(site: Site) -> None:
    lost: list[str] = []
    connection = Connection(
        url=site.ws_url,
        channels=[wire.MINI_TICKERS],
        session=site.session,
        clock=SYSTEM,
        on_frame=lambda body: None,
        on_lost=lost.extend,
        silence_s=0.4,
    )
    task = asyncio.create_task(connection.run())
    async with asyncio.timeout(5):
        while not lost:
            await asyncio.sleep(0.02)
    task.cancel()

    assert lost == [wire.MINI_TICKERS]


async def test_ping_is_answered_whatever_its_case(site: Site) -> None:
    async with site.session.ws_connect(site.ws_url) as socket:
        await socket.send_str('{"method":"ping"}')

        answer = await socket.receive_json(timeout=5)

    assert answer == {"id": 0, "code": 0, "msg": "PONG"}


async def test_ccxt_reads_time_and_candles_from_the_simulated_exchange(site: Site) -> None:
    urls = {
        "api": {
            "spot": {"public": site.url, "private": site.url},
            "contract": {"public": f"{site.url}/api/v1/contract", "private": f"{site.url}/api/v1/private"},
        }
    }
    exchange = ccxt_mexc({"urls": urls, "enableRateLimit": False})
    try:
        told_ms = await exchange.fetch_time()
        candles = await exchange.fetch_ohlcv("BTC/USDT", "1m", limit=5)
    finally:
        await exchange.close()

    ours = await site.rest.klines("BTCUSDT", "1m", start_s=candles[0][0] // 1000, limit=1)
    assert abs(told_ms / 1000 - site.clock.now_s()) < 10 * RATE
    assert candles[0][1:6] == [float(number) for number in ours[0][3:8]]
