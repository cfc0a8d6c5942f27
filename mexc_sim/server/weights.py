"""The exchange's request limits, counted per source address over the last ten seconds of wall time.

Sources disagree about the limit: 300 weight of all endpoints together, or 500 of each endpoint by itself. Both are
kept, so the stricter one speaks first. A request over the limit is answered 429 with the seconds to wait in
Retry-After and costs nothing; weights are the documented ones, an endpoint that is not named costs 1. Orders have a
limit of their own besides: twelve a second of an account, whatever becomes of them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from cdb_site.clock import SYSTEM, Clock
from mexc_sim.faults.desk import CONTROL_HEADER

WEIGHTS = {
    "/api/v3/exchangeInfo": 25,
    "/api/v3/ticker/24hr": 25,
    "/api/v3/ticker/bookTicker": 10,
    "/api/v3/ticker/price": 10,
    "/api/v3/trades": 5,
    "/api/v3/depth": 3,
}
# Of the private endpoints, which one account asks.
PRIVATE_WEIGHTS = {
    "GET /api/v3/account": 10,
    "GET /api/v3/myTrades": 10,
    "GET /api/v3/allOrders": 10,
    "GET /api/v3/openOrders": 3,
    "GET /api/v3/order": 2,
}
ADDRESSES_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """Weight that one address may spend in `window_s` seconds: of all endpoints, and of any single one; and the orders
    that an account may send a second."""

    address: int = 300
    endpoint: int = 500
    window_s: float = 10.0
    orders_per_s: int = 12


class WeightSpending:
    """What was spent in the last `window_s`: a queue of (when, weight) whose sum is kept beside it."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._spent: deque[tuple[float, int]] = deque()
        self.weight = 0

    def forget(self, now_s: float) -> None:
        while self._spent and self._spent[0][0] <= now_s - self.window_s:
            self.weight -= self._spent.popleft()[1]

    def wait_s(self, weight: int, maximum: int, now_s: float) -> float:
        """Seconds until `weight` more is allowed; 0 now, infinite where it never is."""
        self.forget(now_s)
        excess = self.weight + weight - maximum
        if excess <= 0:
            return 0.0
        for at_s, spent in self._spent:
            excess -= spent
            if excess <= 0:
                return at_s + self.window_s - now_s
        return math.inf

    def add(self, weight: int, now_s: float) -> None:
        self._spent.append((now_s, weight))
        self.weight += weight


class Scales:
    """Weighs every request; the addresses seen longest ago are forgotten first."""

    def __init__(self, limits: RequestLimits, clock: Clock = SYSTEM) -> None:
        self.limits, self.clock = limits, clock
        self._spending: dict[tuple[str, str], WeightSpending] = {}

    def wait_s(self, address: str, path: str, method: str = "GET") -> float:
        """0 where the request may pass, which is then counted; else the seconds to wait."""
        now_s, weight = self.clock.monotonic_s(), weight_of(path, method)
        asked = ((self._of(address, ""), self.limits.address), (self._of(address, path), self.limits.endpoint))
        wait_s = max(spending.wait_s(weight, maximum, now_s) for spending, maximum in asked)
        if wait_s <= 0:
            for spending, _ in asked:
                spending.add(weight, now_s)
        return wait_s

    def _of(self, address: str, path: str) -> WeightSpending:
        found = self._spending.pop((address, path), None) or WeightSpending(self.limits.window_s)
        self._spending[address, path] = found
        while len(self._spending) > ADDRESSES_MAX:
            del self._spending[next(iter(self._spending))]
        return found


class OrderRates:
    """How many orders each account sent in the last second. `now_s` is monotonic wall time."""

    def __init__(self, per_s: int) -> None:
        self.per_s = per_s
        self._sent: dict[str, WeightSpending] = {}

    def allows(self, account: str, now_s: float) -> bool:
        """Whether the account may send one more, which is then counted."""
        sent = self._sent.setdefault(account, WeightSpending(1.0))
        if sent.wait_s(1, self.per_s, now_s) > 0:
            return False
        sent.add(1, now_s)
        return True


def weight_of(path: str, method: str) -> int:
    return WEIGHTS.get(path) or PRIVATE_WEIGHTS.get(f"{method} {path}", 1)


def too_many(retry_s: int) -> web.Response:
    return web.json_response(
        {"code": 429, "msg": "Too Many Requests"}, status=429, headers={"Retry-After": str(retry_s)}
    )


def limited(scales: Scales) -> Middleware:
    """The middleware that answers 429 instead of the endpoint. Who steers faults is not weighed."""

    @web.middleware
    async def weigh(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/api/") or CONTROL_HEADER in request.headers:
            return await handler(request)
        wait_s = scales.wait_s(request.remote or "", request.path, request.method)
        if wait_s <= 0:
            return await handler(request)
        return too_many(math.ceil(min(wait_s, scales.limits.window_s)))

    return weigh
