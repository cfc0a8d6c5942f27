"""The simulator killed while it trades, and started again: what it answered is as it was, and no id comes twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from cdb_site.clock import SYSTEM
from cdb_site.units import plain
from mexc_sim.market.market_clock import MarketClock
from mexc_sim.trading import witness
from mexc_sim.trading.journal import TradingJournal
from tests.integration.mexc_sim.exchange_site import Site, running_exchange
from tests.integration.mexc_sim.trader import SECRET, Trader, make_key

ROOT = Path(__file__).resolve().parents[3]
KEYS = [f"mx0key{number}" for number in range(4)]
START_S = 90.0
pytestmark = pytest.mark.timeout(300)


class TimeThere:
    """The exchange's clock at rate 1, as its /time says."""

    def __init__(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s

    def now_s(self) -> float:
        return SYSTEM.wall_s() + self.ahead_s


class Killed:
    """A simulator in a process of its own, on a folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.journal = folder, folder / "mexc_sim_trading.jsonl"
        rows = [{"name": key, "key": key, "secret": SECRET, "balances": {"USDT": "1000000"}} for key in KEYS]
        (folder / "accounts.json").write_text(json.dumps({"accounts": rows}), encoding="utf-8")
        self.answered: dict[str, tuple[str, str]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[list[Trader]]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        words = ["manage.py", "run_mexc_sim", "--rate", "1", "--port", str(port)]
        words += ["--accounts", str(self.folder / "accounts.json")]
        env = {**os.environ, "ENV": "demo", "MARKET": "SIMULATED", "DATA_DIR": str(self.folder)}
        process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=env)
        try:
            async with aiohttp.ClientSession() as session:
                site = Site(f"http://127.0.0.1:{port}", cast(MarketClock, None), session)
                site.clock = cast(MarketClock, TimeThere(await self._ahead_s(site, process)))
                yield [Trader(site, key) for key in KEYS]
                process.send_signal(signal.SIGKILL)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()

    @staticmethod
    async def _ahead_s(site: Site, process: asyncio.subprocess.Process) -> float:
        async with asyncio.timeout(START_S):
            while True:
                with suppress(aiohttp.ClientError):
                    return float((await site.get("/api/v3/time"))["serverTime"]) / 1000 - SYSTEM.wall_s()
                assert process.returncode is None
                await asyncio.sleep(0.2)

    async def trade(self, trader: Trader, name: str) -> None:
        """Orders that trade, orders that rest and orders that are canceled, until nobody answers any more."""
        with suppress(aiohttp.ClientError, TimeoutError):
            for number in range(10_000):
                client_id = f"{name}-{trader.key}-{number}"
                resting = {"type": "LIMIT", "price": "1", "quantity": "5"} if number % 3 else {}
                status, told = await trader.buy(client_id, **resting)
                if status == 200:
                    self.answered[client_id] = (trader.key, told["orderId"])
                if status == 200 and number % 3 == 2:
                    await trader.ask("DELETE", "order", symbol="SOLUSDT", orderId=told["orderId"])


async def test_what_was_answered_is_kept_whenever_the_exchange_is_killed(tmp_path: Path) -> None:
    exchange, chance = Killed(tmp_path), random.Random(5)
    for name in ("first", "second"):
        async with exchange.running() as traders:
            trading = [asyncio.create_task(exchange.trade(trader, name)) for trader in traders]
            await asyncio.sleep(1.0 + chance.random())
        await asyncio.gather(*trading)

    told = witness.read(exchange.journal)
    async with exchange.running() as traders:
        found = {name: await _found(exchange, traders, name) for name in sorted(exchange.answered)[::5]}
        balances = {trader.key: (await trader.ask("GET", "account"))[1]["balances"] for trader in traders}

    kept = {placed.asked.client_id: placed for account in told.accounts.values() for placed in account.orders.values()}
    assert len(exchange.answered) > 40
    assert {name: kept[name].order.order_id for name in exchange.answered} == {
        name: order_id for name, (_, order_id) in exchange.answered.items()
    }
    assert {name: (row["orderId"], row["status"]) for name, row in found.items()} == {
        name: (kept[name].order.order_id, kept[name].state) for name in found
    }
    assert balances == {key: _balances(told.accounts[key]) for key in KEYS}
    ids = [placed.order.order_id for account in told.accounts.values() for placed in account.orders.values()]
    ids += [trade.trade_id for account in told.accounts.values() for trade in account.trades]
    assert len(ids) == len(set(ids))


async def test_an_order_that_cannot_be_written_is_answered_500_and_found_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = TradingJournal(tmp_path / "trading.jsonl", {"seed": 1})
    async with running_exchange(tmp_path, rate=1.0, keys=[make_key()], journal=journal) as site:
        trader = Trader(site)
        async with trader.listening() as listening:
            with monkeypatch.context() as patched:
                patched.setattr(os, "write", _full)
                answered, asked = await trader.buy("unknown"), await trader.order("unknown")
            found = await trader.order("unknown")
            await listening.ask("PING")
            await listening.answer()
    journal.close()

    assert (answered[0], asked["code"], found["status"]) == (500, 500, "FILLED")
    assert len(listening.frames) > 0
    assert witness.read(journal.path).accounts["one"].named("unknown") is not None


def _full(*_: Any) -> int:
    raise OSError(28, "No space left on device")


async def _found(exchange: Killed, traders: list[Trader], client_id: str) -> Any:
    await asyncio.sleep(0.03)
    key, _ = exchange.answered[client_id]
    return await next(trader for trader in traders if trader.key == key).order(client_id)


def _balances(account: Any) -> list[dict[str, str]]:
    return [
        {"asset": asset, "free": plain(has.free), "locked": plain(has.locked), "available": plain(has.free)}
        for asset, has in account.balances.by_asset.items()
        if has.free or has.locked
    ]
