"""A market to break: the simulated exchange and both screeners on the tests' servers, each in a thread of this process.

It runs sixty times as fast as the clock, so a candle closes every second. What an operator would see is read where he
would see it: metrics, /health, alerts, the quotes on the bus, the stored candles. Durations are wall seconds.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.conf import settings
from django.db import close_old_connections
from prometheus_client import REGISTRY

from cdb_site.alerts.models import Alert
from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM, parse_iso
from cdb_site.health.server import report
from cdb_site.services import service
from marketdata.screeners.rest.screener import RestScreener
from marketdata.screeners.ws.screener import WsScreener
from mexc_sim.faults.client import FaultClient
from mexc_sim.market.market_clock import MarketClock, PromisedMarket
from mexc_sim.market.synthetic import SyntheticMarket
from mexc_sim.server.server import application
from proofs.candle_truth import CandleComparison, MarketTime, compare
from tests.emptying import empty_all_tables

log = logging.getLogger(__name__)

RATE = 60.0
LENGTH_S = 60
SYMBOLS = ("ADAUSDT", "AVAXUSDT", "BNBUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "SOLUSDT", "SUIUSDT", "XRPUSDT")


class House:
    """A running market. `failed` has what ended a screener that should have gone on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.faults = FaultClient(url)
        self.time = MarketTime(url)
        self.runtimes: dict[str, Runtime] = {}
        self.failed: list[str] = []

    def health(self, name: str) -> tuple[bool, str]:
        """(well, reason) as /health of the service tells."""
        well, body = report(self.runtimes[name])
        return well, str(body.get("reason", ""))

    def state(self) -> str:
        """What an operator would look at first."""
        health = {name: self.health(name)[1] or "well" for name in self.runtimes}
        alerts = list(Alert.objects.exclude(state=Alert.State.CLOSED).values_list("code", "key"))
        return f"health {health}, alerts {alerts}, fallen over {self.failed}"

    def opened(self, code: str, key: str | None = None) -> bool:
        return self._alerts(code, key).exclude(state=Alert.State.CLOSED).exists()

    def closed(self, code: str, key: str | None = None) -> bool:
        """It was raised, and all of them are over."""
        alerts = self._alerts(code, key)
        return alerts.exists() and not alerts.exclude(state=Alert.State.CLOSED).exists()

    def _alerts(self, code: str, key: str | None) -> Any:
        alerts = Alert.objects.filter(code=code)
        return alerts if key is None else alerts.filter(key=key)

    def quote_ages(self) -> dict[str, float]:
        """Wall seconds since each watched symbol's quote was received; infinite without one."""
        quotes, now = latest.read_quotes(), SYSTEM.wall_now()
        return {
            symbol: (now - parse_iso(quotes[symbol]["received_at"])).total_seconds() if symbol in quotes else 1e9
            for symbol in SYMBOLS
        }

    def await_quotes_since(self, wall_s: float) -> float:
        """Until every symbol has a quote received after that moment; seconds from there to now."""
        self.wait(lambda: max(self.quote_ages().values()) < SYSTEM.wall_s() - wall_s, "a new quote of every symbol")
        return SYSTEM.wall_s() - wall_s

    def end(self) -> float:
        """End what holds; the wall time of it."""
        self.faults.end()
        return SYSTEM.wall_s()

    def await_end(self) -> float:
        """Until what holds is over by itself; the wall time of it."""
        self.wait(lambda: not self.faults.report()["active"], "the end of the faults")
        return SYSTEM.wall_s()

    def minute(self) -> int:
        return int(self.time.now_s()) // LENGTH_S

    def closed_after_s(self, wall_s: float, code: str, key: str | None = None) -> float:
        """Seconds from `wall_s` to the end of the newest such alert, once all are closed."""
        self.wait(lambda: self.closed(code, key), f"the end of {code}")
        newest = self._alerts(code, key).order_by("-closed_at")[0]
        return float(newest.closed_at.timestamp() - wall_s)

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> float:
        """Until the condition holds: the seconds that took. Fails naming what did not come."""
        begun_s = SYSTEM.monotonic_s()
        while not condition():
            waited_s = SYSTEM.monotonic_s() - begun_s
            assert waited_s < timeout_s, f"{what} did not come within {timeout_s:g} s; {self.state()}"
            threading.Event().wait(0.05)
        return SYSTEM.monotonic_s() - begun_s

    def await_equal(self, first: int, last: int, timeout_s: float = 60.0) -> float:
        """Until the stored candles of these minutes are the exchange's own; the seconds that took."""
        begun_s = SYSTEM.monotonic_s()
        while not (found := self.compared(first, last)).equal:
            assert SYSTEM.monotonic_s() - begun_s < timeout_s, f"after {timeout_s:g} s: {found}"
            threading.Event().wait(0.2)
        assert found.candles >= (last - first + 1) * len(SYMBOLS) * 0.9
        return SYSTEM.monotonic_s() - begun_s

    def compared(self, first: int, last: int) -> CandleComparison:
        return compare(self.url, SYMBOLS, "1m", first * LENGTH_S, last * LENGTH_S)


