"""A stand-in for the exchange that floods: `python -m benchmarks.flood.server --count N` prints its port.

It answers what a client asks before it subscribes (markets) and acknowledges subscriptions. POST /flood/KIND writes all
frames of that kind to the socket as fast as the other side takes them, then closes it. A process of its own, so that
sending is nobody's measured time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from benchmarks.flood.frames import KINDS, SYMBOLS, blobs, flood

LISTENERS = web.AppKey("listeners", dict[asyncio.Transport, set[str]])
BLOBS = web.AppKey("blobs", dict[str, list[bytes]])
CLOSE = b"\x88\x02\x03\xe8"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, required=True, help="frames of each kind")
    asyncio.run(serve(parser.parse_args().count))


async def serve(count: int) -> None:
    runner = web.AppRunner(application(count))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def exchange() -> web.Application:
    """What lists, has no candles, and grants every subscription. Who listens to what is in LISTENERS."""
    app = web.Application()
    app[LISTENERS] = {}
    app.router.add_get("/api/v3/exchangeInfo", _exchange_info)
    app.router.add_get("/api/v3/klines", _no_candles)
    app.router.add_get("/api/v1/contract/detail", _no_contracts)
    app.router.add_get("/ws", _socket)
    return app


def application(count: int) -> web.Application:
    app = exchange()
    app[BLOBS] = {kind: blobs(flood(kind, count)) for kind in KINDS}
    app.router.add_get("/ready", _ready)
    app.router.add_post("/flood/{kind}", _flood)
    return app


async def _exchange_info(_: web.Request) -> web.Response:
    return web.json_response({"symbols": [_listing(symbol) for symbol in SYMBOLS]})


async def _no_candles(_: web.Request) -> web.Response:
    return web.json_response([])


async def _no_contracts(_: web.Request) -> web.Response:
    return web.json_response({"success": True, "code": 0, "data": []})


async def _socket(request: web.Request) -> web.WebSocketResponse:
    """Acknowledge everything, note who listens."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    transport = request.transport
    assert transport is not None
    async for message in socket:
        if message.type != WSMsgType.TEXT:
            continue
        asked = json.loads(message.data)
        if asked["method"].upper() == "PING":
            await socket.send_json({"id": 0, "code": 0, "msg": "PONG"})
        for channel in asked.get("params") or ():
            request.app[LISTENERS].setdefault(transport, set()).add(channel)
            await socket.send_json({"id": 0, "code": 0, "msg": channel})
    request.app[LISTENERS].pop(transport, None)
    return socket


async def _ready(request: web.Request) -> web.Response:
    """Whether somebody has all the channels."""
    return web.json_response(any(len(has) == len(SYMBOLS) for has in request.app[LISTENERS].values()))


async def _flood(request: web.Request) -> web.Response:
    """Write past aiohttp's own framing: the messages are ready."""
    (transport,) = request.app[LISTENERS]
    for blob in request.app[BLOBS][request.match_info["kind"]]:
        transport.write(blob)
        while transport.get_write_buffer_size() > len(blob):
            await asyncio.sleep(0.0005)
    transport.write(CLOSE)
    return web.Response()


def _listing(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "status": "1",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "baseAssetPrecision": 6,
        "quoteAssetPrecision": 2,
        "quotePrecision": 2,
        "baseSizePrecision": "0.000001",
        "quoteAmountPrecision": "1",
        "maxQuoteAmount": "2000000",
        "makerCommission": "0",
        "takerCommission": "0.0005",
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "orderTypes": ["LIMIT", "MARKET"],
        "permissions": ["SPOT"],
        "filters": [],
    }


if __name__ == "__main__":
    main()
