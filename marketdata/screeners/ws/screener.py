"""The WS screener: live candles and quotes of the universe over the exchange's sockets.

Sockets hand every frame to the intake, which keeps the newest. Beside them loops publish quotes and levels of books,
store closed candles, ask REST for doubtful ones, follow the universe and the books near an order without disturbing
the symbols that stay, and look at how old the data is: silence raises alerts and fails /health, because a feed that
only looks alive is worse than none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import aiohttp
from django.db import DatabaseError, close_old_connections, connections

from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime
from cdb_site.limits_in_force import LimitInForce
from marketdata import queries
from marketdata.intervals import CHANNEL_NAMES, interval_s
from marketdata.metrics import SYMBOLS_SILENT
from marketdata.mexc import wire
from marketdata.mexc.feed import MarketFeed
from marketdata.mexc.rest import MexcRest
from marketdata.mexc.ws import Connection, Gate
from marketdata.models import Instrument
from marketdata.screeners.conditions import Conditions
from marketdata.screeners.ws.batches import ClosedBatches
from marketdata.screeners.ws.closing import ClosingRule
from marketdata.screeners.ws.confirming import Confirmations
from marketdata.screeners.ws.depth_following import DepthFollower
from marketdata.screeners.ws.depths import DepthPublisher, OutgoingDepths
from marketdata.screeners.ws.feed_conditions import CODES, Seen, judged, silent
from marketdata.screeners.ws.intake import Intake
from marketdata.screeners.ws.malformed import Malformed
from marketdata.screeners.ws.metrics import Measuring, nothing_came_yet
from marketdata.screeners.ws.publishing import QuotePublisher
from marketdata.screeners.ws.quotes import OutgoingQuotes
from marketdata.screeners.ws.storing import CandleStorage

log = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_S = 0.25
ALERT_S = 0.5
UNIVERSE_EVERY_S = 5.0
START_S = 0.2
PRODUCER = "ws"
LOOP = "ws screener"


class Parts(NamedTuple):
    """What one run of the screener is made of."""

    intake: Intake
    feed: MarketFeed
    publisher: QuotePublisher
    depth_publisher: DepthPublisher
    near: DepthFollower
    storage: CandleStorage
    measuring: Measuring


class WsScreener:
    """Hosted by the `ws` service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.clock, self.environment = runtime, runtime.clock, runtime.environment
        self.interval = self.environment.INTERVAL
        self.silence_limit = LimitInForce("max_data_silence_s", self.clock)
        self.silence_s = float(self.environment.WS_SILENCE_S)
        self.gate = Gate(self.clock)
        self.malformed = Malformed("ws", self.clock)
        self.symbols: list[str] = []
        self.conditions = Conditions(source=PRODUCER, codes=CODES)
        self.rows = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ws-rows")

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
        nothing_came_yet(self.clock)
        async with aiohttp.ClientSession() as session:
            while not self.runtime.stopping.is_set():
                instruments = await self._in_thread(_watched_instruments)
                if instruments and self._clock_known():
                    await self._watch(session, instruments)
                else:
                    self.runtime.progress.turned(LOOP)
                    await asyncio.sleep(START_S)

    def _clock_known(self) -> bool:
        return self.clock.anchor.simulated or self.environment.MARKET != "SIMULATED"

    async def _watch(self, session: aiohttp.ClientSession, instruments: dict[str, Instrument]) -> None:
        """Watch until the service stops; what fails for another reason than the network ends it."""
        parts = self._parts(session)
        self._follow(parts, instruments)
        loops: list[Coroutine[Any, Any, None]] = [
            parts.publisher.run(),
            parts.depth_publisher.run(),
            parts.near.run(lambda: self._want(parts)),
            parts.storage.store_pushed(),
            parts.storage.confirm(),
            self._follow_universe(parts),
            self._alert(parts),
        ]
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            while not self.runtime.stopping.is_set():
                parts.feed.check()
                for task in tasks:
                    if task.done():
                        task.result()
                self._look(parts)
                await asyncio.sleep(LOOK_S)
        finally:
            await parts.feed.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _parts(self, session: aiohttp.ClientSession) -> Parts:
        clock, length_s = self.clock, interval_s(self.interval)
        board, rule = OutgoingQuotes({}), ClosingRule(length_s)
        batches, confirmations, depths = ClosedBatches(1), Confirmations(), OutgoingDepths()
        intake = Intake(
            interval=self.interval,
            clock=clock,
            board=board,
            rule=rule,
            batches=batches,
            confirmations=confirmations,
            depths=depths,
        )
        storage = CandleStorage(
            interval=self.interval,
            producer=PRODUCER,
            clock=clock,
            rest=MexcRest(self.environment.MEXC_REST_URL, session),
            in_thread=self._in_thread,
            rule=rule,
            batches=batches,
            confirmations=confirmations,
        )
        publisher = QuotePublisher(board=board, clock=clock, progress=self.runtime.progress, producer=PRODUCER)
        feed = MarketFeed(lambda channels: self._connection(session, intake, channels))
        return Parts(
            intake=intake,
            feed=feed,
            publisher=publisher,
            depth_publisher=DepthPublisher(board=depths, clock=clock, producer=PRODUCER),
            near=self._near(board, depths),
            storage=storage,
            measuring=Measuring(intake=intake, feed=feed, clock=clock),
        )

    def _near(self, board: OutgoingQuotes, depths: OutgoingDepths) -> DepthFollower:
        return DepthFollower(
            board=board,
            depths=depths,
            clock=self.clock,
            in_thread=self._in_thread,
            interval=self.interval,
            lookback_s=self.environment.LOOKBACK_MINUTES * 60,
            threshold=self.environment.SIGNAL_THRESHOLD_PCT,
        )

    def _connection(self, session: aiohttp.ClientSession, intake: Intake, channels: Sequence[str]) -> Connection:
        def unusable(reason: str, body: bytes) -> None:
            self.malformed.count(reason, body)
            intake.rule.doubt(_symbols(tuple(connection.channels)))

        connection = Connection(
            url=self.environment.MEXC_WS_URL,
            channels=channels,
            session=session,
            clock=self.clock,
            on_frame=intake.frame,
            on_lost=lambda lost: None,
            on_malformed=unusable,
            silence_s=self.silence_s,
            lifetime_s=float(self.environment.WS_LIFETIME_S),
            gate=self.gate,
        )
        return connection

    def _follow(self, parts: Parts, instruments: dict[str, Instrument]) -> None:
        """Watch these from now on: the others' streams, quotes and forming candles stay as they are."""
        intake = parts.intake
        intake.board.watch({symbol: item.price_tick for symbol, item in instruments.items()}, self.clock.monotonic_s())
        intake.rule.watch(instruments, self.clock.market_s())
        intake.batches.expected = len(instruments)
        self.symbols = list(instruments)
        self._want(parts)

    def _want(self, parts: Parts) -> None:
        interval = CHANNEL_NAMES[self.interval]
        of_symbols = [[wire.kline_channel(symbol, interval), wire.book_channel(symbol)] for symbol in self.symbols]
        parts.feed.want([*of_symbols, [wire.MINI_TICKERS], *parts.near.channels])

    async def _follow_universe(self, parts: Parts) -> None:
        """A universe that is empty or cannot be read changes nothing."""
        while True:
            await asyncio.sleep(UNIVERSE_EVERY_S)
            try:
                instruments = await self._in_thread(_watched_instruments)
            except DatabaseError as problem:
                log.warning("universe not read: %s", problem)
                continue
            if instruments:
                self._follow(parts, instruments)

    def _look(self, parts: Parts) -> None:
        """How old the data is: for /health and the metrics."""
        age_s = self.clock.monotonic_s() - parts.intake.data_at
        self.runtime.progress.turned(LOOP)
        self.runtime.progress.tell("feed_age_s", round(age_s, 1))
        if age_s > self.silence_s:
            self.runtime.progress.complain("feed", f"no market data for {age_s:.1f} s")
        else:
            self.runtime.progress.content("feed")
        parts.measuring.tell()

    async def _alert(self, parts: Parts) -> None:
        """Keep the alerts as the feed is, also those a predecessor left open."""
        while True:
            await asyncio.sleep(ALERT_S)
            limit_s = await self._in_thread(self.silence_limit)
            seen = self._seen(parts)
            SYMBOLS_SILENT.set(len(silent(seen.quote_ages, limit_s)))
            holding, undecided = judged(seen, limit_s)
            if not self.conditions.differ(holding, undecided):
                continue
            try:
                await self._in_thread(lambda: self.conditions.settle(holding, undecided))  # noqa: B023
            except (DatabaseError, *UNREACHABLE) as problem:
                log.warning("alerts not written: %s", problem)

    def _seen(self, parts: Parts) -> Seen:
        intake, now = parts.intake, self.clock.monotonic_s()
        return Seen(
            feed_age_s=now - intake.data_at,
            heard=intake.heard,
            quote_ages=intake.board.ages(now),
            unheard=intake.board.unheard(),
            malformed_per_s=self.malformed.per_s() if self.malformed.holds() else 0.0,
            malformed_reason=self.malformed.last_reason,
            refused=parts.feed.refused,
        )


def _watched_instruments() -> dict[str, Instrument]:
    symbols = queries.universe()
    stored = queries.instruments(symbols)
    return {symbol: stored[symbol] for symbol in symbols}


@lru_cache(maxsize=512)
def _symbols(channels: tuple[str, ...]) -> list[str]:
    """The symbols whose candles these channels carry."""
    return [channel.split("@")[2] for channel in channels if ".kline." in channel]
