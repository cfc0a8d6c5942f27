"""The exchange's public REST endpoints as typed calls.

Every call first passes the limiter that all processes share. Network trouble, 429 and 5xx are tried again with growing
jittered pauses and then raise Unavailable; an error answer raises Refused with the exchange's code; an answer of the
wrong shape or size raises BadAnswer. Single unusable rows of a list are counted and left out. A candle is closed when
its close time is not in the exchange's future: `closed_only` drops the rest.
"""

from __future__ import annotations

import asyncio
import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import aiohttp

from cdb_site.clock import SYSTEM
from marketdata.intervals import interval_s
from marketdata.metrics import REST_REQUESTS, REST_SECONDS, REST_SUCCEEDED_AT
from marketdata.mexc import rows
from marketdata.mexc.errors import BadAnswer, RequestRefused, Unavailable
from marketdata.mexc.limiter import Limiter, Purpose, limiter_of
from marketdata.mexc.rest_reading import TryAgain, listed, shape_of, usable_answer
from marketdata.mexc.rows import BookTop, CandleRow, ExchangeListing, InstrumentInfo, Ticker

__all__ = [
    "BookTop", "CandleRow", "ExchangeListing", "InstrumentInfo", "MexcRest", "Purpose", "ServerTime", "Ticker",
    "closed_only",
]  # fmt: skip
T = TypeVar("T")

ATTEMPTS = 4
PAUSE_S = 0.25
PAUSE_MAX_S = 8.0
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
KLINES_MAX = 500
JITTER = random.SystemRandom()


class ServerTime(NamedTuple):
    """Exchange time in epoch seconds; `simulation` is what a simulated market says about itself."""

    market_s: float
    simulation: dict[str, Any] | None


class MexcRest:
    """Calls on one session, for one purpose: `async with aiohttp.ClientSession() as session: MexcRest(url, session)`.

    `succeeded_at`: monotonic seconds of the last answer of each endpoint, shared with those made by `with_purpose`.
    """

    def __init__(
        self,
        base_url: str,
        session: aiohttp.ClientSession,
        *,
        purpose: Purpose = Purpose.CANDLES,
        limiter: Limiter | None = None,
    ) -> None:
        self.base_url, self.session, self.purpose = base_url.rstrip("/"), session, purpose
        self.limiter = limiter or limiter_of(self.base_url)
        self.succeeded_at: dict[str, float] = {}

    def with_purpose(self, purpose: Purpose) -> MexcRest:
        """The same client asking for another purpose."""
        other = copy.copy(self)
        other.purpose = purpose
        return other

    async def server_time(self) -> ServerTime:
        return await self._get("/api/v3/time", _server_time, attempts=1)

    async def listing(self) -> ExchangeListing:
        """All pairs; those that the exchange describes unusably by name only."""
        return await self._get("/api/v3/exchangeInfo", lambda body: rows.listing(listed(body["symbols"])))

    async def instruments(self) -> list[InstrumentInfo]:
        """All pairs with usable numbers."""
        return (await self.listing()).instruments

    async def klines(self, symbol: str, interval: str, *, start_s: int, limit: int = KLINES_MAX) -> list[CandleRow]:
        """Up to `limit` candles from `start_s` on, oldest first; the last may still be forming."""
        length_s = interval_s(interval)
        limit = min(limit, KLINES_MAX)
        parameters = {
            "symbol": symbol,
            "interval": interval,
            "limit": str(limit),
            "startTime": str(start_s * 1000),
            "endTime": str((start_s + limit * length_s) * 1000 - 1),
        }

        def read(body: Any) -> list[CandleRow]:
            return rows.usable("klines", listed(body), lambda row: rows.candle(symbol, row, length_s))

        return await self._get("/api/v3/klines", read, parameters)

    async def tickers_24h(self) -> list[Ticker]:
        return await self._get("/api/v3/ticker/24hr", lambda body: rows.usable("ticker24hr", listed(body), rows.ticker))

    async def book_tickers(self, attempts: int = ATTEMPTS) -> dict[str, BookTop]:
        """Best bid and ask by symbol, where both sides exist."""
        tops = await self._get(
            "/api/v3/ticker/bookTicker",
            lambda body: rows.usable("bookTicker", listed(body), rows.book_top),
            attempts=attempts,
        )
        return {symbol: top for symbol, top in tops if top is not None}

    async def prices(self, attempts: int = ATTEMPTS) -> dict[str, Decimal]:
        """The last price by symbol."""
        return await self._get(
            "/api/v3/ticker/price",
            lambda body: dict(rows.usable("tickerPrice", listed(body), rows.price)),
            attempts=attempts,
        )

    async def _get(
        self,
        endpoint: str,
        read: Callable[[Any], T],
        parameters: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> T:
        """What `read` makes of the answer's content; only an answer that it can read counts as one."""
        reason = ""
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(min(PAUSE_MAX_S, PAUSE_S * 2**attempt) * JITTER.uniform(0.5, 1.5))
            await self.limiter.enter(endpoint, self.purpose)
            try:
                return await self._counted(endpoint, read, parameters)
            except TryAgain as problem:
                reason = str(problem)
                await asyncio.sleep(min(PAUSE_MAX_S, problem.pause_s))
        raise Unavailable(endpoint, attempts=attempts, reason=reason)

    async def _counted(self, endpoint: str, read: Callable[[Any], T], parameters: Mapping[str, str] | None) -> T:
        begun_s, outcome = SYSTEM.monotonic_s(), "ok"
        try:
            body = await self._ask(endpoint, parameters)
            with shape_of(endpoint):
                content = read(body)
        except TryAgain as problem:
            outcome = problem.outcome
            raise
        except RequestRefused:
            outcome = "refused"
            self._answered(endpoint)
            raise
        except BadAnswer:
            outcome = "malformed"
            raise
        finally:
            REST_REQUESTS.labels(endpoint, outcome).inc()
            REST_SECONDS.labels(endpoint).observe(SYSTEM.monotonic_s() - begun_s)
        self._answered(endpoint)
        return content

    def _answered(self, endpoint: str) -> None:
        self.succeeded_at[endpoint] = SYSTEM.monotonic_s()
        REST_SUCCEEDED_AT.labels(endpoint).set(SYSTEM.wall_s())

    async def _ask(self, endpoint: str, parameters: Mapping[str, str] | None) -> Any:
        try:
            url = self.base_url + endpoint
            async with self.session.get(url, params=parameters, timeout=TIMEOUT) as response:
                return await usable_answer(endpoint, response, self.limiter)
        except TimeoutError as problem:
            raise TryAgain("timeout", f"{type(problem).__name__} {problem}".strip()) from problem
        except (aiohttp.ClientError, OSError) as problem:
            raise TryAgain("network", f"{type(problem).__name__} {problem}".strip()) from problem


def closed_only(rows: Sequence[CandleRow], market_s: float) -> list[CandleRow]:
    """The candles whose close time has come."""
    return [row for row in rows if row.close_s <= market_s]


def _server_time(body: Any) -> ServerTime:
    simulation = body.get("simulation")
    if simulation is not None:
        _check_simulation(simulation)
    return ServerTime(int(body["serverTime"]) / 1000, simulation)


def _check_simulation(told: Mapping[str, Any]) -> None:
    numbers = [float(told[name]) for name in ("rate", "wall_s", "market_s")]
    if not all(map(math.isfinite, numbers)) or numbers[0] <= 0 or not isinstance(told["label"], str):
        raise ValueError(f"no simulation: {numbers}")
