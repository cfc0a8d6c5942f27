"""The REST screener: market clock, instruments, universe, history, and every candle the socket did not deliver.

It asks the exchange for the time once a second and shares the anchor; at start it stores the instruments,
chooses the universe and fetches history (stored, not published) or, after a pause, the candles missed meanwhile
(published). Then it looks for closed candles nobody stored and fetches them: with the socket down, candles keep
arriving a little late.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import aiohttp
from django.db import DatabaseError, close_old_connections, connections

from cdb_site.bus.redis import UNREACHABLE, connection
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import ANCHOR_KEY, Anchor, anchor_fields
from marketdata import operations, queries
from marketdata.intervals import last_closed_open_s
from marketdata.mexc.errors import MexcProblem
from marketdata.mexc.rest import MexcRest
from marketdata.models import Candle
from marketdata.screeners import history
from marketdata.screeners.anchoring import Anchoring
from marketdata.universe import choose, settings_key

log = logging.getLogger(__name__)
T = TypeVar("T")

TIME_EVERY_S = 1.0
GAPS_EVERY_S = 1.5
INSTRUMENTS_EVERY_S = 1800.0
GAP_WINDOW_CANDLES = 60
GAP_MAX_CANDLES = 5000
LATE_MARKET_S = 4.0
LATE_WALL_S = 1.5
ABSENT_MAX = 20_000
LOG_EVERY = 30
PRODUCER = "rest"


class RestScreener:
    """Hosted by the `rest` service."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.environment = runtime.environment
        self.length_s = self.environment.interval_s
        self.anchoring = Anchoring(self.environment)
        self.anchored = False
        self.absent: dict[tuple[str, int], None] = {}
        self.rows = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rest-rows")

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self.rows.submit(connections.close_all)
            self.rows.shutdown()

    async def _main(self) -> None:
        async with aiohttp.ClientSession() as session:
            rest = MexcRest(self.environment.MEXC_REST_URL, session)
            tasks = [asyncio.create_task(self._keep_time(rest)), asyncio.create_task(self._keep_candles(rest))]
            stopping = asyncio.create_task(self._stopping())
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()

    async def _stopping(self) -> None:
        while not self.runtime.stopping.is_set():
            await asyncio.sleep(0.1)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work on the one thread that owns this screener's database connection."""

        def fresh() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self.rows, fresh)

    async def _keep_time(self, rest: MexcRest) -> None:
        clock, failures = self.runtime.clock, 0
        while True:
            try:
                asked = clock.wall_s()
                told = await rest.server_time()
                anchor = self.anchoring.measured(told, asked, clock.wall_s())
                await asyncio.to_thread(_share, anchor)
                clock.anchor, self.anchored, failures = anchor, True, 0
                self.runtime.progress.turned("market clock")
            except (MexcProblem, *UNREACHABLE) as problem:
                failures += 1
                if failures % LOG_EVERY == 1:
                    log.warning("market clock not renewed, %d times in a row: %s", failures, problem)
            await asyncio.sleep(TIME_EVERY_S)

    async def _keep_candles(self, rest: MexcRest) -> None:
        while not self.anchored:
            await asyncio.sleep(0.05)
        prepared_at = float("-inf")
        while True:
            try:
                if self.runtime.clock.monotonic_s() - prepared_at > INSTRUMENTS_EVERY_S:
                    await self._prepare(rest)
                    prepared_at = self.runtime.clock.monotonic_s()
                await self._fill_gaps(rest)
                self.runtime.progress.turned("gap filling")
            except (MexcProblem, DatabaseError, *UNREACHABLE) as problem:
                log.warning("candles not complete: %s", problem)
            await asyncio.sleep(GAPS_EVERY_S)

    async def _prepare(self, rest: MexcRest) -> None:
        """Instruments, then the universe, then its history."""
        symbols, another_market = await refresh_universe(rest, self)
        clock, length_s = self.runtime.clock, self.length_s
        newest_s = last_closed_open_s(clock.market_s(), length_s)
        stored = await self._in_thread(lambda: queries.last_open_times(symbols, self.environment.INTERVAL))
        last = {} if another_market else {name: int(open_time.timestamp()) for name, open_time in stored.items()}
        wanted = self.environment.BACKFILL_CANDLES
        past, gaps = history.backfill_ranges(symbols, last, newest_s, length_s, wanted, GAP_MAX_CANDLES)
        await self.fetch_and_store(rest, past, Candle.Source.BACKFILL)
        await self.fetch_and_store(rest, gaps, Candle.Source.REST)

    async def fetch_and_store(self, rest: MexcRest, ranges: list[history.Range], source: str) -> int:
        """Candles of the ranges, stored; returns how many were new."""
        if not ranges:
            return 0
        interval = self.environment.INTERVAL
        candles = await history.fetch(rest, ranges, interval, self.runtime.clock.market_s())
        new = await self._in_thread(lambda: operations.store_closed_candles(interval, candles, source, PRODUCER))
        log.info("%s: %d new candles of %d symbols", source, new, len({item.symbol for item in ranges}))
        return new

    async def _fill_gaps(self, rest: MexcRest) -> None:
        """Closed candles that are overdue and not stored, in the last hour of candles."""
        clock, interval = self.runtime.clock, self.environment.INTERVAL
        patience_s = max(LATE_MARKET_S, LATE_WALL_S * clock.anchor.rate)
        last_s = last_closed_open_s(clock.market_s() - patience_s, self.length_s)
        first_s = last_s - (GAP_WINDOW_CANDLES - 1) * self.length_s
        symbols = await self._in_thread(queries.universe)
        missing = await self._in_thread(lambda: queries.missing_opens(symbols, interval, first_s, last_s))
        unknown = {
            symbol: [open_s for open_s in opens if (symbol, open_s) not in self.absent]
            for symbol, opens in missing.items()
        }
        ranges = history.missing_ranges(unknown, self.length_s)
        if ranges:
            await self.fetch_and_store(rest, ranges, Candle.Source.REST)
            await self._remember_absent(symbols, first_s, last_s, unknown)

    async def _remember_absent(
        self, symbols: list[str], first_s: int, last_s: int, asked: dict[str, list[int]]
    ) -> None:
        """The exchange has no candle for what is still missing: do not ask for it for ever."""
        interval = self.environment.INTERVAL
        still = await self._in_thread(lambda: queries.missing_opens(symbols, interval, first_s, last_s))
        for symbol, opens in still.items():
            for open_s in set(opens) & set(asked.get(symbol, ())):
                self.absent[(symbol, open_s)] = None
        while len(self.absent) > ABSENT_MAX:
            del self.absent[next(iter(self.absent))]

    async def store(self, work: Callable[[], T]) -> T:
        return await self._in_thread(work)


