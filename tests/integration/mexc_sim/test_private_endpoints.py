"""Keys, signatures and orders over the wire: ccxt, unchanged, trades; what is wrong is refused with its code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
import ccxt.pro
import pytest
import pytest_asyncio

from mexc_sim.faults import control
from mexc_sim.faults.desk import CONTROL_HEADER
from mexc_sim.server.private_frames import ACCOUNT, DEALS, ORDERS
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.accounts import Why
from mexc_sim.trading.floor import SimAccount
from mexc_sim.trading.signing import signature_of
from tests.integration.mexc_sim.exchange_site import Follower, Site, running_exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY, OTHER, SECRET = "mx0known", "mx0another", "s" * 32
SYMBOL = "SOL/USDT"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    account = SimAccount(name="one")
    account.balances.change("USDT", free=Decimal(100_000), why=Why.DEPOSIT)
    keys = [ApiKey(key=KEY, secret=SECRET, account=account)]
    keys.append(ApiKey(key=OTHER, secret=SECRET, account=SimAccount(name="two")))
    async with running_exchange(tmp_path_factory.mktemp("exchange"), rate=1.0, keys=keys) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mexc(site: Site) -> AsyncIterator[Any]:
    urls = {
        "api": {
            "spot": {"public": site.url, "private": site.url},
            "contract": {"public": f"{site.url}/api/v1/contract", "private": f"{site.url}/api/v1/private"},
            "ws": {"spot": site.ws_url, "swap": site.ws_url},
        }
    }
    client = ccxt.pro.mexc({"urls": urls, "enableRateLimit": False, "apiKey": KEY, "secret": SECRET})
    await client.load_markets()
    client.options["timeDifference"] = client.milliseconds() - int(site.clock.now_s() * 1000)
    yield client
    await client.close()


async def ask(site: Site, method: str, path: str, *, key: str = KEY, spoil: str = "", **parameters: Any) -> Any:
    """The answer to a signed request; `spoil` is added after it was signed."""
    query = urlencode({"timestamp": int(site.clock.now_s() * 1000), **parameters})
    signed = f"{query}{spoil}&signature={signature_of(query.encode(), SECRET)}"
    async with site.session.request(method, f"{site.url}{path}?{signed}", headers={"X-MEXC-APIKEY": key}) as response:
        return await response.json()


async def test_ccxt_buys_and_sells_and_sees_what_it_has(mexc: Any) -> None:
    bought = await mexc.create_order(SYMBOL, "market", "buy", 10, params={"clientOrderId": "a" * 32})
    order = await mexc.fetch_order(bought["id"], SYMBOL)
    trades = await mexc.fetch_my_trades(SYMBOL)
    sold = await mexc.create_order(SYMBOL, "market", "sell", 4)
    balance = await mexc.fetch_balance()

    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 10, "a" * 32)
    assert sum(trade["amount"] for trade in trades) == 10
    assert {trade["fee"]["currency"] for trade in trades} == {"SOL"}
    assert (await mexc.fetch_order(sold["id"], SYMBOL))["filled"] == 4
    assert balance["SOL"]["total"] == pytest.approx(6 - 10 * 0.0005)
    assert balance["USDT"]["used"] == 0


async def test_ccxt_places_a_limit_order_that_rests_and_cancels_it(mexc: Any) -> None:
    price = (await mexc.fetch_ticker(SYMBOL))["bid"] * 0.8
    placed = await mexc.create_order(SYMBOL, "limit", "buy", 10, mexc.price_to_precision(SYMBOL, price))

    assert [order["id"] for order in await mexc.fetch_open_orders(SYMBOL)] == [placed["id"]]
    assert (await mexc.fetch_balance())["USDT"]["used"] == pytest.approx(10 * price, rel=1e-3)
    await mexc.cancel_order(placed["id"], SYMBOL)

    assert (await mexc.fetch_order(placed["id"], SYMBOL))["status"] == "canceled"
    assert await mexc.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.BadRequest, match="-2011"):
        await mexc.cancel_order(placed["id"], SYMBOL)


async def test_ccxt_is_told_that_there_is_too_little(mexc: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        await mexc.create_order("ETH/USDT", "market", "sell", 4)


async def test_an_order_is_found_by_the_clients_id_and_a_test_places_nothing(site: Site) -> None:
    order = {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "1", "newClientOrderId": "b" * 32}

    assert await ask(site, "POST", "/api/v3/order/test", **order) == {}
    missing = await ask(site, "GET", "/api/v3/order", symbol="SOLUSDT", origClientOrderId="b" * 32)
    placed = await ask(site, "POST", "/api/v3/order", **order)
    found = await ask(site, "GET", "/api/v3/order", symbol="SOLUSDT", origClientOrderId="b" * 32)

    assert missing["code"] == -2011
    assert (found["orderId"], found["status"], found["executedQty"]) == (placed["orderId"], "FILLED", "1")


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (10072, {"key": "mx0other"}),
        (700002, {"spoil": "&recvWindow=60000"}),
        (700003, {"timestamp": 1}),
        (700003, {"timestamp": 9_999_999_999_999}),
        (700008, {"timestamp": "soon"}),
        (700008, {"recvWindow": "-1"}),
    ],
)
async def test_who_does_not_sign_in_time_with_a_known_key_is_refused(site: Site, code: int, wrong: Any) -> None:
    assert (await ask(site, "GET", "/api/v3/account", **wrong))["code"] == code


async def test_a_request_without_signature_or_time_is_refused(site: Site) -> None:
    headers = {"X-MEXC-APIKEY": KEY}
    async with site.session.get(f"{site.url}/api/v3/account?timestamp=1", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 700002)
    assert (await ask(site, "GET", "/api/v3/account", timestamp=""))["code"] == 700004


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (700004, {"symbol": ""}),
        (10007, {"symbol": "NONEUSDT"}),
        (10007, {"symbol": "BTCUSDT"}),
        (700008, {"side": "HOLD"}),
        (700008, {"type": "STOP"}),
        (700008, {"quantity": "1e9999999999"}),
        (700008, {"quantity": "NaN"}),
        (700008, {"quantity": "-1"}),
        (30029, {"quantity": "0"}),
        (30029, {"quantity": "0.00000001"}),
        (700004, {"quantity": ""}),
        (30004, {"quantity": "1000000"}),
        (700008, {"newClientOrderId": "c" * 33}),
    ],
)
async def test_a_wrong_order_is_refused_with_its_code(site: Site, code: int, wrong: dict[str, str]) -> None:
    order = {"symbol": "SOLUSDT", "side": "SELL", "type": "MARKET", "quantity": "1"} | wrong

    assert (await ask(site, "POST", "/api/v3/order", **order))["code"] == code


async def test_a_body_can_be_signed_instead_of_the_query(site: Site) -> None:
    order = {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    body = urlencode(order | {"timestamp": int(site.clock.now_s() * 1000)})
    signed = f"{body}&signature={signature_of(body.encode(), SECRET)}"
    headers = {"X-MEXC-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}

    async with site.session.post(f"{site.url}/api/v3/order", data=signed, headers=headers) as response:
        assert (response.status, (await response.json())["symbol"]) == (200, "SOLUSDT")


async def test_ccxt_watches_its_orders_trades_and_balance(mexc: Any) -> None:
    async def act() -> str:
        await asyncio.sleep(0.5)
        return str((await mexc.create_order(SYMBOL, "market", "buy", 2))["id"])

    async with asyncio.timeout(20):
        orders, trades, balance, placed = await asyncio.gather(
            mexc.watch_orders(SYMBOL), mexc.watch_my_trades(SYMBOL), mexc.watch_balance(), act()
        )
        while orders[-1]["status"] != "closed":
            orders = await mexc.watch_orders(SYMBOL)

    assert (orders[-1]["id"], orders[-1]["filled"]) == (placed, 2)
    assert trades[-1]["order"] == placed
    assert trades[-1]["fee"]["currency"] == "SOL"
    assert balance["USDT"]["free"] < 100_000


async def test_an_accounts_stream_wants_a_listen_key_that_holds(site: Site) -> None:
    key = (await ask(site, "POST", "/api/v3/userDataStream"))["listenKey"]
    assert key in (await ask(site, "GET", "/api/v3/userDataStream"))["listenKey"]
    assert (await ask(site, "PUT", "/api/v3/userDataStream", listenKey=key))["listenKey"] == key

    async with site.session.ws_connect(f"{site.ws_url}?listenKey={key}") as socket:
        follower = Follower(socket)
        await follower.ask("SUBSCRIPTION", [ORDERS])
        assert await follower.answer() == ORDERS
        await ask(site, "DELETE", "/api/v3/userDataStream", listenKey=key)
        message = await socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)

    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await site.session.ws_connect(f"{site.ws_url}?listenKey={key}")
    async with site.session.ws_connect(site.ws_url) as socket:
        follower = Follower(socket)
        await follower.ask("SUBSCRIPTION", [ORDERS])
        assert "Not Subscribed" in await follower.answer()
    assert (await ask(site, "PUT", "/api/v3/userDataStream", listenKey=key))["code"] == 700007


async def test_a_sixth_socket_of_a_listen_key_is_refused(site: Site) -> None:
    key = (await ask(site, "POST", "/api/v3/userDataStream"))["listenKey"]
    url = f"{site.ws_url}?listenKey={key}"
    sockets = [await site.session.ws_connect(url) for _ in range(5)]

    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await site.session.ws_connect(url)
    for socket in sockets:
        await socket.close()


async def test_one_account_does_not_hear_of_another_and_what_rests_trades_unasked(site: Site) -> None:
    keys = [(await ask(site, "POST", "/api/v3/userDataStream", key=key))["listenKey"] for key in (KEY, OTHER)]
    bid = Decimal((await site.get("/api/v3/ticker/bookTicker", symbol="ADAUSDT"))["bidPrice"])
    price = (bid * Decimal("0.98")).quantize(Decimal("0.00001"))
    order = {"symbol": "ADAUSDT", "side": "BUY", "type": "LIMIT", "quantity": "10", "price": str(price)}
    async with AsyncExitStack() as stack:
        heard = []
        for key in keys:
            socket = await stack.enter_async_context(site.session.ws_connect(f"{site.ws_url}?listenKey={key}"))
            heard.append(Follower(socket))
            await heard[-1].ask("SUBSCRIPTION", [ORDERS, DEALS, ACCOUNT])
            for _ in range(3):
                await heard[-1].answer()
        await ask(site, "POST", "/api/v3/order", **order)
        crash = {"kind": "crash", "symbols": ["ADAUSDT"], "size": 0.1}
        await site.session.post(site.url + control.PATH, json=crash, headers={CONTROL_HEADER: "1"})
        frames = heard[0].frames
        while not any(frame.channel == DEALS for frame in frames) or frames[-1].channel != ORDERS:
            await heard[0].step()
        assert [frame.privateOrders.status for frame in frames if frame.channel == ORDERS] == [1, 2]
        assert any(frame.privateDeals.isMaker for frame in frames if frame.channel == DEALS)
        await heard[1].ask("PING")
        assert await heard[1].answer() == "PONG"
        assert heard[1].frames == []
