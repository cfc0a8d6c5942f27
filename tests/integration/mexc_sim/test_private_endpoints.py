"""Keys, signatures and orders over the wire: ccxt, unchanged, trades; what is wrong is refused with its code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import ccxt.pro
import pytest
import pytest_asyncio

from mexc_sim.server.private import ApiKey
from mexc_sim.trading.accounts import Why
from mexc_sim.trading.floor import SimAccount
from mexc_sim.trading.signing import signature_of
from tests.integration.mexc_sim.exchange_site import Site, running_exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY, SECRET = "mx0known", "s" * 32
SYMBOL = "SOL/USDT"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    account = SimAccount(name="one")
    account.balances.change("USDT", free=Decimal(100_000), why=Why.DEPOSIT)
    keys = [ApiKey(key=KEY, secret=SECRET, account=account)]
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
