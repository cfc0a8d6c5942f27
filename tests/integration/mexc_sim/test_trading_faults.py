"""Faults of the trading side over the wire: what the client is told, and what the exchange did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import aiohttp
import pytest
import pytest_asyncio

from cdb_site.clock import SYSTEM
from mexc_sim.server.private_frames import ACCOUNT, DEALS, ORDERS
from tests.integration.mexc_sim.exchange_site import Follower, Site, running_exchange
from tests.integration.mexc_sim.trader import CUT, STEERING, Trader, make_key

pytestmark = pytest.mark.asyncio(loop_scope="module")
NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    keys = [make_key(), make_key(name="two", key="mx0other")]
    async with running_exchange(tmp_path_factory.mktemp("exchange"), rate=1.0, keys=keys) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def trader(site: Site) -> AsyncIterator[Trader]:
    ours = Trader(site)
    yield ours
    await ours.end_faults()


@pytest.fixture
def name() -> str:
    """A client's id that was not used before."""
    return f"order-{next(NUMBERS)}"


async def frames_of(follower: Follower) -> list[str]:
    """Channel and what of it, of every frame that came before the answer to a ping."""
    await follower.ask("PING")
    await follower.answer()
    return [
        f"{frame.channel.split('.')[1]} {frame.privateOrders.status or frame.privateDeals.tradeId}"
        for frame in follower.frames
        if frame.channel != ACCOUNT
    ]


async def test_an_order_without_answer_is_at_the_exchange_once(trader: Trader, name: str) -> None:
    await trader.fault("order_no_answer")

    with pytest.raises(CUT):
        await trader.buy(name)

    assert (await trader.order(name))["status"] == "FILLED"
    assert (await trader.trades()).count(name) == 1
    assert (await trader.end_faults())["order_no_answer"] == {"orders not answered": 1}


async def test_an_order_without_answer_may_never_have_arrived(trader: Trader, name: str) -> None:
    await trader.fault("order_no_answer", placed=0)

    with pytest.raises(CUT):
        await trader.buy(name)

    assert (await trader.order(name))["code"] == -2011


async def test_the_connection_of_an_order_without_answer_may_hang_first(trader: Trader, name: str) -> None:
    await trader.fault("order_no_answer", after_s=0.6)
    asking = asyncio.create_task(trader.buy(name))

    await asyncio.sleep(0.3)
    placed = await trader.order(name)
    waiting = not asking.done()
    with pytest.raises(CUT):
        await asking

    assert (placed["status"], waiting) == ("FILLED", True)


async def test_a_late_answer_comes_late_and_the_order_was_there_at_once(trader: Trader, name: str) -> None:
    await trader.fault("order_late_answer", after_s=0.6)
    asked_s = SYSTEM.monotonic_s()
    asking = asyncio.create_task(trader.buy(name))

    await asyncio.sleep(0.2)
    placed = await trader.order(name)
    status, told = await asking

    assert placed["status"] == "FILLED"
    assert (status, told["orderId"]) == (200, placed["orderId"])
    assert SYSTEM.monotonic_s() - asked_s >= 0.6


@pytest.mark.parametrize(("placed", "found"), [(1, "FILLED"), (0, None)])
async def test_a_code_with_status_200_says_nothing_of_the_order(
    trader: Trader, name: str, placed: int, found: str | None
) -> None:
    await trader.fault("order_code_200", placed=placed, code=30005)

    assert await trader.buy(name) == (200, {"code": 30005, "msg": "Internal error"})
    assert (await trader.order(name)).get("status") == found


async def test_who_is_filled_and_cut_off_hears_neither_answer_nor_push(trader: Trader, name: str) -> None:
    other = Trader(trader.site, "mx0other")
    await trader.fault("fill_then_disconnect")
    async with other.listening() as spared, trader.listening() as cut:
        with pytest.raises(CUT):
            await trader.buy(name)
        message = await cut.socket.receive(timeout=5)

        assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE)
        assert cut.socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        assert cut.frames == []
        assert await frames_of(spared) == []
    assert (await trader.order(name))["status"] == "FILLED"
    assert (await trader.end_faults())["fill_then_disconnect"] == {"accounts cut off": 1}


async def test_an_order_that_only_rests_cuts_nobody_off(trader: Trader, name: str) -> None:
    await trader.fault("fill_then_disconnect")
    async with trader.listening() as listening:
        status, placed = await trader.buy(name, type="LIMIT", price="1", quantity="10")
        await trader.ask("DELETE", "order", symbol="SOLUSDT", orderId=placed["orderId"])

        assert status == 200
        assert await frames_of(listening) == ["orders 1", "orders 4"]


