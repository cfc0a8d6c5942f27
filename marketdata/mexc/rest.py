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
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import aiohttp
import orjson

from cdb_site.clock import SYSTEM
from marketdata.intervals import interval_s
from marketdata.metrics import REST_REQUESTS, REST_SECONDS, REST_SUCCEEDED_AT
from marketdata.mexc import rows
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused, Unavailable
from marketdata.mexc.limiter import Limiter, Purpose, limiter_of
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
BODY_MAX = 16 * 1024 * 1024
CHUNK = 64 * 1024
KLINES_MAX = 500
TOO_MANY = (418, 429)
JITTER = random.SystemRandom()


class ServerTime(NamedTuple):
    """Exchange time in epoch seconds; `simulation` is what a simulated market says about itself."""

    market_s: float
    simulation: dict[str, Any] | None


class _Again(MexcProblem):
    """No usable answer, but asking again may bring one. `outcome` is the metric's label."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


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
        return await self._get("/api/v3/exchangeInfo", lambda body: rows.listing(_list(body["symbols"])))

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
            return rows.usable("klines", _list(body), lambda row: rows.candle(symbol, row, length_s))

        return await self._get("/api/v3/klines", read, parameters)

    async def tickers_24h(self) -> list[Ticker]:
        return await self._get("/api/v3/ticker/24hr", lambda body: rows.usable("ticker24hr", _list(body), rows.ticker))

    async def book_tickers(self, attempts: int = ATTEMPTS) -> dict[str, BookTop]:
        """Best bid and ask by symbol, where both sides exist."""
        tops = await self._get(
            "/api/v3/ticker/bookTicker",
            lambda body: rows.usable("bookTicker", _list(body), rows.book_top),
            attempts=attempts,
        )
        return {symbol: top for symbol, top in tops if top is not None}

    async def prices(self, attempts: int = ATTEMPTS) -> dict[str, Decimal]:
        """The last price by symbol."""
        return await self._get(
            "/api/v3/ticker/price",
            lambda body: dict(rows.usable("tickerPrice", _list(body), rows.price)),
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
            except _Again as problem:
                reason = str(problem)
        raise Unavailable(endpoint, attempts=attempts, reason=reason)

    async def _counted(self, endpoint: str, read: Callable[[Any], T], parameters: Mapping[str, str] | None) -> T:
        begun_s, outcome = SYSTEM.monotonic_s(), "ok"
        try:
            body = await self._ask(endpoint, parameters)
            with _shape(endpoint):
                content = read(body)
        except _Again as problem:
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
                if response.status in TOO_MANY:
                    pause_s = await self.limiter.refused(_retry_after_s(response.headers))
                    raise _Again("too_many", f"HTTP {response.status}, all wait {pause_s:.1f} s")
                if response.status >= 500:
                    await asyncio.sleep(min(PAUSE_MAX_S, _retry_after_s(response.headers) or 0.0))
                    raise _Again("server_error", f"HTTP {response.status}")
                body = _answer(endpoint, response.status, await _body(endpoint, response))
                if _code(body) in TOO_MANY:
                    pause_s = await self.limiter.refused(None)
                    raise _Again("too_many", f"HTTP 200, code {_code(body)}, all wait {pause_s:.1f} s")
                return body
        except TimeoutError as problem:
            raise _Again("timeout", f"{type(problem).__name__} {problem}".strip()) from problem
        except (aiohttp.ClientError, OSError) as problem:
            raise _Again("network", f"{type(problem).__name__} {problem}".strip()) from problem


def closed_only(rows: Sequence[CandleRow], market_s: float) -> list[CandleRow]:
    """The candles whose close time has come."""
    return [row for row in rows if row.close_s <= market_s]


async def _body(endpoint: str, response: aiohttp.ClientResponse) -> bytes:
    """All of it, in as many pieces as it comes. Raises BadAnswer when there is no end to it."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        content += chunk
        if len(content) > BODY_MAX:
            raise BadAnswer(endpoint, f"more than {BODY_MAX >> 20} MiB")
    return bytes(content)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds the exchange wants to be left alone; None where it does not say, or says a date."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _answer(endpoint: str, status: int, content: bytes) -> Any:
    """The content. A trouble of the exchange's own may come with status 200: its code tells."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        raise BadAnswer(endpoint, f"no JSON (HTTP {status}): {problem}") from problem
    code = _code(body)
    if status == 200 and code is not None and 500 <= code < 600:
        raise _Again("server_error", f"HTTP 200, code {code}")
    if status != 200 or code not in (None, 0, 200, *TOO_MANY):
        told = body if isinstance(body, dict) else {}
        raise RequestRefused(endpoint, status=status, code=code, message=str(told.get("msg", ""))[:200])
    return body


def _code(body: Any) -> int | None:
    """The exchange's own code in an answer's content, which some of its gateways write as a text."""
    code = body.get("code") if isinstance(body, dict) else None
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _server_time(body: Any) -> ServerTime:
    simulation = body.get("simulation")
    if simulation is not None:
        _check_simulation(simulation)
    return ServerTime(int(body["serverTime"]) / 1000, simulation)


class _shape:
    """Turns a surprise in an answer's content into BadAnswer naming the endpoint."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, _: object) -> None:
        if isinstance(problem, rows.SURPRISES):
            raise BadAnswer(self.endpoint, f"unexpected content: {problem!r}"[:300]) from problem


def _list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise TypeError(f"no list but {type(content).__name__}")
    return content


def _check_simulation(told: Mapping[str, Any]) -> None:
    numbers = [float(told[name]) for name in ("rate", "wall_s", "market_s")]
    if not all(map(math.isfinite, numbers)) or numbers[0] <= 0 or not isinstance(told["label"], str):
        raise ValueError(f"no simulation: {numbers}")
