"""The exchange's limit as all processes keep it together: what is spent, who may spend it, when there is room again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis

from cdb_site.clock import SYSTEM
from marketdata.mexc import limiter as limits
from marketdata.mexc.errors import Unavailable
from marketdata.mexc.limiter import Keys, Limiter, Purpose, Shared

pytestmark = pytest.mark.usefixtures("valkey")


def shared(name: str = "cdb:rest:here") -> Shared:
    return Shared(Keys(spent=f"{name}:spent", pause=f"{name}:pause", refusals=f"{name}:refusals"))


def test_refusals_without_a_time_double_the_pause_but_those_together_count_once(valkey: Any) -> None:
    store = shared()

    first = [store.pause(0), store.pause(0), store.pause(0)]
    valkey.delete(store.keys.pause)
    second = store.pause(0)

    assert max(first) <= limits.PAUSE_MS
    assert limits.PAUSE_MS < second <= 2 * limits.PAUSE_MS
    assert store.take(1, 300) > limits.PAUSE_MS


def test_a_window_without_a_refusal_ends_the_doubling(valkey: Any) -> None:
    store = shared()

    pause_ms = store.pause(0)

    assert 0 < valkey.pttl(store.keys.refusals) <= pause_ms + limits.WINDOW_MS


def test_the_window_is_shared_and_says_when_there_is_room_again(valkey: Any) -> None:
    one, other = shared(), shared()

    took = [one.take(25, 300) for _ in range(6)] + [other.take(25, 300) for _ in range(6)]
    wait_ms = one.take(1, 300)

    assert took == [0] * 12
    assert limits.WINDOW_MS - 1000 < wait_ms <= limits.WINDOW_MS + 700
    assert valkey.pttl(one.keys.spent) > 0


def test_what_was_spent_a_window_ago_is_forgotten(valkey: Any) -> None:
    store = shared()
    slot = int(valkey.time()[0]) * 10
    valkey.hset(store.keys.spent, mapping={str(slot - 200): 299, str(slot - 50): 200})

    assert store.take(100, 300) == 0
    assert store.take(1, 300) > 0
    assert valkey.hlen(store.keys.spent) == 2


async def test_a_backfill_leaves_room_for_the_clock() -> None:
    limiter = Limiter(shared())
    passed = 0
    while (await asyncio.to_thread(limiter._take_ms, 10, Purpose.HISTORY)) == 0:
        passed += 1

    await limiter.enter("/api/v3/time", Purpose.CLOCK)
    await limiter.enter("/api/v3/ticker/bookTicker", Purpose.QUOTES)

    assert passed == 18


async def test_who_would_wait_too_long_is_told_at_once() -> None:
    limiter = Limiter(shared())
    while limiter._take_ms(50, Purpose.CLOCK) == 0:
        pass

    with pytest.raises(Unavailable, match="/api/v3/time: .* no room for CLOCK within 3 s"):
        await limiter.enter("/api/v3/time", Purpose.CLOCK)


async def test_a_process_alone_keeps_to_its_share_while_redis_does_not_answer() -> None:
    class Gone:
        calls = 0

        def take(self, weight: int, most: int) -> int:
            self.calls += 1
            raise redis.exceptions.ConnectionError("gone")

        def pause(self, told_ms: int) -> int:
            raise redis.exceptions.TimeoutError("gone")

    gone = Gone()
    limiter = Limiter(gone, SYSTEM)

    passed = sum(limiter._take_ms(1, Purpose.CANDLES) == 0 for _ in range(300))

    assert passed == int(limits.LIMIT * 0.9 / 3)
    assert gone.calls == 1
    assert await limiter.refused(None) > 0
