"""A stage for the WS screener: a scripted exchange in one thread, the service in another, pushes from the test."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from django.conf import settings

from cdb_site.bus.runtime import Runtime
from cdb_site.clock import Clock
from cdb_site.services import service
from marketdata.mexc import wire
from marketdata.screeners.ws import screener
from mexc_sim.server import frames
from tests.integration.marketdata.scripted_exchange import ScriptedExchange, scripted_exchange

BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"


def wait_for(condition: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what}"
        time.sleep(0.02)
    return found


class Stage:
    """A scripted exchange in one thread and the screener in another; the test pushes and looks."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.hosting = scripted_exchange()
        self.exchange: ScriptedExchange = self.call(self.hosting.__aenter__())
        self.version = 0
        self.minute_s = int(time.time()) // 60 * 60
        self.runtime: Runtime
        self.screener: threading.Thread | None = None

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(15)

    def start(self, **changed: Any) -> None:
        """The service, with some of its settings changed."""
        environment = dataclasses.replace(
            settings.ENVIRONMENT,
            MARKET="MEXC",
            MEXC_REST_URL=self.exchange.url,
            MEXC_WS_URL=self.exchange.url.replace("http", "ws") + "/ws",
            **changed,
        )
        self.runtime = Runtime(service=service("ws"), environment=environment, instance="1", clock=Clock())
        self.screener = threading.Thread(target=screener.WsScreener(self.runtime).run, daemon=True)
        self.screener.start()

    def stop(self) -> None:
        if self.screener:
            self.runtime.stopping.set()
            self.screener.join(15)
            assert not self.screener.is_alive()
            self.screener = None

    def close(self) -> None:
        self.stop()
        self.call(self.hosting.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(15)
        self.loop.close()

    def subscribed(self, *symbols: str) -> bool:
        return all(wire.book_channel(symbol) in self.exchange.subscribed for symbol in symbols)

    def push(self, channel: str, frame: bytes | str) -> None:
        self.call(self.exchange.push(channel, frame))

    def book(self, symbol: str = BTC, *, bid: str = "99", ask: str = "101") -> None:
        self.version += 1
        channel = wire.book_channel(symbol)
        at_ms = int(time.time() * 1000)
        self.push(channel, frames.encode_book(symbol, channel, (bid, "1", ask, "2"), self.version, at_ms))

    def candle(
        self, symbol: str = BTC, *, minute: int = 0, sent: float = 30, volume: str = "5", close: str = "100"
    ) -> None:
        """A state of the candle `minute` windows from now, sent that many seconds after its start."""
        start_s = self.minute_s + 60 * minute
        texts = ("100", "110", "90", close, volume, "500")
        frame = frames.encode_candle(symbol, "Min1", start_s, start_s + 60, texts, int((start_s + sent) * 1000))
        self.push(wire.kline_channel(symbol, "Min1"), frame)

    def rest_knows(self, symbol: str = BTC, *, minute: int = 0, close: str = "100") -> None:
        start_s = self.minute_s + 60 * minute
        row = [start_s * 1000, "100", "110", "90", close, "5", (start_s + 60) * 1000, "500"]
        self.exchange.rows[symbol, start_s] = row
