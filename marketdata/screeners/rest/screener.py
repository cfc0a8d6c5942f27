"""The REST screener: market clock, instruments, universe, and everything the sockets did not bring, or brought wrong.

Six loops on one session, each of which goes on when another one fails:

    market clock   the exchange's time once a second, shared with all processes
    universe       instruments and the watched symbols
    gap filling    history, gaps, holes of any age
    verification   every stored candle once more
    quotes         of symbols whose sockets are silent
    watching       what operators are alerted of, and what /health says
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import aiohttp
import redis
from django.db import DatabaseError, close_old_connections, connections

from cdb_site.bus.runtime import Runtime
from cdb_site.bus.schema import InvalidEvent
from marketdata import queries
from marketdata.metrics import MALFORMED
from marketdata.mexc.errors import MexcProblem
from marketdata.mexc.rest import MexcRest
from marketdata.screeners.rest.choosing import Choosing
from marketdata.screeners.rest.fallback import QuoteFallback
from marketdata.screeners.rest.gap_filling import Filling
from marketdata.screeners.rest.rest_conditions import RestGuard
from marketdata.screeners.rest.timekeeping import TimeKeeper
from marketdata.screeners.rest.verifying import Verifier

log = logging.getLogger(__name__)
T = TypeVar("T")

UNIVERSE_AGAIN_S = 3.0
GAPS_EVERY_S = 1.5
ENDED_EVERY_S = 30.0
SECOND_S = 1.0
ROUND_MAX_S = 900.0
LOG_EVERY_S = 30.0
TROUBLE = (MexcProblem, DatabaseError, redis.RedisError, InvalidEvent)


class RestScreener:
    """Hosted by the `rest` service. `symbols` are the watched ones, as of the last look."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.environment = runtime.environment
        self.symbols: list[str] = []
        self.chosen = asyncio.Event()
        self.rows = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rest-rows")
        self._logged_at: dict[str, float] = {}

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self.rows.submit(connections.close_all)
            self.rows.shutdown()

    async def _main(self) -> None:
        async with aiohttp.ClientSession() as session:
            rest = MexcRest(self.environment.MEXC_REST_URL, session)
            tasks = [asyncio.create_task(loop) for loop in self._loops(rest)]
            stopping = asyncio.create_task(self._stopping())
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()

    def _loops(self, rest: MexcRest) -> list[Coroutine[Any, Any, None]]:
        clock = self.runtime.clock
        self.time = TimeKeeper(self.runtime, rest)
        self.filling = Filling(self.environment, clock, rest, self.store)
        self.verifier = Verifier(self.environment, clock, rest, self.store)
        self.fallback = QuoteFallback(clock, rest, self.store, lambda: self.symbols)
        self.guard = RestGuard(
            runtime=self.runtime,
            rest=rest,
            time=self.time,
            filling=self.filling,
            silence=self.fallback.silence,
            in_thread=self.store,
        )
        return [
            self.time.run(),
            self._choose(rest),
            self._repeat("gap filling", self._fill, GAPS_EVERY_S),
            self._repeat("verification", lambda: self.verifier.turn(sorted(self.filling.prepared)), SECOND_S),
            self._repeat("quotes", self.fallback.turn, SECOND_S),
            self._repeat("watching", self.guard.turn, SECOND_S),
        ]

    async def _stopping(self) -> None:
        while not self.runtime.stopping.is_set():
            await asyncio.sleep(0.1)

    async def store(self, work: Callable[[], T]) -> T:
        """Run blocking work on the one thread that owns this screener's database connection."""

        def fresh() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self.rows, fresh)

    async def _choose(self, rest: MexcRest) -> None:
        """The universe when it is time; until it is known for the first time, nothing of it is fetched."""
        await self.time.anchored.wait()
        choosing = Choosing(self)

        async def turn() -> None:
            universe = await choosing.turn(rest)
            if universe is not None:
                if universe.another_market:
                    self.filling.begin_anew(universe.symbols)
                self.symbols = universe.symbols
                self.chosen.set()

        await self._repeat("universe", turn, SECOND_S, again_s=UNIVERSE_AGAIN_S)

    async def _fill(self) -> None:
        await self.chosen.wait()
        if self.time.ended and self.filling.settled:
            await asyncio.sleep(ENDED_EVERY_S)
        self.symbols = await self.store(queries.universe)
        await self.filling.round(self.symbols)

    async def _repeat(
        self, name: str, turn: Callable[[], Awaitable[None]], every_s: float, again_s: float | None = None
    ) -> None:
        """`again_s`: how soon after a failure."""
        while True:
            done = await self._try(name, turn())
            await asyncio.sleep(every_s if done or again_s is None else again_s)

    async def _try(self, name: str, work: Awaitable[None]) -> bool:
        """Whether the work was done. Its loop counts as turning while it waits for others, up to a limit."""
        self.runtime.progress.turned(name)
        task = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(ROUND_MAX_S):
                while not task.done():
                    self.runtime.progress.turned(name)
                    await asyncio.wait([task], timeout=SECOND_S)
            task.result()
        except (TimeoutError, *TROUBLE) as problem:
            self._report(name, problem)
            return False
        finally:
            task.cancel()
        return True

    def _report(self, name: str, problem: Exception) -> None:
        if isinstance(problem, InvalidEvent):
            MALFORMED.labels(name, "invalid").inc()
        now = self.runtime.clock.monotonic_s()
        if now - self._logged_at.get(name, float("-inf")) >= LOG_EVERY_S:
            self._logged_at[name] = now
            log.warning("%s not done, tried again: %s", name, problem or "no end to it")
