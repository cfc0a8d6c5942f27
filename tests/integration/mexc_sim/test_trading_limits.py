"""What one who trades may ask: how old a request may be at any rate, what it weighs, how many orders a second."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mexc_sim.server.weights import RequestLimits
from tests.integration.mexc_sim.exchange_site import running_exchange
from tests.integration.mexc_sim.trader import Trader, make_key


@pytest.mark.parametrize("rate", [1.0, 60.0])
async def test_a_request_may_be_as_old_in_wall_time_at_any_rate(tmp_path: Path, rate: float) -> None:
    async with running_exchange(tmp_path, rate=rate, keys=[make_key()]) as site:
        trader = Trader(site)

        async def code(age_s: float, **parameters: int) -> int:
            at_ms = int((site.clock.now_s() - age_s * rate) * 1000)
            _, told = await trader.ask("GET", "account", at_ms=at_ms, **parameters)
            return int(told.get("code", 0))

        assert [await code(age_s) for age_s in (4.0, 5.5, -0.8, -2.0)] == [0, 700003, 0, 700003]
        assert [await code(age_s, recvWindow=20_000) for age_s in (19.0, 20.5)] == [0, 700003]
        assert [await code(age_s, recvWindow=999_999) for age_s in (59.0, 60.5)] == [0, 700003]
        assert await code(1.0, recvWindow=500) == 700003


async def test_private_requests_weigh_as_documented(tmp_path: Path) -> None:
    limits = RequestLimits(address=24, orders_per_s=100)
    async with running_exchange(tmp_path, rate=1.0, limits=limits, keys=[make_key()]) as site:
        trader = Trader(site)
        asked = [
            await trader.ask("GET", "account"),
            await trader.ask("GET", "myTrades", symbol="SOLUSDT"),
            await trader.ask("GET", "openOrders", symbol="SOLUSDT"),
            await trader.buy("one"),
        ]

        statuses = [status for status, _ in [*asked, await trader.ask("GET", "account")]]

        assert statuses == [200, 200, 200, 200, 429]


async def test_an_account_sends_twelve_orders_a_second_and_the_thirteenth_is_not_placed(tmp_path: Path) -> None:
    limits = RequestLimits(address=10**9, endpoint=10**9)
    keys = [make_key(), make_key(name="two", key="mx0other")]
    async with running_exchange(tmp_path, rate=1.0, limits=limits, keys=keys) as site:
        trader, other = Trader(site), Trader(site, "mx0other")

        answers = await asyncio.gather(*(trader.buy(f"order-{number}") for number in range(14)))
        others = await other.buy("theirs")
        await asyncio.sleep(1.0)
        later = await trader.buy("later")

        refused = [number for number, (status, _) in enumerate(answers) if status == 429]
        assert len(refused) == 2
        assert {(await trader.order(f"order-{number}"))["code"] for number in refused} == {-2011}
        assert (others[0], later[0]) == (200, 200)


async def test_a_refused_order_counts_and_a_tried_one_does_not(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, rate=1.0, limits=RequestLimits(orders_per_s=1), keys=[make_key()]) as site:
        trader = Trader(site)
        order = {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
        tried = [await trader.ask("POST", "order/test", **order) for _ in range(3)]

        refused, beyond = await trader.buy("a", quantity="0"), await trader.buy("b")

        assert [status for status, _ in tried] == [200] * 3
        assert (refused[1]["code"], beyond[0]) == (30029, 429)
