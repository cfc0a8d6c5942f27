"""History over REST: only what is missing is asked for, newest first, and old candles end their life."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from cdb_site.clock import Anchor, Clock, from_seconds
from marketdata import backfilling, operations, queries, retention, tasks
from marketdata.intervals import window_start_s
from marketdata.mexc.rest import InstrumentInfo
from marketdata.models import Candle
from marketdata.operations import ClosedCandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

DAY_S = 86400
NUMBERS = ("100", "110", "90", "105", "5", "500")


class Exchange:
    """Answers klines from `first_s` on and says which were asked; `asked` are (symbol, first open time, limit)."""

    def __init__(self) -> None:
        self.now_s = 1_795_000_000
        self.first_s = 0
        self.asked: list[tuple[str, int, int]] = []
        self.down_after: int | None = None
        self.url = ""

    async def time(self, _: web.Request) -> web.Response:
        told = {"rate": 1, "wall_s": self.now_s, "market_s": self.now_s, "label": "scripted"}
        return web.json_response({"serverTime": self.now_s * 1000, "simulation": told})

    async def klines(self, request: web.Request) -> web.Response:
        if self.down_after is not None and len(self.asked) >= self.down_after:
            raise web.HTTPServiceUnavailable
        symbol, start_s = request.query["symbol"], int(request.query["startTime"]) // 1000
        limit = int(request.query["limit"])
        self.asked.append((symbol, start_s, limit))
        if symbol == "BADUSDT":
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        opens = range(start_s, min(start_s + 60 * limit, self.now_s), 60)
        opened, high, low, close, volume, turnover = NUMBERS
        rows = [[at * 1000, opened, high, low, close, volume, at * 1000 + 60000, turnover] for at in opens]
        return web.json_response([row for row in rows if int(row[0]) >= self.first_s * 1000])

    @property
    def newest_s(self) -> int:
        return window_start_s(self.now_s, 60) - 60


@pytest_asyncio.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Exchange]:
    scripted = Exchange()
    app = web.Application()
    app.add_routes([web.get("/api/v3/time", scripted.time), web.get("/api/v3/klines", scripted.klines)])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    here = replace(settings.ENVIRONMENT, MEXC_REST_URL=scripted.url, MARKET="SIMULATED", INTERVAL="1m")
    monkeypatch.setattr(settings, "ENVIRONMENT", here)
    monkeypatch.setattr(backfilling.SYSTEM, "wall_s", lambda: float(scripted.now_s))
    monkeypatch.setattr("marketdata.mexc.rest.PAUSE_S", 0.001)
    yield scripted
    await runner.cleanup()


async def elsewhere(work: Callable[[], Any]) -> Any:
    """Run blocking work beside the exchange's loop, with a database connection that ends with it."""

    def guarded() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(guarded)


async def run(*arguments: str) -> tuple[str, str]:
    """What the command says, and why it fails."""
    out = io.StringIO()

    def command() -> str:
        try:
            call_command("backfill", *arguments, stdout=out, stderr=out)
        except CommandError as problem:
            return str(problem)
        return ""

    problem = await elsewhere(command)
    return out.getvalue(), problem


def candle(symbol: str, open_s: int, *, close: str = "105") -> ClosedCandle:
    opened, high, low, _, volume, turnover = NUMBERS
    return ClosedCandle(symbol, open_s, *map(Decimal, (opened, high, low, close, volume, turnover)))


def listed(*symbols: str) -> None:
    step, fee = Decimal("0.01"), Decimal("0.0005")
    operations.upsert_instruments(
        [InstrumentInfo(name, name.removesuffix("USDT"), "USDT", step, step, step, step, fee, True) for name in symbols]
    )
    operations.set_universe(symbols, "test")


async def test_a_day_of_the_watched_symbols_is_fetched_newest_first(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "AT_ONCE", 2)
    await elsewhere(lambda: listed("BTCUSDT", "ETHUSDT"))

    said, _ = await run("--days", "1", "--progress")

    count, missing = await elsewhere(
        lambda: (
            Candle.objects.filter(source="BACKFILL").count(),
            queries.missing_opens(["BTCUSDT", "ETHUSDT"], "1m", exchange.newest_s - DAY_S + 60, exchange.newest_s),
        )
    )
    assert (count, missing) == (2 * 1440, {})
    assert len(exchange.asked) == 6
    assert {start_s for _, start_s, _ in exchange.asked[:2]} == {exchange.newest_s - 499 * 60}
    assert "2 of 6 requests" in said
    assert "2,880 new candles by 6 requests" in said


async def test_an_interrupted_backfill_goes_on_where_it_stopped(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "AT_ONCE", 2)
    monkeypatch.setattr(backfilling.history, "CONCURRENT", 1)
    await elsewhere(lambda: listed("BTCUSDT"))
    exchange.down_after = 3

    _, problem = await run("--days", "2")
    stored = await elsewhere(Candle.objects.count)
    asked, exchange.down_after = list(exchange.asked), None
    await run("--days", "2")

    assert "HTTP 503. What came is stored. Run the same command again" in problem
    assert stored == 1500
    assert not set(asked) & set(exchange.asked[3:])
    assert sum(limit for *_, limit in exchange.asked) == 2880
    assert await elsewhere(Candle.objects.count) == 2880


