"""An exchange that grants every subscription and pushes what it is told to, from a thread of its own.

What it pushes and when is up to its owner, who therefore knows when each tick left.
"""

from __future__ import annotations

import asyncio
import threading

from aiohttp import web

from benchmarks.flood.frames import message
from benchmarks.flood.server import LISTENERS, exchange


class TickExchange(threading.Thread):
    """`port` is known once it is `serving`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.loop, self.app = asyncio.new_event_loop(), exchange()
        self.serving, self.port = threading.Event(), 0

    def run(self) -> None:
        self.loop.run_until_complete(self._serve())
        self.loop.run_forever()

    async def _serve(self) -> None:
        runner = web.AppRunner(self.app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self.serving.set()

    def granted(self) -> int:
        """How many channels are subscribed."""
        return sum(len(channels) for channels in list(self.app[LISTENERS].values()))

    def push(self, channel: str, body: bytes) -> None:
        self.loop.call_soon_threadsafe(self._write, channel, message(body))

    def _write(self, channel: str, text: bytes) -> None:
        for transport, channels in self.app[LISTENERS].items():
            if channel in channels:
                transport.write(text)
