"""One client under the flood: `python -m benchmarks.flood.clients ours|ccxt KIND URL COUNT` prints one JSON line.

`ours` is the WS screener's own path: connection, intake, closing rule, quote board, and ten times a second the quotes
that changed as payloads. `ccxt` is ccxt.pro unchanged, one watching loop per symbol, as it is meant to be used. What
is measured is the process's own processor time, from when all channels are granted until the last frame was taken.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import aiohttp
import django

from benchmarks.flood.frames import SYMBOLS, channels, flood

FLUSH_S = 0.1
LOOK_S = 0.02


async def measured(session: aiohttp.ClientSession, url: str, kind: str, gone: asyncio.Event) -> tuple[float, float]:
    """Let the flood loose. (Processor, wall) seconds until the exchange has closed the socket."""
    while not await _get(session, f"{url}/ready"):
        await asyncio.sleep(LOOK_S)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    loosing = asyncio.create_task(_post(session, f"{url}/flood/{kind}"))
    await gone.wait()
    spent = time.process_time() - cpu_s, time.perf_counter() - wall_s
    await loosing
    return spent


async def _get(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        return await answer.json()


async def _post(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(url) as answer:
        answer.raise_for_status()


def screener_intake() -> Any:
    """What the WS screener makes of a frame, without the loops that store and publish."""
    from cdb_site.clock import SYSTEM
    from marketdata.screeners.ws.batches import ClosedBatches
    from marketdata.screeners.ws.closing import ClosingRule
    from marketdata.screeners.ws.confirming import Confirmations
    from marketdata.screeners.ws.intake import Intake
    from marketdata.screeners.ws.quotes import OutgoingQuotes

    rule = ClosingRule(60)
    rule.watch(SYMBOLS, SYSTEM.market_s())
    return Intake(
        interval="1m",
        clock=SYSTEM,
        board=OutgoingQuotes(dict.fromkeys(SYMBOLS, Decimal("0.01"))),
        rule=rule,
        batches=ClosedBatches(len(SYMBOLS)),
        confirmations=Confirmations(),
    )


async def ours(url: str, kind: str, count: int) -> dict[str, float]:
    from marketdata.mexc.ws import Connection

    intake, gone = screener_intake(), asyncio.Event()
    unusable: list[str] = []
    async with aiohttp.ClientSession() as session:
        connection = Connection(
            url=url.replace("http", "ws", 1) + "/ws",
            channels=channels(kind),
            session=session,
            clock=intake.clock,
            on_frame=intake.frame,
            on_lost=lambda lost: gone.set(),
            on_malformed=lambda reason, body: unusable.append(reason),
        )
        tasks = [asyncio.create_task(connection.run()), asyncio.create_task(_flush(intake.board))]
        cpu_s, wall_s = await measured(session, url, kind, gone)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if intake.counted[kind] != count or intake.stale[kind] or unusable:
        sys.exit(f"{dict(intake.counted)} of {count} taken, stale {dict(intake.stale)}, unusable {unusable[:3]}")
    return _result(cpu_s, wall_s, count) | _alone(kind, count)


async def _flush(board: Any) -> None:
    while True:
        await asyncio.sleep(FLUSH_S)
        board.take_changed()


def _alone(kind: str, count: int) -> dict[str, float]:
    """The same frames without a network: decoded, and decoded and taken in."""
    from marketdata.mexc.wire import decode

    bodies = flood(kind, count)
    return {"decode_us": _each_us(decode, bodies), "intake_us": _each_us(screener_intake().frame, bodies)}


def _each_us(work: Callable[[bytes], object], bodies: list[bytes]) -> float:
    started_s = time.process_time()
    for body in bodies:
        work(body)
    return (time.process_time() - started_s) / len(bodies) * 1e6


async def ccxt(url: str, kind: str, count: int) -> dict[str, float]:
    from ccxt import pro

    seen, gone = 0, asyncio.Event()

    class Counting(pro.mexc):  # type: ignore[misc, name-defined]
        def handle_message(self, client: Any, message: Any) -> None:
            nonlocal seen
            seen += 1
            super().handle_message(client, message)

    mexc = Counting({"urls": {"api": _urls(url)}, "enableRateLimit": False})

    async def follow(symbol: str) -> None:
        try:
            while True:
                await (mexc.watch_ticker(symbol) if kind == "book" else mexc.watch_ohlcv(symbol, "1m"))
        except pro.NetworkError:
            gone.set()

    async with aiohttp.ClientSession() as session:
        await mexc.load_markets()
        tasks = [asyncio.create_task(follow(mexc.markets_by_id[symbol][0]["symbol"])) for symbol in SYMBOLS]
        cpu_s, wall_s = await measured(session, url, kind, gone)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await mexc.close()
    if seen < count:
        sys.exit(f"ccxt took {seen} of {count}")
    return _result(cpu_s, wall_s, count)


def _urls(url: str) -> dict[str, Any]:
    ws = url.replace("http", "ws", 1)
    return {
        "spot": {"public": url, "private": url},
        "contract": {"public": f"{url}/api/v1/contract", "private": f"{url}/api/v1/private"},
        "ws": {"spot": f"{ws}/ws", "swap": f"{ws}/edge"},
    }


def _result(cpu_s: float, wall_s: float, count: int) -> dict[str, float]:
    return {"cpu_us": cpu_s / count * 1e6, "per_s": count / wall_s}


CLIENTS: dict[str, Callable[[str, str, int], Coroutine[Any, Any, dict[str, float]]]] = {"ours": ours, "ccxt": ccxt}


def main() -> None:
    client, kind, url, count = sys.argv[1:]
    if client == "ours":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
        django.setup()
    print(json.dumps(asyncio.run(CLIENTS[client](url, kind, int(count)))))


if __name__ == "__main__":
    main()
