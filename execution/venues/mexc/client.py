"""The exchange's private REST endpoints as typed calls, each signed.

Every call first passes the limiter that all processes share. What only reads, or ends an order, is asked again after
network trouble, 429, 5xx, and after the clock was read anew where the exchange says the time is off. An order is sent
once: whatever goes wrong is raised, and what it means says `execution.venues.mexc.errors`. Keys, signatures and listen
keys stand in no message, representation or metric.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from cdb_site.clock import SYSTEM, Clock
from execution.venues.mexc import rows
from execution.venues.mexc.errors import BAD_TIME, NOT_SENT
from execution.venues.mexc.rows import ExchangeBalance, ExchangeOrder, ExchangeTrade
from execution.venues.mexc.signing import ExchangeKey, signed_query
from marketdata.metrics import REST_REQUESTS, REST_SECONDS
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused, Unavailable
from marketdata.mexc.limiter import Limiter, Purpose, limiter_of, order_limiter_of
from marketdata.mexc.rest import MexcRest
from marketdata.mexc.rest_reading import TryAgain, listed, shape_of, usable_answer

log = logging.getLogger(__name__)
T = TypeVar("T")

KEY_HEADER = "X-MEXC-APIKEY"
ATTEMPTS = 3
PAUSE_S, PAUSE_MAX_S = 0.15, 2.0
TIMEOUT = aiohttp.ClientTimeout(total=6, connect=2)
# An answer that takes longer finds nobody: the order's lease is nearly over, and the exchange is asked for it.
ORDER_TIMEOUT = aiohttp.ClientTimeout(total=3, connect=1)
OPEN_ORDERS_SYMBOLS_MAX = 5
TRADES_PAGE = 100
LISTEN_KEY = re.compile(r"[0-9A-Za-z_-]{16,256}")
HIDDEN = "********"
JITTER = random.SystemRandom()


class PrivateRest:
    """An account's calls on one session. `skew_ms` is what the exchange's clock is ahead of our market time: 0 until
    the exchange once found a time wrong."""

    def __init__(
        self,
        base_url: str,
        session: aiohttp.ClientSession,
        credentials: ExchangeKey,
        *,
        clock: Clock = SYSTEM,
        limiter: Limiter | None = None,
        order_limiter: Limiter | None = None,
    ) -> None:
        self.base_url, self.session, self._credentials, self.clock = base_url.rstrip("/"), session, credentials, clock
        self.limiter = limiter or limiter_of(self.base_url)
        self.order_limiter = order_limiter or order_limiter_of(self.base_url)
        self._public = MexcRest(self.base_url, session, purpose=Purpose.CLOCK, limiter=self.limiter)
        self.skew_ms = 0

    async def room_for_order(self) -> None:
        """Return when an order may be sent. Raises Unavailable when that takes longer than an order lasts."""
        await self.order_limiter.enter("POST /api/v3/order", Purpose.ORDERS)
        await self.limiter.enter("POST /api/v3/order", Purpose.ORDERS)

    async def place(self, order: Mapping[str, str], *, at_ms: int, window_ms: int) -> str:
        """Send an order, once, after `room_for_order`. Returns the exchange's id of it. `at_ms` is market time.

        Raises RequestRefused, TryAgain, BadAnswer.
        """
        return await self._order("/api/v3/order", order, rows.placed_id, at_ms, window_ms)

    async def judge(self, order: Mapping[str, str], *, at_ms: int, window_ms: int) -> None:
        """Have the exchange look at an order that is not placed. Raises as `place`, and Unavailable."""
        await self.limiter.enter("POST /api/v3/order/test", Purpose.ORDERS)
        await self._order("/api/v3/order/test", order, lambda _: "", at_ms, window_ms)

    async def _order(
        self, path: str, order: Mapping[str, str], read: Callable[[Any], str], at_ms: int, window_ms: int
    ) -> str:
        try:
            return await self._once("POST", path, order, read, at_ms=at_ms, window_ms=window_ms)
        except RequestRefused as problem:
            if problem.code == BAD_TIME:
                await self.read_clock()
            raise

    async def order(self, symbol: str, client_order_id: str) -> ExchangeOrder:
        """Raises RequestRefused with the exchange's code where there is none."""
        asked = {"symbol": symbol, "origClientOrderId": client_order_id}
        return await self._ask("GET", "/api/v3/order", asked, rows.order_row)

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Raises RequestRefused where there is none, or it is at its end."""
        asked = {"symbol": symbol, "origClientOrderId": client_order_id}
        await self._ask("DELETE", "/api/v3/order", asked, lambda _: None, purpose=Purpose.ORDERS)

    async def open_orders(self, symbols: Sequence[str]) -> list[ExchangeOrder]:
        """Those of these symbols, of whomever placed them with this account."""
        found: list[ExchangeOrder] = []
        for first in range(0, len(symbols), OPEN_ORDERS_SYMBOLS_MAX):
            asked = {"symbol": ",".join(symbols[first : first + OPEN_ORDERS_SYMBOLS_MAX])}
            found += await self._ask(
                "GET",
                "/api/v3/openOrders",
                asked,
                lambda body: [rows.order_row(row) for row in listed(body)],
                purpose=Purpose.RECORDS,
            )
        return found

    async def trades_page(
        self, symbol: str, *, order_id: str = "", start_ms: int | None = None, end_ms: int | None = None
    ) -> list[ExchangeTrade]:
        """At most TRADES_PAGE trades, those that `end_ms` leaves from the newest on; of one order they are urgent."""
        asked = {"symbol": symbol, "limit": str(TRADES_PAGE)}
        asked |= {"orderId": order_id} if order_id else {}
        asked |= {"startTime": str(start_ms)} if start_ms is not None else {}
        asked |= {"endTime": str(end_ms)} if end_ms is not None else {}
        return await self._ask(
            "GET",
            "/api/v3/myTrades",
            asked,
            lambda body: [rows.trade_row(row) for row in listed(body)],
            purpose=Purpose.ACCOUNT if order_id else Purpose.RECORDS,
        )

    async def balances(self) -> dict[str, ExchangeBalance]:
        """What there is, by asset. An asset that is not told is not there."""
        return await self._ask("GET", "/api/v3/account", {}, rows.balances, purpose=Purpose.RECORDS)

    async def new_listen_key(self) -> str:
        return await self._ask("POST", "/api/v3/userDataStream", {}, _listen_key)

    async def listen_keys(self) -> list[str]:
        """Those of the account that are not over, whoever asked for them."""
        return await self._ask("GET", "/api/v3/userDataStream", {}, _listen_keys)

    async def extend_listen_key(self, listen_key: str) -> None:
        await self._ask("PUT", "/api/v3/userDataStream", {"listenKey": listen_key}, _listen_key)

    async def end_listen_key(self, listen_key: str) -> None:
        await self._ask("DELETE", "/api/v3/userDataStream", {"listenKey": listen_key}, lambda _: None, attempts=1)

    async def read_clock(self) -> None:
        """How far the exchange's clock is from our market time. What it says is left alone when it does not answer."""
        try:
            told = await self._public.server_time()
        except MexcProblem as problem:
            log.warning("the exchange's clock was not read: %s", problem)
            return
        self.skew_ms = round((told.market_s - self.clock.market_s()) * 1000)
        log.warning("the exchange's clock is %d ms ahead of market time", self.skew_ms)

    async def _ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        read: Callable[[Any], T],
        *,
        purpose: Purpose = Purpose.ACCOUNT,
        attempts: int = ATTEMPTS,
    ) -> T:
        """What may be asked twice. Raises RequestRefused, BadAnswer, Unavailable."""
        endpoint, reason = f"{method} {path}", ""
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(PAUSE_S * 2**attempt * JITTER.uniform(0.5, 1.5))
            await self.limiter.enter(endpoint, purpose)
            try:
                return await self._once(method, path, parameters, read, at_ms=round(self.clock.market_s() * 1000))
            except TryAgain as problem:
                reason = str(problem)
                await asyncio.sleep(min(PAUSE_MAX_S, problem.pause_s))
            except RequestRefused as problem:
                if problem.code != BAD_TIME:
                    raise
                reason = "the time is wrong"
                await self.read_clock()
        raise Unavailable(endpoint, attempts=attempts, reason=reason)

    async def _once(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        read: Callable[[Any], T],
        *,
        at_ms: int,
        window_ms: int | None = None,
    ) -> T:
        endpoint, begun_s, outcome = f"{method} {path}", self.clock.monotonic_s(), "ok"
        try:
            body = await self._send(method, path, parameters, at_ms, window_ms)
            with shape_of(endpoint):
                return read(body)
        except TryAgain as problem:
            outcome = problem.outcome
            raise
        except RequestRefused:
            outcome = "refused"
            raise
        except BadAnswer:
            outcome = "malformed"
            raise
        finally:
            REST_REQUESTS.labels(endpoint, outcome).inc()
            REST_SECONDS.labels(endpoint).observe(self.clock.monotonic_s() - begun_s)

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str], at_ms: int, window_ms: int | None
    ) -> Any:
        """One signed request. What goes wrong tells its kind alone: its words may hold the address."""
        query = signed_query(
            parameters, self._credentials.secret, timestamp_ms=at_ms + self.skew_ms, window_ms=window_ms
        )
        url = URL(f"{self.base_url}{path}?{query}", encoded=True)
        headers = {KEY_HEADER: self._credentials.key, "Content-Type": "application/json"}
        timeout = TIMEOUT if window_ms is None else ORDER_TIMEOUT
        try:
            async with self.session.request(
                method, url, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return await usable_answer(f"{method} {path}", response, self.limiter)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
            raise TryAgain(NOT_SENT, f"no connection: {type(problem).__name__}") from None
        except TimeoutError as problem:
            raise TryAgain("timeout", type(problem).__name__) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise TryAgain("network", type(problem).__name__) from None
        except RequestRefused as problem:
            raise self._unheard_of(problem, query) from None

    def _unheard_of(self, problem: RequestRefused, query: str) -> RequestRefused:
        """The refusal, without what it may repeat of our request."""
        message = problem.message
        for secret in (self._credentials.secret, self._credentials.key, query, query.rpartition("=")[2]):
            message = message.replace(secret, HIDDEN) if secret else message
        return RequestRefused(problem.endpoint, status=problem.status, code=problem.code, message=message)


def _listen_key(body: Any) -> str:
    return _is_listen_key(body["listenKey"])


def _listen_keys(body: Any) -> list[str]:
    return [_is_listen_key(key) for key in listed(body["listenKey"])]


def _is_listen_key(key: Any) -> str:
    if not isinstance(key, str) or not LISTEN_KEY.fullmatch(key):
        raise ValueError("listenKey")
    return key
