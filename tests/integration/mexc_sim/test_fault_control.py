"""Ordering faults: the simulator's control endpoint, the command, and who is refused."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from django.conf import settings
from django.core.management import CommandError, call_command

from cdb_site.clock import SYSTEM
from mexc_sim.faults import control
from mexc_sim.faults.catalog import KINDS, read_fault
from mexc_sim.faults.desk import FaultDesk
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock, PromisedMarket
from mexc_sim.market.synthetic import SyntheticMarket

OURS = {"X-Sim-Control": "1"}
RATE = 60.0


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    return Exchange(SyntheticMarket(seed=9))


@pytest.fixture
def desk(exchange: Exchange, tmp_path: Path) -> FaultDesk:
    market = PromisedMarket(source="synthetic", seed=9, rate=RATE, quote_asset="USDT", interval="1m")
    return FaultDesk(exchange, MarketClock(market=market, path=tmp_path / "clock.json", clock=SYSTEM))


async def tell_time(request: web.Request) -> web.Response:
    return web.json_response({"serverTime": 1, "simulation": {"rate": RATE}})


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def url(desk: FaultDesk) -> AsyncIterator[str]:
    """The desk's endpoints and an answer that faults of REST strike."""
    app = web.Application(middlewares=[desk.rest])
    app[control.DESK] = desk
    app.add_routes([*control.routes(), web.get("/api/v3/time", tell_time)])
    async with serving(app) as address:
        yield address


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def simulated(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    environment = replace(settings.ENVIRONMENT, MARKET="SIMULATED", MEXC_REST_URL=url)
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    yield


async def command(*words: str) -> str:
    output = io.StringIO()
    await asyncio.to_thread(call_command, "sim_fault", *words, stdout=output)
    return output.getvalue()


async def status_and_body(answer: Any) -> tuple[int, dict[str, Any]]:
    async with answer as response:
        return response.status, await response.json()


async def test_an_ordered_fault_holds_ends_by_itself_and_is_kept_with_its_deeds(
    url: str, session: aiohttp.ClientSession, desk: FaultDesk
) -> None:
    order = {"kind": "silence", "seconds": 0.2, "symbols": ["SOLUSDT"]}
    status, told = await status_and_body(session.post(f"{url}/control/faults", json=order, headers=OURS))

    lost = list(desk.frames("channel", "SOLUSDT", b"frame"))
    kept = list(desk.frames("channel", "BTCUSDT", b"frame"))
    _, during = await status_and_body(session.get(f"{url}/control/faults", headers=OURS))
    await asyncio.sleep(0.25)
    _, after = await status_and_body(session.get(f"{url}/control/faults", headers=OURS))

    assert (status, told["id"]) == (201, 1)
    assert (lost, kept) == ([], [(0.0, b"frame")])
    assert [(item["kind"], item["symbols"], item["done"]) for item in during["active"]] == [
        ("silence", ["SOLUSDT"], {"frames lost": 1})
    ]
    assert after["active"] == []
    assert after["ended"][-1]["done"] == after["done"]["silence"] == {"frames lost": 1}
    assert {kind["kind"] for kind in after["kinds"]} == set(KINDS)


@pytest.mark.parametrize(
    ("headers", "status", "told"),
    [
        ({}, 403, "X-Sim-Control"),
        ({**OURS, "Origin": "http://evil.example"}, 403, "Origin"),
        ({**OURS, "Content-Type": "text/plain"}, 415, "Content-Type"),
    ],
)
async def test_what_a_web_page_could_send_is_refused(
    url: str, session: aiohttp.ClientSession, desk: FaultDesk, headers: dict[str, str], status: int, told: str
) -> None:
    headers = {"Content-Type": "application/json"} | headers

    answer = await status_and_body(session.post(f"{url}/control/faults", data='{"kind":"silence"}', headers=headers))

    assert answer[0] == status
    assert told in answer[1]["error"]
    assert desk.report()["active"] == []


@pytest.mark.parametrize(
    ("body", "told"),
    [("{", "body: no JSON"), ("[1]", "body: expected an object"), ('{"kind":"silense"}', "Did you mean silence")],
)
async def test_a_body_that_cannot_be_used_is_refused_with_the_remedy(
    url: str, session: aiohttp.ClientSession, body: str, told: str
) -> None:
    headers = {**OURS, "Content-Type": "application/json"}

    status, answer = await status_and_body(session.post(f"{url}/control/faults", data=body, headers=headers))

    assert status == 400
    assert told in answer["error"]


async def test_a_fault_can_be_ended_and_an_unknown_one_is_named(
    url: str, session: aiohttp.ClientSession, desk: FaultDesk
) -> None:
    first = desk.begin(read_fault({"kind": "silence"}, desk.exchange.rows))
    desk.begin(read_fault({"kind": "refuse"}, desk.exchange.rows))

    one = await status_and_body(session.delete(f"{url}/control/faults/{first.fault_id}", headers=OURS))
    again = await status_and_body(session.delete(f"{url}/control/faults/{first.fault_id}", headers=OURS))
    rest = await status_and_body(session.delete(f"{url}/control/faults", headers=OURS))

    assert one == (200, {"ended": 1})
    assert again[0] == 404 and "no fault 1 holds" in again[1]["error"]
    assert rest == (200, {"ended": 1})


@pytest.mark.parametrize(
    ("order", "status", "kind"),
    [
        ({"kind": "rest_5xx", "status": 502}, 502, "text/html"),
        ({"kind": "rest_429", "retry_after_s": 7}, 429, "application/json"),
    ],
)
async def test_rest_answers_wrong_to_all_but_those_who_steer(
    url: str, session: aiohttp.ClientSession, desk: FaultDesk, order: dict[str, Any], status: int, kind: str
) -> None:
    desk.begin(read_fault(order, desk.exchange.rows))

    async with session.get(f"{url}/api/v3/time") as answer:
        struck = (answer.status, answer.content_type, answer.headers.get("Retry-After"))
    async with session.get(f"{url}/api/v3/time", headers=OURS) as answer:
        spared = answer.status

    assert struck == (status, kind, "7" if status == 429 else None)
    assert spared == 200
    assert sum(desk.report()["done"][order["kind"]].values()) == 1


async def test_rest_answers_late(url: str, session: aiohttp.ClientSession, desk: FaultDesk) -> None:
    desk.begin(read_fault({"kind": "rest_slow", "delay_s": 0.3}, desk.exchange.rows))

    asked_s = SYSTEM.monotonic_s()
    async with session.get(f"{url}/api/v3/time") as answer:
        status = answer.status

    assert status == 200
    assert SYSTEM.monotonic_s() - asked_s >= 0.3


def test_sockets_are_refused_and_open_ones_closed_once(desk: FaultDesk) -> None:
    before = desk.connecting()

    desk.begin(read_fault({"kind": "refuse"}, desk.exchange.rows))

    assert before and not desk.connecting()
    assert [desk.disconnect_wanted() for _ in range(3)] == [True, False, False]


def test_a_disconnect_that_is_not_repeated_is_over_when_it_is_done(desk: FaultDesk) -> None:
    desk.begin(read_fault({"kind": "disconnect"}, desk.exchange.rows))

    assert [desk.disconnect_wanted() for _ in range(3)] == [True, False, False]
    assert desk.report()["active"] == []


def test_the_clock_is_off_by_what_was_asked_for(desk: FaultDesk) -> None:
    desk.begin(read_fault({"kind": "clock_skew", "skew_s": -30}, desk.exchange.rows))

    assert desk.clock_skew_s() == -30
    assert desk.end() == 1
    assert desk.clock_skew_s() == 0


def test_a_crash_takes_its_share_off_the_price_and_is_over_as_a_fault(desk: FaultDesk) -> None:
    before = desk.exchange.day(desk.clock.now_s()).last[desk.exchange.rows["SOLUSDT"]]

    desk.begin(read_fault({"kind": "crash", "symbols": ["SOLUSDT"], "size": 0.5}, desk.exchange.rows))

    after = desk.exchange.day(desk.clock.now_s() + 60).last[desk.exchange.rows["SOLUSDT"]]
    assert 0.45 < after / before < 0.56
    assert desk.report()["active"] == []


def test_a_wide_spread_pulls_bid_and_ask_apart(desk: FaultDesk) -> None:
    def spread() -> float:
        quote = next(quote for quote in desk.exchange.quotes(desk.clock.now_s() + 60) if quote.symbol == "ETHUSDT")
        return float(quote.ask) - float(quote.bid)

    before = spread()
    desk.begin(read_fault({"kind": "wide_spread", "symbols": ["ETHUSDT"], "factor": 50}, desk.exchange.rows))

    assert spread() > 10 * before


async def test_the_command_orders_lists_and_clears(simulated: None, desk: FaultDesk) -> None:
    ordered = await command("gaps", "--share", "0.4", "--symbol", "SOLUSDT", "--symbol", "ETHUSDT", "--seconds", "60")
    list(desk.frames("channel", "SOLUSDT", b"frame"))
    listed = await command("list")
    cleared = await command("clear")

    fault = next(iter(desk.report()["ended"]))
    assert "fault 1: frames lost on the way" in ordered
    assert (fault["symbols"], fault["share"], fault["seconds"]) == (["ETHUSDT", "SOLUSDT"], 0.4, 60)
    assert "1  gaps of ETHUSDT, SOLUSDT" in listed
    assert all(kind in listed for kind in KINDS)
    assert cleared == "1 ended\n"


async def test_the_command_watches_a_fault_until_it_ends(simulated: None, desk: FaultDesk) -> None:
    told = await command("silence", "--seconds", "0.5", "--watch")

    assert "s left" in told
    assert told.splitlines()[-1].endswith("ended")


async def test_the_command_passes_on_what_the_desk_refuses(simulated: None) -> None:
    with pytest.raises(CommandError, match="symbols: 'SOLUSD' is not listed here. Did you mean SOLUSDT"):
        await command("silence", "--symbol", "SOLUSD")


async def test_the_command_can_always_end_a_fault_of_rest(simulated: None, desk: FaultDesk) -> None:
    await command("rest_5xx")

    assert await command("clear", "1") == "1 ended\n"


async def test_faults_are_refused_where_the_market_is_not_simulated() -> None:
    with pytest.raises(CommandError, match="MARKET=MEXC: faults are for the simulated exchange only"):
        await command("silence")


async def test_faults_are_refused_where_the_exchange_is_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def real_time(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.json_response({"serverTime": 1})

    app = web.Application()
    app.router.add_get("/api/v3/time", real_time)
    async with serving(app) as address:
        environment = replace(settings.ENVIRONMENT, MARKET="SIMULATED", MEXC_REST_URL=address)
        monkeypatch.setattr(settings, "ENVIRONMENT", environment)

        with pytest.raises(CommandError, match="is no simulator"):
            await command("silence")

    assert asked == ["GET"]


async def test_the_help_shows_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("sim_fault", "--help")

    shown = capsys.readouterr().out
    assert all(kind in shown for kind in KINDS)
