"""How much may be asked of the exchange's REST API, shared by all processes of this machine.

Published are 300 weight in 10 s per address and 500 requests in 10 s per endpoint. No request weighs less than 1, so
who keeps the first keeps the second. What was spent lies in Redis, by tenths of a second, and a request waits until it
fits. It also waits while the exchange has told anybody here to wait (429). Not everybody may fill the window: the clock
and quotes always find room beside a long backfill.

    purpose   share of the limit   patience   who
    CLOCK     100 %                3 s        the market clock
    QUOTES     95 %                3 s        quotes in place of a dead socket
    CANDLES    90 %                20 s       gaps, confirmations, instruments, universe
    HISTORY    60 %                120 s      first history, backfill, verification
    ORDERS    100 %                2.5 s      orders and their end, before they are too old to be sent
    ACCOUNT    98 %                5 s        what became of orders
    RECORDS    70 %                60 s       the account's lists, for reconciliation

New orders have a limit of their own besides, 12 a second of an account: `order_limiter_of`. While Redis does not
answer, each process keeps to a third of the limit on its own.
"""

from __future__ import annotations

import asyncio
import random
from enum import Enum
from functools import cache
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from cdb_site.bus.redis import connection
from cdb_site.clock import SYSTEM, Clock
from marketdata.metrics import REST_WAIT_S
from marketdata.mexc.errors import Unavailable
from marketdata.mexc.spending import SLACK_MS, SLOT_MS, Spending

WEIGHTS = {
    "/api/v3/ping": 1,
    "/api/v3/time": 1,
    "/api/v3/exchangeInfo": 25,
    "/api/v3/defaultSymbols": 1,
    "/api/v3/klines": 1,
    "/api/v3/ticker/24hr": 25,
    "/api/v3/ticker/bookTicker": 10,
    "/api/v3/ticker/price": 10,
    "/api/v3/depth": 3,
    "/api/v3/trades": 5,
    "/api/v3/aggTrades": 1,
    "POST /api/v3/order": 1,
    "POST /api/v3/order/test": 1,
    "GET /api/v3/order": 2,
    "DELETE /api/v3/order": 1,
    "GET /api/v3/openOrders": 3,
    "GET /api/v3/myTrades": 10,
    "GET /api/v3/account": 10,
}
LIMIT = 300
ORDERS_LIMIT, ORDERS_WINDOW_MS = 12, 1000
WINDOW_MS = 10_000
LOCAL_SHARE = 1 / 3
LOCAL_S = 5.0
PAUSE_MS = 500
PAUSE_MAX_MS = 60_000
TOLD_MAX_MS = 600_000
JITTER = random.SystemRandom()


class Purpose(Enum):
    """(share of the limit, seconds to wait at most)"""

    CLOCK = (1.0, 3.0)
    QUOTES = (0.95, 3.0)
    CANDLES = (0.9, 20.0)
    HISTORY = (0.6, 120.0)
    ORDERS = (1.0, 2.5)
    ACCOUNT = (0.98, 5.0)
    RECORDS = (0.7, 60.0)

    @property
    def share(self) -> float:
        return self.value[0]

    @property
    def patience_s(self) -> float:
        return self.value[1]


class Keys(NamedTuple):
    """Where one exchange's figures lie in Redis."""

    spent: str
    pause: str
    refusals: str


class Store(Protocol):
    """What was spent, and until when all must wait. Milliseconds; both calls may block."""

    def take(self, weight: int, most: int) -> int:
        """0: taken. Else how long until it may fit."""

    def pause(self, told_ms: int) -> int:
        """The exchange refused; `told_ms` is how long it wants to be left alone, 0 unsaid. How long all wait now."""


# Spent weight lies in a hash by time slot; a slot counts until its end is a window and the slack ago.
TAKE = """
local pause = redis.call('PTTL', KEYS[2])
if pause > 0 then return pause end
local weight, most, slot_ms, slots = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local slot = math.floor(ms / slot_ms)
local spent, counted, stored = 0, {}, redis.call('HGETALL', KEYS[1])
for place = 1, #stored, 2 do
  local at, sum = tonumber(stored[place]), tonumber(stored[place + 1])
  if at <= slot - slots or at > slot then
    redis.call('HDEL', KEYS[1], stored[place])
  else
    spent = spent + sum
    counted[#counted + 1] = {at, sum}
  end
end
local excess = spent + weight - most
if excess <= 0 then
  redis.call('HINCRBY', KEYS[1], slot, weight)
  redis.call('PEXPIRE', KEYS[1], slot_ms * (slots + 1))
  return 0
end
table.sort(counted, function(a, b) return a[1] < b[1] end)
for _, pair in ipairs(counted) do
  excess = excess - pair[2]
  if excess <= 0 then return (pair[1] + slots) * slot_ms - ms + 1 end
end
return slot_ms * slots
"""
# Several requests are refused together: only the first of them doubles the pause. A window without a refusal after a
# pause ends the series, or refusals minutes apart would make the market clock wait for a minute.
PAUSE = """
local told, first, longest, quiet = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local left = redis.call('PTTL', KEYS[1])
local count = left > 0 and tonumber(redis.call('GET', KEYS[2]) or 1) or redis.call('INCR', KEYS[2])
local pause = told > 0 and told or math.min(longest, first * 2 ^ math.min(count - 1, 20))
if pause > left then redis.call('SET', KEYS[1], 1, 'PX', math.floor(pause)) end
pause = math.floor(math.max(pause, left))
redis.call('PEXPIRE', KEYS[2], pause + quiet)
return pause
"""