async def test_ctrl_c_keeps_what_came_and_says_how_to_go_on(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    await elsewhere(lambda: listed("BTCUSDT"))
    monkeypatch.setattr(backfilling.history, "fetch_each", interrupted)

    _, problem = await run("--days", "1")

    assert problem.startswith("Stopped. What came is stored. Run the same command again")


async def test_nothing_stored_is_asked_for_or_changed(exchange: Exchange) -> None:
    def store() -> None:
        listed("BTCUSDT")
        opens = [at for at in range(exchange.newest_s - DAY_S + 60, exchange.newest_s, 60) if at % 3600]
        candles = [candle("BTCUSDT", at, close="104") for at in opens]
        operations.store_closed_candles("1m", candles, "IMPORT", "test")

    await elsewhere(store)

    await run("--days", "1")

    closes = await elsewhere(lambda: list(Candle.objects.order_by("open_time").values_list("close", "revised")))
    hours = [close for close in closes if close != (Decimal(104), False)]
    assert len(closes) == 1440
    assert hours == [(Decimal(105), False)] * 25
    assert len(exchange.asked) == 3


async def test_a_symbol_is_given_up_where_its_history_begins(exchange: Exchange) -> None:
    exchange.first_s = exchange.newest_s - 100 * 60
    await elsewhere(lambda: listed("BTCUSDT"))

    done = await elsewhere(
        lambda: backfilling.Backfill(settings.ENVIRONMENT, "1m").run(
            ["BTCUSDT"], exchange.newest_s - 90 * DAY_S, exchange.newest_s, exchange.now_s
        )
    )

    assert done.ended == {"BTCUSDT": exchange.first_s}
    assert done.new == 101
    assert len(exchange.asked) == backfilling.AT_ONCE


async def test_a_refused_symbol_does_not_stop_the_others(exchange: Exchange) -> None:
    await elsewhere(lambda: listed("BADUSDT", "BTCUSDT"))

    _, problem = await run("--days", "1")

    assert problem == "1 symbol refused."
    assert await elsewhere(Candle.objects.count) == 1440


async def test_a_silent_exchange_and_wrong_arguments_are_told_politely(exchange: Exchange) -> None:
    await elsewhere(lambda: listed("BTCUSDT"))

    assert "BTCUSD is not listed; did you mean BTCUSDT?" in (await run("--days", "1", "--symbol", "BTCUSD"))[1]
    assert "--days 401: candles older than 400 days are deleted again" in (await run("--days", "401"))[1]
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, MARKET="MEXC")
    assert "MEXC_REST_URL is a simulator" in (await run("--days", "1"))[1]
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, MEXC_REST_URL="http://127.0.0.1:9")
    assert "no answer after 1 attempts" in (await run("--days", "1"))[1]


async def test_the_task_fills_the_last_candles_of_the_watched_symbols(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SYSTEM", Clock(Anchor(wall_s=0, market_s=exchange.now_s, rate=0)))
    await elsewhere(lambda: listed("BTCUSDT", "ETHUSDT"))

    new = await elsewhere(lambda: tasks.backfill(candles=30))

    assert new == 60
    assert await elsewhere(lambda: tasks.backfill(candles=30)) == 0


def clock_at(market_s: float, *, simulated: bool = True) -> Clock:
    """A market clock that stands still."""
    return Clock(Anchor(wall_s=0, market_s=market_s, rate=0, simulated=simulated))


def test_old_candles_are_deleted_in_portions_and_imported_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PORTION", 7)
    listed("BTCUSDT", "ETHUSDT")
    now_s = 1_795_000_200 // DAY_S * DAY_S
    old_s, kept_s = now_s - 40 * DAY_S, now_s - 20 * DAY_S
    for symbol in ("BTCUSDT", "ETHUSDT"):
        olds = [candle(symbol, old_s + 60 * minute) for minute in range(20)]
        operations.store_closed_candles("1m", olds, "WS", "ws")
        operations.store_closed_candles("1m", [candle(symbol, kept_s)], "WS", "ws")
        operations.store_closed_candles("5m", [candle(symbol, old_s)], "BACKFILL", "rest")
    operations.store_closed_candles("1m", [candle("BTCUSDT", old_s - 60)], "IMPORT", "import")
    pauses: list[int] = []
    here = replace(settings.ENVIRONMENT, CANDLES_KEPT_DAYS=30)

    deleted = retention.delete_old_candles(here, clock_at(now_s), lambda: pauses.append(1))

    left = Candle.objects.order_by("open_time", "instrument_id").values_list("open_time", "source")
    assert deleted == 42
    assert len(pauses) == 5
    assert list(left) == [
        (from_seconds(old_s - 60), "IMPORT"),
        (from_seconds(kept_s), "WS"),
        (from_seconds(kept_s), "WS"),
    ]
    assert retention.delete_old_candles(here, clock_at(now_s), lambda: None) == 0


def test_what_the_lookback_and_the_first_history_need_is_kept_however_short_the_days() -> None:
    here = replace(settings.ENVIRONMENT, CANDLES_KEPT_DAYS=1, BACKFILL_CANDLES=240, LOOKBACK_MINUTES=240)
    now_s = 1_795_000_200

    assert retention.kept_since(here, clock_at(now_s), 60) == from_seconds(now_s) - timedelta(days=1)
    assert retention.kept_since(here, clock_at(now_s), 14400) == from_seconds(now_s) - timedelta(hours=4 + 4 * 242)
    assert retention.kept_since(replace(here, CANDLES_KEPT_DAYS=0), clock_at(now_s), 60) is None


def test_a_real_exchanges_clock_that_runs_ahead_deletes_nothing_early() -> None:
    here = replace(settings.ENVIRONMENT, CANDLES_KEPT_DAYS=30)
    clock = clock_at(Clock().wall_s() + 365 * DAY_S, simulated=False)

    since = retention.kept_since(here, clock, 60)

    assert since is not None
    assert since < clock.wall_now() - timedelta(days=29)
