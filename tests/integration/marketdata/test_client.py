"""Our own client at the simulated exchange: what REST and WebSocket tell fits together and to the exchange's time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest
import pytest_asyncio

from cdb_site.clock import SYSTEM
from marketdata.mexc import wire
from marketdata.mexc.errors import RequestRefused, Unavailable
from marketdata.mexc.rest import MexcRest
from marketdata.mexc.ws import Connection
from tests.integration.mexc_sim.exchange_site import RATE, SEED, Site, running_exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_exchange(tmp_path_factory.mktemp("exchange")) as running:
        yield running


async def test_time_says_what_is_simulated(site: Site) -> None:
    told = await site.rest.server_time()

    assert told.simulation is not None
    assert (told.simulation["rate"], told.simulation["seed"], told.simulation["source"]) == (RATE, SEED, "synthetic")
    assert abs(told.market_s - site.clock.now_s()) < 2 * RATE


async def test_instruments_carry_ticks_steps_and_minimums(site: Site) -> None:
    instruments = {item.symbol: item for item in await site.rest.instruments()}

    assert len(instruments) >= 50
    assert instruments["SOLUSDT"].trading
    assert not instruments["BTCUSDT"].trading
    assert all(item.price_tick > 0 for item in instruments.values())
    assert {item.taker_fee for item in instruments.values()} == {Decimal("0.0005")}


async def test_history_is_whole_and_its_last_row_is_forming(site: Site) -> None:
    start_s = int(site.clock.now_s()) // 60 * 60 - 600

    rows = await site.rest.klines("BTCUSDT", "1m", start_s=start_s, limit=500)

    assert [row.open_s for row in rows] == list(range(start_s, rows[-1].open_s + 1, 60))
    assert rows[-1].close_s > site.clock.now_s() - RATE


async def test_a_wrong_symbol_is_refused_with_the_exchanges_code(site: Site) -> None:
    with pytest.raises(RequestRefused, match="klines.*-1121"):
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
    async with asyncio.timeout(30):
        while len(pushes) < 4:
            await asyncio.sleep(0.05)
    task.cancel()

    finished = sorted(pushes)[:-1]
    rows = {row.open_s: row for row in await site.rest.klines("SOLUSDT", "1m", start_s=finished[0])}
    for start_s in finished:
        assert pushes[start_s][4:10] == rows[start_s][3:9]
