"""The exchange's request limits, counted per source address over the last ten seconds of wall time.

Sources disagree about the limit: 300 weight of all endpoints together, or 500 of each endpoint by itself. Both are
kept, so the stricter one speaks first. A request over the limit is answered 429 with the seconds to wait in
Retry-After and costs nothing; weights are the documented ones, an endpoint that is not named costs 1.
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
ADDRESSES_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """Weight that one address may spend in `window_s` seconds: of all endpoints, and of any single one."""

    address: int = 300
    endpoint: int = 500
    window_s: float = 10.0


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

    def wait_s(self, address: str, path: str) -> float:
        """0 where the request may pass, which is then counted; else the seconds to wait."""
        now_s, weight = self.clock.monotonic_s(), WEIGHTS.get(path, 1)
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


def limited(scales: Scales) -> Middleware:
    """The middleware that answers 429 instead of the endpoint. Who steers faults is not weighed."""

    @web.middleware
    async def weigh(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/api/") or CONTROL_HEADER in request.headers:
            return await handler(request)
        wait_s = scales.wait_s(request.remote or "", request.path)
        if wait_s <= 0:
            return await handler(request)
        retry_s = math.ceil(min(wait_s, scales.limits.window_s))
        return web.json_response(
            {"code": 429, "msg": "Too Many Requests"}, status=429, headers={"Retry-After": str(retry_s)}
        )

    return weigh
