"""The parts of the REST screener one by one: against an exchange of prepared candles, with clocks that a test sets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
from aiohttp import web
from django.conf import settings
from django.db import connections

from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Event
from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from marketdata.mexc import rest as client
from marketdata.mexc.rest import MexcRest
from marketdata.models import Candle
from marketdata.screeners.rest.gap_filling import Filling
from marketdata.screeners.rest.verifying import Verifier
from tests.clocks import MinuteClock

START_S = 1_795_000_200 - 1_795_000_200 % 60
BTC, ETH = "BTCUSDT", "ETHUSDT"


class Rig:
    """`lacking`: (symbol, minute) the exchange has no candle of; `broken`: symbols whose candles it answers with 500;
    `refused`: with an error. Every other candle closes at `close`.
    """

    def __init__(self) -> None:
        self.clock = MinuteClock(float(START_S))
        self.environment = replace(settings.ENVIRONMENT, BACKFILL_CANDLES=10, INTERVAL="1m")
        self.runtime = Runtime(service=service("rest"), environment=self.environment, instance="1", clock=self.clock)
        self.lacking: set[tuple[str, int]] = set()
        self.broken: set[str] = set()
        self.refused: set[str] = set()
        self.books: list[dict[str, str]] = []
        self.close = "100"
        self.asked: list[tuple[str, int, int]] = []
        self.rows = ThreadPoolExecutor(max_workers=1)

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.rows, work)

    def run(self, scene: Callable[[MexcRest], Coroutine[Any, Any, Any]]) -> Any:
        async def played() -> Any:
            async with self._exchange() as rest:
                return await scene(rest)

        return asyncio.run(played())

    def close_connections(self) -> None:
        self.rows.submit(connections.close_all).result()
        self.rows.shutdown()

    def fill(self, filling: Filling | None, symbols: Sequence[str], *minutes: float) -> Filling:
        """One round of filling at each of these minutes; problems of the exchange are those of that round."""

        async def scene(rest: MexcRest) -> Filling:
            filler = filling or Filling(self.environment, self.clock, rest, self.in_thread)
            filler.rest.base_url = filler.history_rest.base_url = rest.base_url
            filler.rest.session = filler.history_rest.session = rest.session
            for minute in minutes:
                self.clock.to_minute(minute)
                await filler.round(symbols)
            return filler

        filler: Filling = self.run(scene)
        return filler

    def verify(self, verifier: Verifier | None, symbols: Sequence[str], minute: float) -> Verifier:
        """One turn of every symbol."""

        async def scene(rest: MexcRest) -> Verifier:
            reader = verifier or Verifier(self.environment, self.clock, rest, self.in_thread)
            reader.rest.base_url, reader.rest.session = rest.base_url, rest.session
            self.clock.to_minute(minute)
            for _ in symbols:
                await reader.turn(symbols)
            return reader

        reader: Verifier = self.run(scene)
        return reader

    @asynccontextmanager
    async def _exchange(self) -> Any:
        app = web.Application()
        app.router.add_get("/api/v3/klines", self._klines)
        app.router.add_get("/api/v3/ticker/bookTicker", self._book_tickers)
        app.router.add_get("/api/v3/ticker/price", self._prices)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession() as session:
                yield MexcRest(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
        finally:
            await runner.cleanup()

    async def _klines(self, request: web.Request) -> web.Response:
        symbol = request.query["symbol"]
        first_s, end_s = (int(request.query[name]) // 1000 for name in ("startTime", "endTime"))
        self.asked.append((symbol, (first_s - START_S) // 60, (end_s - START_S) // 60))
        if symbol in self.broken:
            return web.Response(status=500)
        if symbol in self.refused:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        opens = range(-(-first_s // 60) * 60, min(end_s, int(self.clock.now_s)) + 1, 60)
        return web.json_response(
            [self._row(open_s) for open_s in opens if (symbol, (open_s - START_S) // 60) not in self.lacking]
        )

    def _row(self, open_s: int) -> list[Any]:
        return [open_s * 1000, "100", "120", "80", self.close, "5", open_s * 1000 + 60_000, "500"]

    async def _book_tickers(self, request: web.Request) -> web.Response:
        return web.json_response(self.books)

    async def _prices(self, request: web.Request) -> web.Response:
        return web.json_response([{"symbol": book["symbol"], "price": "100.5"} for book in self.books])


def stored(symbol: str) -> dict[int, str]:
    """Source by minute."""
    rows = Candle.objects.filter(instrument=symbol).order_by("open_time").values_list("open_time", "source")
    return {int(open_time.timestamp() - START_S) // 60: source for open_time, source in rows}


def published(symbol: str) -> list[int]:
    """Minutes of the candles that were told, in the order of their times."""
    payloads = Event.objects.filter(topic="market_data").order_by("occurred_at").values_list("payload", "occurred_at")
    return [
        int(closed_at.timestamp() - START_S) // 60 - 1
        for payload, closed_at in payloads
        if symbol in [candle["symbol"] for candle in payload["candles"]]
    ]


def quick_attempts(monkeypatch: Any) -> None:
    """Requests repeated without a pause worth mentioning."""
    monkeypatch.setattr(client, "PAUSE_S", 0.001)


def open_alerts() -> set[str]:
    return set(Alert.objects.exclude(state="CLOSED").values_list("code", flat=True))
