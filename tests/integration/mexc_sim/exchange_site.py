"""A simulated exchange running on a free port inside the test, and a client's view of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from cdb_site.clock import SYSTEM
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from marketdata.mexc.rest import MexcRest
from mexc_sim.market.market_clock import MarketClock, PromisedMarket
from mexc_sim.market.synthetic import SyntheticMarket
from mexc_sim.server.server import application
from mexc_sim.server.subscriber import Lifetimes
from mexc_sim.server.weights import RequestLimits
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.journal import TradingJournal

SEED = 9
RATE = 60.0
UNLIMITED = RequestLimits(address=10**9, endpoint=10**9, orders_per_s=10**9)


class Site:
    """A running exchange and a session to reach it."""

    def __init__(self, url: str, clock: MarketClock, session: aiohttp.ClientSession) -> None:
        self.url, self.clock, self.session = url, clock, session
        self.rest = MexcRest(url, session)
        self.ws_url = url.replace("http", "ws") + "/ws"

    async def get(self, path: str, **parameters: Any) -> Any:
        """The body of a GET, whatever its status."""
        async with self.session.get(self.url + path, params=parameters) as response:
            return await response.json()

    @asynccontextmanager
    async def follow(self, *channels: str) -> AsyncIterator[Follower]:
        """A connection that has subscribed to the channels and seen their acks."""
        async with self.session.ws_connect(self.ws_url) as socket:
            follower = Follower(socket)
            await follower.ask("SUBSCRIPTION", channels)
            while len(follower.answers) < len(channels):
                await follower.step()
            assert follower.answers == list(channels)
            yield follower


class Follower:
    """One socket; frames and answers in the order they came."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.answers: list[str] = []
        self.frames: list[pb.PushDataV3ApiWrapper] = []

    async def ask(self, method: str, channels: Sequence[str] = ()) -> None:
        await self.socket.send_str(json.dumps({"method": method, "params": list(channels)}))

    async def step(self) -> None:
        message = await self.socket.receive(timeout=20)
        if message.type == aiohttp.WSMsgType.BINARY:
            self.frames.append(pb.PushDataV3ApiWrapper.FromString(message.data))
        else:
            told = json.loads(message.data)
            assert (told["id"], told["code"]) == (0, 0)
            self.answers.append(told["msg"])

    async def answer(self) -> str:
        """The next answer."""
        count = len(self.answers)
        while len(self.answers) == count:
            await self.step()
        return self.answers[-1]

    async def until(self, count: int) -> list[pb.PushDataV3ApiWrapper]:
        """All frames as soon as there are so many."""
        async with asyncio.timeout(20):
            while len(self.frames) < count:
                await self.step()
        return self.frames


@asynccontextmanager
async def running_exchange(
    folder: Path,
    *,
    rate: float = RATE,
    limits: RequestLimits = UNLIMITED,
    lifetimes: Lifetimes | None = None,
    keys: Sequence[ApiKey] = (),
    journal: TradingJournal | None = None,
) -> AsyncIterator[Site]:
    market = PromisedMarket(source="synthetic", seed=SEED, rate=rate, quote_asset="USDT", interval="1m")
    clock = MarketClock(market=market, path=folder / "clock.json", clock=SYSTEM)
    app = application(SyntheticMarket(seed=SEED), clock, limits=limits, lifetimes=lifetimes, keys=keys, journal=journal)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as session:
            yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", clock, session)
    finally:
        await runner.cleanup()
