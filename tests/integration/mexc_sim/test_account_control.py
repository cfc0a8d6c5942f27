"""Acting on the simulated accounts from outside: paying in and out, trading beside whoever trades there."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings
from django.core.management import CommandError, call_command

from mexc_sim.server.private_frames import ACCOUNT, ORDERS
from tests.integration.mexc_sim.exchange_site import Site, running_exchange
from tests.integration.mexc_sim.trader import STEERING, Trader, make_key

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAYMENTS, PLACING = "/control/accounts/one/payments", "/control/accounts/one/orders"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_exchange(tmp_path_factory.mktemp("exchange"), rate=1.0, keys=[make_key()]) as running:
        yield running


@pytest.fixture
def trader(site: Site, monkeypatch: pytest.MonkeyPatch) -> Trader:
    environment = replace(settings.ENVIRONMENT, MARKET="SIMULATED", MEXC_REST_URL=site.url)
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    return Trader(site)


async def command(*words: str) -> str:
    output = io.StringIO()
    await asyncio.to_thread(call_command, "sim_account", *words, stdout=output)
    return output.getvalue()


async def free(trader: Trader, asset: str) -> str | None:
    _, told = await trader.ask("GET", "account")
    return next((row["free"] for row in told["balances"] if row["asset"] == asset), None)


async def test_what_is_paid_in_and_out_is_in_the_account_and_on_its_stream(trader: Trader) -> None:
    async with trader.listening() as listening:
        await command("deposit", "--asset", "DOGE", "--amount", "120.5")
        told = await command("withdraw", "--asset", "DOGE", "--amount", "20")
        await listening.ask("PING")
        await listening.answer()

    pushed = [frame.privateAccount for frame in listening.frames if frame.channel == ACCOUNT]
    assert [(one.type, one.balanceAmount) for one in pushed] == [("DEPOSIT", "120.5"), ("WITHDRAW", "100.5")]
    assert "100.5 DOGE free, 0 locked" in told
    assert await free(trader, "DOGE") == "100.5"


async def test_more_than_is_free_is_not_paid_out(trader: Trader) -> None:
    before = await free(trader, "USDT")

    with pytest.raises(CommandError, match="less of USDT free"):
        await command("withdraw", "--asset", "USDT", "--amount", "100000.01")

    assert await free(trader, "USDT") == before


async def test_an_order_of_somebody_else_with_the_same_key_rests_and_is_canceled(trader: Trader) -> None:
    async with trader.listening() as listening:
        placed = await command("order", "--symbol", "SOLUSDT", "--side", "BUY", "--type", "LIMIT", "--quantity", "5",
                               "--price", "1", "--client-id", "foreign")  # fmt: skip
        _, open_ones = await trader.ask("GET", "openOrders", symbol="SOLUSDT")
        listed = await command("list")
        canceled = await command("cancel", "--order-id", placed.split()[0])
        await listening.ask("PING")
        await listening.answer()

    pushed = [frame.privateOrders for frame in listening.frames if frame.channel == ORDERS]
    assert "BUY 5 SOLUSDT LIMIT at 1: NEW" in placed
    assert [order["clientOrderId"] for order in open_ones] == ["foreign"]
    assert placed.strip() in listed
    assert "CANCELED" in canceled
    assert [(order.clientId, order.status) for order in pushed] == [("foreign", 1), ("foreign", 4)]
    with pytest.raises(CommandError, match="no open order"):
        await command("cancel", "--order-id", placed.split()[0])


async def test_a_foreign_purchase_for_an_amount_is_filled_and_found_among_the_trades(trader: Trader) -> None:
    told = await command("order", "--symbol", "SOLUSDT", "--side", "BUY", "--amount", "100", "--client-id", "theirs")

    assert "BUY for 100 SOLUSDT MARKET: FILLED" in told
    assert await trader.trades() == ["theirs"]


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        (PAYMENTS, {"asset": "USDT", "amount": "NaN"}, 400, "asset, amount: expected"),
        (PAYMENTS, {"asset": "USDT", "amount": "0.0"}, 400, "asset, amount: expected"),
        (PAYMENTS, {"asset": "a b", "amount": "1"}, 400, "asset, amount: expected"),
        (PAYMENTS, {"asset": "USDT"}, 400, "700004"),
        (PAYMENTS, {"asset": "USDT", "amount": 5}, 400, "an object of texts"),
        (PAYMENTS, ["USDT"], 400, "an object of texts"),
        ("/control/accounts/nobody/payments", {"asset": "USDT", "amount": "1"}, 404, "There are one"),
        (PLACING, {"symbol": "SOLUSDT", "side": "HOLD", "type": "MARKET", "quantity": "1"}, 400, "700008"),
        (PLACING, {"symbol": "SOLUSDT", "side": "SELL", "type": "MARKET", "quantity": "1000"}, 400, "30004"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    trader: Trader, path: str, body: Any, status: int, told: str
) -> None:
    async with trader.site.session.post(trader.site.url + path, json=body, headers=STEERING) as response:
        answered = await response.json()

    assert (response.status, told in answered["error"]) == (status, True), answered


async def test_web_pages_and_who_does_not_steer_change_nothing(trader: Trader) -> None:
    body, before = {"asset": "USDT", "amount": "1"}, await free(trader, "USDT")
    for headers in ({}, {**STEERING, "Origin": "http://evil.example"}):
        async with trader.site.session.post(trader.site.url + PAYMENTS, json=body, headers=headers) as response:
            assert response.status == 403

    assert await free(trader, "USDT") == before


async def test_on_a_real_market_there_are_no_such_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, MARKET="MEXC"))

    with pytest.raises(CommandError, match="MARKET=MEXC"):
        await command("deposit", "--asset", "USDT", "--amount", "1")


async def test_an_exchange_without_accounts_says_so_and_has_no_faults_of_trading(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_exchange(tmp_path, rate=1.0) as bare:
        environment = replace(settings.ENVIRONMENT, MARKET="SIMULATED", MEXC_REST_URL=bare.url)
        monkeypatch.setattr(settings, "ENVIRONMENT", environment)

        with pytest.raises(CommandError, match="has no accounts"):
            await command("deposit", "--asset", "USDT", "--amount", "1")
        with pytest.raises(CommandError, match="needs an exchange with accounts"):
            await asyncio.to_thread(call_command, "sim_fault", "pushes_lost")
        output = io.StringIO()
        await asyncio.to_thread(call_command, "sim_fault", "list", stdout=output)
        assert "has no accounts" in output.getvalue()
