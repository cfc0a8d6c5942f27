"""An exchange that does what a test says: acks or refuses channels, pushes bytes, falls silent, hangs up, floods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

REFUSAL = "Not Subscribed successfully! [{}].  Reason\uff1a Blocked! "


class Client:
    """One socket as the exchange sees it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.channels: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.open = True


class ScriptedExchange:
    """`refused`: channels that are not granted. `answering`: off, nothing is acknowledged. `admitting`: off, 503."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.refused: set[str] = set()
        self.answering = self.admitting = True
        self.attempts = 0
        self.rows: dict[tuple[str, int], list[Any]] = {}
        self.url = ""

    @property
    def open(self) -> list[Client]:
        return [client for client in self.clients if client.open]

    @property
    def subscribed(self) -> list[str]:
        return sorted(channel for client in self.open for channel in client.channels)

    async def push(self, channel: str, frame: bytes | str) -> None:
        """To every socket that subscribed to the channel."""
        for client in self.open:
            if channel in client.channels:
                await (client.socket.send_bytes(frame) if isinstance(frame, bytes) else client.socket.send_str(frame))

    async def hang_up(self, client: Client) -> None:
        await client.socket.close(code=WSCloseCode.GOING_AWAY)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.attempts += 1
        if not self.admitting:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client = Client(socket)
        self.clients.append(client)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    await self._answer(client, orjson.loads(message.data))
        finally:
            client.open = False
        return socket

    async def _answer(self, client: Client, told: dict[str, Any]) -> None:
        if told["method"] == "PING":
            await client.socket.send_json({"id": 0, "code": 0, "msg": "PONG"})
        for channel in told.get("params", []):
            client.asked.append((told["method"], channel))
            if told["method"] == "UNSUBSCRIPTION":
                client.channels.remove(channel)
            elif channel not in self.refused:
                client.channels.append(channel)
            if self.answering:
                granted = channel in client.channels or told["method"] == "UNSUBSCRIPTION"
                text = channel if granted else REFUSAL.format(channel)
                await client.socket.send_json({"id": 0, "code": 0, "msg": text})

    async def klines(self, request: web.Request) -> web.Response:
        start_s, end_s = int(request.query["startTime"]) // 1000, int(request.query["endTime"]) // 1000
        symbol = request.query["symbol"]
        return web.json_response(
            [row for (of, at), row in sorted(self.rows.items()) if of == symbol and start_s <= at <= end_s]
        )


@asynccontextmanager
async def scripted_exchange() -> AsyncIterator[ScriptedExchange]:
    exchange = ScriptedExchange()
    app = web.Application()
    app.add_routes([web.get("/ws", exchange.serve), web.get("/api/v3/klines", exchange.klines)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    exchange.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield exchange
    for client in exchange.open:
        await exchange.hang_up(client)
    await runner.cleanup()


async def until(condition: Callable[[], Any], what: str, timeout_s: float = 10.0) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited {timeout_s:g} s for {what}") from None
