"""One who trades on a simulated exchange with a key: signed requests, and the account's own stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp

from mexc_sim.faults import control
from mexc_sim.faults.desk import CONTROL_HEADER
from mexc_sim.server.private_frames import ACCOUNT, DEALS, ORDERS
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.accounts import Why
from mexc_sim.trading.floor import SimAccount
from mexc_sim.trading.signing import signature_of
from tests.integration.mexc_sim.exchange_site import Follower, Site

KEY, SECRET = "mx0trader", "s" * 32
STEERING = {CONTROL_HEADER: "1"}


def make_key(*, name: str = "one", key: str = KEY, usdt: str = "100000") -> ApiKey:
    account = SimAccount(name=name)
    account.balances.change("USDT", free=Decimal(usdt), why=Why.DEPOSIT)
    return ApiKey(key=key, secret=SECRET, account=account)


class Trader:
    def __init__(self, site: Site, key: str = KEY) -> None:
        self.site, self.key = site, key

    async def ask(self, method: str, path: str, *, at_ms: int | None = None, **parameters: Any) -> tuple[int, Any]:
        """Status and body. Raises aiohttp.ClientError where the connection ends first."""
        asked_ms = int(self.site.clock.now_s() * 1000) if at_ms is None else at_ms
        query = urlencode({"timestamp": asked_ms, **parameters})
        signed = f"{query}&signature={signature_of(query.encode(), SECRET)}"
        address, headers = f"{self.site.url}/api/v3/{path}?{signed}", {"X-MEXC-APIKEY": self.key}
        async with self.site.session.request(method, address, headers=headers) as response:
            told = response.content_type == "application/json"
            return response.status, await (response.json() if told else response.text())

    async def buy(self, client_id: str = "", **fields: str) -> tuple[int, Any]:
        """One SOL at the market, unless told otherwise."""
        order = {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "1", "newClientOrderId": client_id}
        return await self.ask("POST", "order", **{**order, **fields})

    async def order(self, client_id: str, symbol: str = "SOLUSDT") -> Any:
        return (await self.ask("GET", "order", symbol=symbol, origClientOrderId=client_id))[1]

    async def trades(self) -> list[str]:
        """The clients' ids of its trades, the newest first."""
        _, rows = await self.ask("GET", "myTrades", symbol="SOLUSDT")
        return [row["clientOrderId"] for row in rows]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Follower]:
        """The account's own stream."""
        _, told = await self.ask("POST", "userDataStream")
        async with self.site.session.ws_connect(f"{self.site.ws_url}?listenKey={told['listenKey']}") as socket:
            follower = Follower(socket)
            await follower.ask("SUBSCRIPTION", [ORDERS, DEALS, ACCOUNT])
            for _ in range(3):
                await follower.answer()
            yield follower

    async def fault(self, kind: str, **values: Any) -> int:
        """Order a fault; its id."""
        body = {"kind": kind, **values}
        async with self.site.session.post(self.site.url + control.PATH, json=body, headers=STEERING) as response:
            told = await response.json()
            assert response.status == 201, told
            return int(told["id"])

    async def end_faults(self) -> dict[str, Any]:
        """End all; what each kind has done since the start."""
        address = self.site.url + control.PATH
        async with self.site.session.delete(address, headers=STEERING):
            pass
        async with self.site.session.get(address, headers=STEERING) as response:
            return dict((await response.json())["done"])


CUT = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
