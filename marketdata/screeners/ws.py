"""The WS screener: live candles and quotes of the universe over the exchange's sockets.

One connection per 30 channels. Every frame updates the quote board or the forming candle; the closing rule says
when a candle is closed. Candles of one open time are collected for a moment and stored together; quotes leave
every 100 ms, newest values only. A frame that cannot be used is counted, now and then logged, and dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import aiohttp
from django.db import DatabaseError, close_old_connections, connections

from cdb_site.bus import latest
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime
from marketdata import operations, queries
from marketdata.intervals import CHANNEL_NAMES
from marketdata.metrics import FEED_AGE_S, MALFORMED, SOCKET_RECONNECTS, WS_MESSAGES
from marketdata.mexc import wire
from marketdata.mexc.errors import BadFrame, MexcProblem
from marketdata.mexc.rest import MexcRest
from marketdata.mexc.ws import Connection, shards
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from marketdata.screeners import history
from marketdata.screeners.batches import ClosedBatches
from marketdata.screeners.closing import GRACE_S, ClosingRule
from marketdata.screeners.quotes import QuoteBoard

log = logging.getLogger(__name__)
T = TypeVar("T")

FLUSH_QUOTES_S = 0.1
TURN_S = 0.02
UNIVERSE_EVERY_S = 5.0
SILENCE_S = 15.0
HEALTHY_AGE_S = 5.0
LOG_EVERY = 1000
WALL_GRACE_S = 0.5
PRODUCER = "ws"
KINDS = {wire.CandlePush: "kline", wire.BookTicker: "book", list: "mini_tickers"}


class WsScreener:
    """Hosted by the `ws` service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.clock = runtime.clock
        self.interval = runtime.environment.INTERVAL
        self.rule = ClosingRule()
        self.rows = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ws-rows")
        self.data_at = self.clock.monotonic_s()
        self.malformed = 0

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self.rows.submit(connections.close_all)
            self.rows.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work on the one thread that owns this screener's database connection."""

        def fresh() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self.rows, fresh)

    async def _main(self) -> None:
        async with aiohttp.ClientSession() as session:
            while not self.runtime.stopping.is_set():
                symbols = await self._in_thread(queries.universe)
                if symbols and self._clock_known():
                    await self._watch(session, symbols)
                else:
                    self.runtime.progress.turned("ws socket")
                    await asyncio.sleep(0.2)

    def _clock_known(self) -> bool:
        return self.clock.anchor.simulated or self.runtime.environment.MARKET != "SIMULATED"

    async def _watch(self, session: aiohttp.ClientSession, symbols: list[str]) -> None:
        """Watch these symbols until the universe changes or the service stops."""
        instruments = await self._in_thread(lambda: queries.instruments(symbols))
        self.board = QuoteBoard({symbol: item.price_tick for symbol, item in instruments.items()})
        self.batches = ClosedBatches(len(symbols))
        rest = MexcRest(self.runtime.environment.MEXC_REST_URL, session)
        sockets = [self._connection(session, shard).run() for shard in shards(self._channels(symbols))]
        work = [*sockets, self._flush_quotes(), self._flush_candles(), self._confirm(rest)]
        tasks = [asyncio.create_task(part) for part in work]
        try:
            await self._until_changed(symbols, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.rule.forget(symbols)

    def _channels(self, symbols: Sequence[str]) -> list[str]:
        klines = [wire.kline_channel(symbol, CHANNEL_NAMES[self.interval]) for symbol in symbols]
        return [*klines, *map(wire.book_channel, symbols), wire.MINI_TICKERS]

    def _connection(self, session: aiohttp.ClientSession, channels: Sequence[str]) -> Connection:
        return Connection(
            url=self.runtime.environment.MEXC_WS_URL,
            channels=channels,
            session=session,
            clock=self.clock,
            on_frame=self._frame,
            on_lost=self._lost,
            silence_s=SILENCE_S,
        )

    async def _until_changed(self, symbols: list[str], tasks: Sequence[asyncio.Task[None]]) -> None:
        looked_at = self.clock.monotonic_s()
        while not self.runtime.stopping.is_set():
            await asyncio.sleep(0.2)
            for task in tasks:
                if task.done():
                    task.result()
            now = self.clock.monotonic_s()
            FEED_AGE_S.set(now - self.data_at)
            if now - self.data_at < HEALTHY_AGE_S:
                self.runtime.progress.turned("ws socket")
            if now - looked_at > UNIVERSE_EVERY_S:
                looked_at = now
                if await self._universe_or(symbols) != symbols:
                    return

    async def _universe_or(self, symbols: list[str]) -> list[str]:
        try:
            return await self._in_thread(queries.universe)
        except DatabaseError:
            return symbols

    def _lost(self, channels: Sequence[str]) -> None:
        SOCKET_RECONNECTS.inc()
        self.rule.forget(channel.split("@")[2] for channel in channels if ".kline." in channel)

    def _frame(self, body: bytes) -> None:
        """One binary frame; never raises."""
        self.data_at = self.clock.monotonic_s()
        try:
            frame = wire.decode(body)
            WS_MESSAGES.labels(KINDS.get(type(frame), "other")).inc()
            if isinstance(frame, wire.CandlePush):
                self._candle(frame)
            elif isinstance(frame, wire.BookTicker):
                self.board.book(frame, self.clock.wall_now())
            elif frame is not None:
                for ticker in frame:
                    self.board.day(ticker)
        except BadFrame as problem:
            self._count_malformed(problem.reason, body)
        except (ArithmeticError, ValueError, OverflowError) as problem:
            self._count_malformed(type(problem).__name__, body)

    def _count_malformed(self, reason: str, body: bytes) -> None:
        MALFORMED.labels("ws", reason).inc()
        self.malformed += 1
        if self.malformed % LOG_EVERY == 1:
            log.warning("unusable frame (%s), %d so far: %s", reason, self.malformed, body[:60].hex())

    def _candle(self, push: wire.CandlePush) -> None:
        if push.interval != self.interval or push.symbol not in self.board.ticks:
            return
        self.board.last(push)
        closed = self.rule.push(push)
        if closed is not None:
            candle = ClosedCandle(closed.symbol, closed.start_s, *closed[4:10])
            self.batches.add(candle, self.clock.monotonic_s())

    async def _flush_candles(self) -> None:
        while True:
            await asyncio.sleep(TURN_S)
            batch = self.batches.take(self.clock.monotonic_s())
            if batch:
                await self._store(batch, Candle.Source.WS)

    async def _store(self, candles: list[ClosedCandle], source: str) -> None:
        """Store, or put back and pause when the database does not answer: gap filling takes what is dropped."""
        try:
            await self._in_thread(lambda: operations.store_closed_candles(self.interval, candles, source, PRODUCER))
        except DatabaseError as problem:
            log.warning("%d closed candles not stored: %s", len(candles), problem)
            self.batches.put_back(candles, self.clock.monotonic_s())
            await asyncio.sleep(0.5)

    async def _confirm(self, rest: MexcRest) -> None:
        """Candles whose end nobody announced: ask REST what they were."""
        while True:
            await asyncio.sleep(0.25)
            late = self.rule.overdue(self.clock.market_s() - self._wall_grace_s())
            if not late:
                continue
            ranges = [history.Range(push.symbol, push.start_s, push.start_s) for push in late]
            try:
                candles = await history.fetch(rest, ranges, self.interval, self.clock.market_s())
                await self._store(candles, Candle.Source.REST)
            except MexcProblem as problem:
                log.warning("%d candles not confirmed: %s", len(late), problem)

    def _wall_grace_s(self) -> float:
        """At a high rate two market seconds are too short for a push to travel: wait as long on the wall clock."""
        return max(0.0, WALL_GRACE_S * self.clock.anchor.rate - GRACE_S)

    async def _flush_quotes(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_QUOTES_S)
            quotes = self.board.take_changed()
            if not quotes:
                continue
            try:
                await asyncio.to_thread(self._publish_quotes, quotes)
            except UNREACHABLE as problem:
                log.warning("%d quotes not published: %s", len(quotes), problem)

    def _publish_quotes(self, quotes: list[dict[str, str]]) -> None:
        latest.publish("market_data.quotes", {"quotes": quotes}, producer=PRODUCER, occurred_at=self.clock.market_now())
        latest.store_quotes(quotes)