def metric(name: str, **labels: str) -> float:
    """The metric's value as /metrics would show it; without labels the sum over all of them."""
    if labels:
        return REGISTRY.get_sample_value(name, labels) or 0.0
    samples = (sample for family in REGISTRY.collect() for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == name)


@contextmanager
def market_house(folder: Path, **env: Any) -> Iterator[House]:
    """Open a house; `env` replaces variables of the environment."""
    with ExitStack() as stack:
        url = stack.enter_context(_exchange(folder))
        house = House(url)
        environment = replace(
            settings.ENVIRONMENT,
            MARKET="SIMULATED",
            MEXC_REST_URL=url,
            MEXC_WS_URL=url.replace("http", "ws", 1) + "/ws",
            SYMBOL_WHITELIST=SYMBOLS,
            BACKFILL_CANDLES=10,
            **env,
        )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(settings, "ENVIRONMENT", environment)
        patch.setattr(SYSTEM, "anchor", SYSTEM.anchor)
        stack.callback(empty_all_tables)
        for name, part in (("rest", RestScreener), ("ws", WsScreener)):
            runtime = Runtime(service=service(name), environment=environment, instance="1")
            house.runtimes[name] = runtime
            stack.enter_context(_running(house, runtime, part))
        house.wait(lambda: max(house.quote_ages().values()) < 1, "a quote of every symbol")
        yield house


@contextmanager
def _running(house: House, runtime: Runtime, part: Any) -> Iterator[None]:
    """A screener in a thread, as its service would host it."""

    def run() -> None:
        while not runtime.stopping.is_set():
            try:
                part(runtime).run()
            except Exception as problem:
                log.exception("%s failed", part.__name__)
                house.failed.append(f"{part.__name__}: {problem!r}")
                close_old_connections()
                runtime.pause(0.2)

    thread = threading.Thread(target=run, name=part.__name__, daemon=True)
    thread.start()
    try:
        yield
    finally:
        runtime.stopping.set()
        thread.join(10)
    assert not thread.is_alive(), f"{part.__name__} does not stop"


@contextmanager
def _exchange(folder: Path) -> Iterator[str]:
    """The simulator on a free port, in a thread with a loop of its own."""
    market = PromisedMarket(source="synthetic", seed=7, rate=RATE, quote_asset="USDT", interval="1m")
    clock = MarketClock(market=market, path=folder / "clock.json", clock=SYSTEM)
    loop, ready, stopping, urls = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), []

    async def serve() -> None:
        runner = web.AppRunner(application(SyntheticMarket(seed=7), clock), shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
            ready.set()
            await stopping.wait()
        finally:
            await runner.cleanup()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="exchange", daemon=True)
    thread.start()
    try:
        assert ready.wait(30), "the simulated exchange does not start"
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