class Shared:
    """The figures in Redis. Raises what Redis raises when it does not answer."""

    def __init__(self, keys: Keys, window_ms: int = WINDOW_MS + SLACK_MS) -> None:
        self.keys, self.window_ms = keys, window_ms

    def take(self, weight: int, most: int) -> int:
        script = connection().register_script(TAKE)
        slots = self.window_ms // SLOT_MS + 1
        return int(script(keys=[self.keys.spent, self.keys.pause], args=[weight, most, SLOT_MS, slots]))

    def pause(self, told_ms: int) -> int:
        script = connection().register_script(PAUSE)
        keys = [self.keys.pause, self.keys.refusals]
        return int(script(keys=keys, args=[told_ms, PAUSE_MS, PAUSE_MAX_MS, WINDOW_MS]))


class Limiter:
    """Lets requests pass, each with its weight and purpose: `limit` weight in `window_ms`."""

    def __init__(self, shared: Store, clock: Clock = SYSTEM, *, limit: int = LIMIT, window_ms: int = WINDOW_MS) -> None:
        self.shared, self.clock, self.limit = shared, clock, limit
        self.alone = Spending(window_ms, clock)
        self._alone_until_s = float("-inf")

    async def enter(self, endpoint: str, purpose: Purpose) -> None:
        """Return once the request may be sent. Raises Unavailable when the purpose has no patience for so long."""
        weight, begun_s = WEIGHTS.get(endpoint, 1), self.clock.monotonic_s()
        while True:
            wait_s = await asyncio.to_thread(self._take_ms, weight, purpose) / 1000
            if wait_s <= 0:
                return
            waited_s = self.clock.monotonic_s() - begun_s
            if waited_s + wait_s > purpose.patience_s:
                reason = f"the request limit leaves no room for {purpose.name} within {purpose.patience_s:g} s"
                raise Unavailable(endpoint, attempts=0, reason=reason)
            wait_s *= JITTER.uniform(1.0, 1.05)
            REST_WAIT_S.labels(purpose.name.lower()).inc(wait_s)
            await asyncio.sleep(wait_s)

    async def refused(self, told_s: float | None) -> float:
        """The exchange said 429: everybody here waits as long as it told, else longer each time. Returns seconds."""
        told_ms = int(min((told_s or 0.0) * 1000, TOLD_MAX_MS))
        return await asyncio.to_thread(self._pause_ms, told_ms) / 1000

    def _take_ms(self, weight: int, purpose: Purpose) -> int:
        most = int(self.limit * purpose.share)
        if self._together:
            try:
                return self.shared.take(weight, most)
            except RedisError:
                self._leave()
        return self.alone.take(weight, max(weight, int(most * LOCAL_SHARE)))

    def _pause_ms(self, told_ms: int) -> int:
        pause_ms = self.alone.pause(told_ms or PAUSE_MS)
        if self._together:
            try:
                return self.shared.pause(told_ms)
            except RedisError:
                self._leave()
        return pause_ms

    @property
    def _together(self) -> bool:
        return self.clock.monotonic_s() >= self._alone_until_s

    def _leave(self) -> None:
        self._alone_until_s = self.clock.monotonic_s() + LOCAL_S


def _keys(base_url: str, spent: str) -> Keys:
    """Whatever is counted, a 429 is everybody's."""
    place = f"cdb:rest:{urlsplit(base_url).netloc}"
    return Keys(spent=f"{place}:{spent}", pause=f"{place}:pause", refusals=f"{place}:refusals")


@cache
def limiter_of(base_url: str) -> Limiter:
    """The limiter of one exchange in this process; what it counts is shared with all processes of this Redis."""
    return Limiter(Shared(_keys(base_url, "spent")))


@cache
def order_limiter_of(base_url: str) -> Limiter:
    """The same for how many new orders are sent a second. Every one counts 1, whatever its weight. There is no slack:
    of 36 orders the last goes after 2.2 s, and one that comes too early after all is refused before it is looked at."""
    shared = Shared(_keys(base_url, "orders"), ORDERS_WINDOW_MS)
    return Limiter(shared, limit=ORDERS_LIMIT, window_ms=ORDERS_WINDOW_MS)