def _share(anchor: Anchor) -> None:
    connection().hset(ANCHOR_KEY, mapping=dict[Any, Any](anchor_fields(anchor)))


async def refresh_universe(rest: MexcRest, screener: RestScreener) -> tuple[list[str], bool]:
    """Store all instruments of QUOTE_ASSET; choose the universe anew only when its settings changed.

    Returns its symbols, and whether the stored one belonged to another market (another seed, another recording): then
    the stored history is that market's and is fetched again.
    """
    environment = screener.environment
    listed = [item for item in await rest.instruments() if item.quote_asset == environment.QUOTE_ASSET]
    await screener.store(lambda: operations.upsert_instruments(listed))
    await screener.store(lambda: operations.halt_unlisted(environment.QUOTE_ASSET, [item.symbol for item in listed]))
    market = f"{environment.MARKET} {screener.runtime.clock.anchor.label.partition(';')[0]}".strip()
    key = settings_key(
        whitelist=environment.SYMBOL_WHITELIST,
        size=environment.UNIVERSE_SIZE,
        quote_asset=environment.QUOTE_ASSET,
        market=market,
    )
    before = await screener.store(queries.universe_settings)
    if before == {key}:
        return await screener.store(queries.universe), False
    turnover = {ticker.symbol: ticker.quote_volume for ticker in await rest.tickers_24h()}
    symbols = choose(
        offered=[item.symbol for item in listed if item.trading],
        turnover=turnover,
        quote_asset=environment.QUOTE_ASSET,
        whitelist=environment.SYMBOL_WHITELIST,
        size=environment.UNIVERSE_SIZE,
    )
    await screener.store(lambda: operations.set_universe(symbols, key))
    log.info("universe: %d symbols: %s", len(symbols), ", ".join(symbols))
    return symbols, any(not text.startswith(f"{market} ") for text in before)