async def test_who_rests_is_cut_off_from_the_stream_when_the_order_trades(trader: Trader, name: str) -> None:
    best = await trader.site.get("/api/v3/ticker/bookTicker", symbol="XRPUSDT")
    price = f"{float(best['bidPrice']) * 0.98:.4f}"
    await trader.buy(name, symbol="XRPUSDT", type="LIMIT", price=price, quantity="10")
    await trader.fault("fill_then_disconnect")
    async with trader.listening() as cut:
        await trader.fault("crash", symbols=["XRPUSDT"], size=0.1)
        message = await cut.socket.receive(timeout=5)

    assert message.type == aiohttp.WSMsgType.CLOSED
    assert cut.frames == []
    assert (await trader.order(name, "XRPUSDT"))["status"] == "FILLED"


async def test_frames_of_accounts_come_twice_and_those_of_the_market_once(trader: Trader, name: str) -> None:
    await trader.fault("pushes_twice", ms=200)
    async with trader.listening() as listening:
        await trader.buy(name)
        await asyncio.sleep(0.4)
        frames = await frames_of(listening)

    assert sorted(frames) == sorted(frames[: len(frames) // 2] * 2)
    assert frames[0] == "orders 1" and len(frames) >= 6
    async with trader.site.follow("spot@public.aggre.bookTicker.v3.api.pb@100ms@SOLUSDT") as market:
        versions = [frame.publicAggreBookTicker.version for frame in await market.until(8)]
    assert len(versions) == len(set(versions))


async def test_frames_of_accounts_overtake_each_other(trader: Trader, name: str) -> None:
    await trader.fault("pushes_reordered", share=1, ms=400, seed=3)
    async with trader.listening() as listening:
        for number in range(4):
            await trader.buy(f"{name}-{number}")
        await asyncio.sleep(0.5)
        await frames_of(listening)

    told = [frame.privateOrders.clientId for frame in listening.frames if frame.channel == ORDERS]
    assert told != sorted(told)
    assert set(told) == {f"{name}-{number}" for number in range(4)}


async def test_lost_frames_of_one_symbol_leave_those_of_others_and_the_orders_alone(trader: Trader, name: str) -> None:
    await trader.fault("pushes_lost", symbols=["SOLUSDT"])
    async with trader.listening() as listening:
        await trader.buy(f"{name}-lost")
        await trader.buy(f"{name}-kept", symbol="ADAUSDT", quantity="10")
        await frames_of(listening)

    told = {frame.privateOrders.clientId for frame in listening.frames if frame.channel == ORDERS}
    assert told == {f"{name}-kept"}
    assert any(frame.channel == DEALS for frame in listening.frames)
    assert (await trader.order(f"{name}-lost"))["status"] == "FILLED"


async def test_the_newest_trades_are_listed_late_and_the_order_is_told_filled(trader: Trader, name: str) -> None:
    await trader.buy(f"{name}-old")
    await asyncio.sleep(0.7)
    await trader.fault("trades_lack_newest", late_s=0.6)
    await trader.buy(f"{name}-new")

    order, at_once = await trader.order(f"{name}-new"), await trader.trades()
    await asyncio.sleep(0.7)
    later = await trader.trades()

    assert order["status"] == "FILLED"
    assert (f"{name}-new" in at_once, f"{name}-old" in at_once) == (False, True)
    assert later[0] == f"{name}-new"


@pytest.mark.parametrize(("kind", "status"), [("rest_429", 429), ("rest_5xx", 503)])
async def test_faults_of_rest_meet_the_private_endpoints_and_place_nothing(
    trader: Trader, name: str, kind: str, status: int
) -> None:
    await trader.fault(kind)
    told, _ = await trader.buy(name)
    done = await trader.end_faults()

    assert told == status
    assert sum(done[kind].values()) == 1
    assert (await trader.order(name))["code"] == -2011


async def test_a_wrong_clock_refuses_who_goes_by_the_right_one(trader: Trader, name: str) -> None:
    await trader.fault("clock_skew", skew_s=30)

    refused = await trader.buy(name)
    skewed_ms = (await trader.site.get("/api/v3/time"))["serverTime"]
    status, _ = await trader.ask("GET", "account", at_ms=skewed_ms)

    assert refused[1]["code"] == 700003
    assert status == 200


async def test_a_silent_market_does_not_silence_an_account(trader: Trader, name: str) -> None:
    await trader.fault("silence")
    async with trader.listening() as listening:
        await trader.buy(name)

        assert (await frames_of(listening))[:1] == ["orders 1"]


async def test_the_control_endpoint_names_the_accounts_and_what_needs_them(trader: Trader) -> None:
    async with trader.site.session.get(trader.site.url + "/control/faults", headers=STEERING) as response:
        told = await response.json()

    assert told["accounts"] == ["one", "two"]
    assert {kind["kind"] for kind in told["kinds"] if kind["needs_accounts"]} >= {"order_no_answer", "pushes_lost"}
    assert {kind["category"] for kind in told["kinds"] if kind["needs_accounts"]} == {"trading"}
