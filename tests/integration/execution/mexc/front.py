"""A front before the simulated exchange that spoils answers on their way: what was asked for happened all the same.

no_answer     passed on, and the connection is cut instead of the answer
unheard       not passed on, and the connection is cut
late          passed on, answered after `seconds`
instead       passed on, and something else is answered
answer        not passed on, and answered with this
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from execution.venues.mexc.loop import LoopThread


@dataclass(slots=True)
class Spoiling:
    """One way to spoil, for the first `times` requests of that method and path."""

    method: str
    path: str
    way: str
    times: int = 1
    seconds: float = 0.0
    status: int = 200
    body: Any = None
    change: Callable[[Any], Any] | None = None


@dataclass(slots=True)
class Front:
    """`heard` counts what was asked, `sent` keeps addresses and headers as they came."""

    loop: LoopThread
    behind: str
    spoilings: list[Spoiling] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)
    sent: list[str] = field(default_factory=list)
    url: str = ""

    def spoil(self, method: str, path: str, way: str, **options: Any) -> None:
        self.spoilings.append(Spoiling(method, path, way, **options))

    def orders_heard(self) -> int:
        return self.heard["POST /api/v3/order"]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.heard[f"{request.method} {request.path}"] += 1
        self.sent += [request.raw_path, *request.headers.values()]
        spoiling = self._next(request)
        if spoiling is None:
            return await self._pass_on(request)
        if spoiling.way == "unheard":
            return _cut(request)
        if spoiling.way == "answer":
            return web.json_response(spoiling.body, status=spoiling.status)
        response = await self._pass_on(request)
        if spoiling.way == "no_answer":
            return _cut(request)
        if spoiling.way == "late":
            await asyncio.sleep(spoiling.seconds)
            return response
        if spoiling.change is not None:
            import orjson

            return web.json_response(spoiling.change(orjson.loads(response.body)))
        if isinstance(spoiling.body, str):
            return web.Response(text=spoiling.body, status=spoiling.status)
        return web.json_response(spoiling.body, status=spoiling.status)

    def _next(self, request: web.Request) -> Spoiling | None:
        for spoiling in self.spoilings:
            if (spoiling.method, spoiling.path) == (request.method, request.path) and spoiling.times > 0:
                spoiling.times -= 1
                return spoiling
        return None

    async def _pass_on(self, request: web.Request) -> web.Response:
        from yarl import URL

        headers = {name: request.headers[name] for name in ("X-MEXC-APIKEY", "Content-Type") if name in request.headers}
        url = URL(self.behind + request.raw_path, encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, url, headers=headers, data=await request.read()) as response,
        ):
            kept = {"Retry-After": response.headers["Retry-After"]} if "Retry-After" in response.headers else {}
            return web.Response(body=await response.read(), status=response.status, headers=kept)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    raise web.HTTPServiceUnavailable


@contextmanager
def running_front(loop: LoopThread, behind: str) -> Iterator[Front]:
    front = Front(loop, behind)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", front.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        front.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    loop.run(start())
    try:
        yield front
    finally:
        loop.run(runner.cleanup())
