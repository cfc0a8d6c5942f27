"""Plain websocket clients in a process of their own, told on stdin what to do; one JSON line answers each window.

    in   {"url", "cookie", "count"}     out  {"ready": count}
    in   {"from_s", "to_s"}             out  {"frames", "late_ms": [of each order due then, at each client], "closed"}

Each acknowledges every four seconds, as the page does. An order's row carries the moment at which it was due.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from datetime import datetime
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from cdb_site.clock import SYSTEM

ACK_EVERY_S = 4.0
# What is under way when the window ends still counts, late as it is.
AFTER_S = 10.0
AT_ONCE = 5


class Crew:
    """Some clients. `notes`: (came, due) of orders; `frames`: when each came."""

    def __init__(self, url: str, cookie: str) -> None:
        self.url, self.cookie, self.closed = url, cookie, 0
        # Only the house's own pages may open its socket.
        self.origin = Origin(url.replace("ws", "http", 1).split("/ws/")[0])
        self.notes: deque[tuple[float, float]] = deque()
        self.frames: deque[float] = deque()
        self.gate = asyncio.Semaphore(AT_ONCE)

    async def client(self, ready: asyncio.Event) -> None:
        async with self.gate:
            socket = await connect(
                self.url, origin=self.origin, additional_headers={"Cookie": self.cookie}, compression=None,
                max_size=None,
                ping_interval=None, open_timeout=60,
            )  # fmt: skip
            await socket.recv()
            await socket.send('{"resume": null}')
            await socket.recv()
        ready.set()
        try:
            await self._follow(socket)
        finally:
            self.closed += 1

    async def _follow(self, socket: ClientConnection) -> None:
        received, acked_s = 2, 0.0
        async for text in socket:
            now = SYSTEM.wall_s()
            received += 1
            self.frames.append(now)
            if '"orders":[' in text:  # type: ignore[operator]
                self._note(text, now)
            if now - acked_s > ACK_EVERY_S:
                acked_s = now
                await socket.send(f'{{"ack": {received}}}')

    def _note(self, text: str | bytes, now: float) -> None:
        message = orjson.loads(text)
        if message["type"] == "batch":
            for row in message["changes"].get("orders", ()):
                self.notes.append((now, datetime.fromisoformat(row["at"]).timestamp()))

    async def window(self, from_s: float, to_s: float) -> dict[str, Any]:
        # Told of the window, a busy process may be in it already: only what is older is forgotten.
        while self.notes and self.notes[0][0] < from_s:
            self.notes.popleft()
        while self.frames and self.frames[0] < from_s:
            self.frames.popleft()
        await asyncio.sleep(max(0.0, to_s + AFTER_S - SYSTEM.wall_s()))
        late_ms = [round((came - due) * 1000, 1) for came, due in self.notes if from_s <= due < to_s]
        return {"frames": sum(came < to_s for came in self.frames), "late_ms": late_ms, "closed": self.closed}


async def main() -> None:
    asked = orjson.loads(await asyncio.to_thread(sys.stdin.readline))
    crew = Crew(asked["url"], asked["cookie"])
    ready = [asyncio.Event() for _ in range(asked["count"])]
    tasks = [asyncio.create_task(crew.client(event)) for event in ready]
    joined = asyncio.gather(*(event.wait() for event in ready))
    waited: list[asyncio.Future[Any]] = [joined, *tasks]
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
    await joined
    _answer({"ready": len(tasks)})
    while line := await asyncio.to_thread(sys.stdin.readline):
        window = orjson.loads(line)
        _answer(await crew.window(window["from_s"], window["to_s"]))
    for task in tasks:
        task.cancel()


def _answer(told: dict[str, Any]) -> None:
    print(orjson.dumps(told).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
