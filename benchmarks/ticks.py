"""How long a tick takes to the page: a book ticker leaves the exchange → a browser's socket shows it, or a newer one.

The real WS screener and the real dashboard, an exchange that grants everything, one browser without a screen. Each of
30 symbols ticks ten times a second, as often as the exchange sends, on a fixed schedule; latency runs from the
schedule. On the way quotes are collected twice (WS screener and dashboard, up to 100 ms each) and the newest wins: a
tick that a newer one overtook counts as shown when that one is.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from benchmarks.flood.frames import SYMBOLS
from benchmarks.latency import percentiles
from benchmarks.tick_exchange import TickExchange
from cdb_site.local.system import System
from marketdata.mexc import wire
from mexc_sim.server import frames
from proofs.rig.crowd import Crowd
from proofs.rig.stopwatches import BrowserWatch
from proofs.rig.waiting import expect, say, wait_for

EVERY_S = 0.1
WARM_UP_S = 5.0
AFTER_S = 1.0
ANCHOR_EVERY_S = 1.0
LOWEST_BID = 10_000


class QuoteWatch(BrowserWatch):
    """A browser that notes when each symbol's quotes show. Ticks are known by their rising bid, in hundredths."""

    def __init__(self, system: System) -> None:
        super().__init__(system.url, system.operator, system.password)
        self.waiting: dict[str, deque[tuple[int, float]]] = {symbol: deque() for symbol in SYMBOLS}
        self.seconds: list[float] = []

    def note(self, changes: Mapping[str, Any]) -> None:
        now = time.time()
        for quote in changes.get("quotes", ()):
            waiting, bid = self.waiting.get(quote["symbol"], deque()), int(Decimal(quote["bid"]) * 100)
            while waiting and waiting[0][0] <= bid:
                self.seconds.append(now - waiting.popleft()[1])


class TickToPage:
    """The measurement on a running system, whose exchange is `exchange`."""

    def __init__(self, system: System, exchange: TickExchange) -> None:
        self.system, self.exchange = system, exchange
        self.crowd = Crowd(list(SYMBOLS), int(time.time()) // 60, 60.0)
        self.started_s, self.ticks = time.time(), 0

    def run(self, seconds: float) -> dict[str, Any]:
        self.crowd.settle()
        self._keep_time()
        self.system.wait_live(["dashboard"])
        wait_for(lambda: self._all_granted() or None, "the subscriptions")
        watch = QuoteWatch(self.system)
        watch.start()
        self._tick(watch, WARM_UP_S)
        time.sleep(AFTER_S)
        watch.seconds.clear()
        self._tick(watch, seconds)
        time.sleep(AFTER_S)
        watch.stop()
        missing = sum(map(len, watch.waiting.values()))
        result = percentiles(watch.seconds)
        say(f"{len(watch.seconds)} ticks to the page: {result} ms, {missing} not shown")
        expect(result is not None, "no tick was shown on the page")
        expect(not missing, f"{missing} ticks were not shown within {AFTER_S:g} s")
        return {"ticks_to_page_ms": result}

    def _all_granted(self) -> bool:
        self._keep_time()
        return self.exchange.granted() == 2 * len(SYMBOLS) + 1

    def _keep_time(self) -> None:
        self.crowd.keep_time(self.started_s, self.crowd.period)

    def _tick(self, watch: QuoteWatch, seconds: float) -> None:
        """Every symbol ten times a second, spread evenly."""
        begun_s, step_s, kept_s = time.time() + 0.1, EVERY_S / len(SYMBOLS), 0.0
        self._day()
        for number in range(int(seconds / step_s)):
            scheduled_s = begun_s + number * step_s
            if scheduled_s - kept_s > ANCHOR_EVERY_S:
                kept_s = scheduled_s
                self._keep_time()
            time.sleep(max(0.0, scheduled_s - time.time()))
            symbol, self.ticks = SYMBOLS[number % len(SYMBOLS)], self.ticks + 1
            bid = LOWEST_BID + self.ticks
            watch.waiting[symbol].append((bid, scheduled_s))
            texts = (f"{bid / 100:.2f}", "5", f"{(bid + 1) / 100:.2f}", "5")
            channel = wire.book_channel(symbol)
            self.exchange.push(channel, frames.encode_book(symbol, channel, texts, self.ticks, int(scheduled_s * 1000)))

    def _day(self) -> None:
        """24-hour figures: a quote needs a last price."""
        rows = [
            {"symbol": symbol, "price": "100", "rate": "0.01", "volume": "1000000", "quantity": "10000"}
            for symbol in SYMBOLS
        ]
        self.exchange.push(
            wire.MINI_TICKERS, frames.encode_mini_tickers(wire.MINI_TICKERS, rows, int(time.time() * 1000))
        )
