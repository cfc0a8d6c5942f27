"""One client's WebSocket at the simulated exchange: its channels, its waiting frames and its end.

The exchange closes a connection 30 seconds after it has no subscription, after 60 seconds without data unless the
client pings, after 24 hours, when it says more than 100 things a second, and when it does not read what it gets.
All in wall time.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

from aiohttp import web

from mexc_sim.server.channels import Channel

BACKLOG_MAX, BACKLOG_BYTES_MAX = 5000, 32 * 1024 * 1024
TOGETHER = 64
TEXT, BINARY, FINAL = 0x1, 0x2, 0x80


@dataclass(frozen=True, kw_only=True)
class Lifetimes:
    """Documented limits of a connection, in wall seconds and numbers."""

    unsubscribed_s: float = 30.0
    without_data_s: float = 60.0
    connected_s: float = 86400.0
    requests_per_s: int = 100
    channels: int = 30


class Subscriber:
    """`now_s` is always monotonic wall time."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        limits: Lifetimes,
        now_s: float,
        transport: asyncio.Transport,
        listen_key: str = "",
    ) -> None:
        self.socket, self.limits, self.transport, self.listen_key = socket, limits, transport, listen_key
        self.channels: dict[str, Channel] = {}
        self.waiting: asyncio.Queue[bytes | str] = asyncio.Queue(BACKLOG_MAX)
        self.waiting_bytes = 0
        self.connected_s = self.unsubscribed_s = self.alive_s = now_s
        self.lagging = False
        self._second = (now_s, 0)

    def put(self, frame: bytes | str) -> None:
        """Frames that find no room end the connection; a single one may have any size."""
        if self.waiting.full() or self.waiting_bytes > BACKLOG_BYTES_MAX:
            self.lagging = True
            return
        self.waiting_bytes += len(frame)
        self.waiting.put_nowait(frame)

    async def send_forever(self) -> None:
        """What waits at once leaves with one write: a pulse has a frame for each symbol."""
        while True:
            together = [await self.waiting.get()]
            while len(together) < TOGETHER and not self.waiting.empty():
                together.append(self.waiting.get_nowait())
            await self._send(together)
            self.waiting_bytes -= sum(map(len, together))

    async def _send(self, frames: list[bytes | str]) -> None:
        """As one piece of finished frames to a client that reads what it gets, else one by one, waiting for it."""
        if len(frames) > 1 and not self.socket.closed and self._keeps_up():
            self.transport.write(b"".join(map(framed, frames[:-1])))
            frames = frames[-1:]
        for frame in frames:
            await (self.socket.send_bytes(frame) if isinstance(frame, bytes) else self.socket.send_str(frame))

    def _keeps_up(self) -> bool:
        return not self.transport.is_closing() and self.transport.get_write_buffer_size() == 0

    def full(self) -> bool:
        return len(self.channels) >= self.limits.channels

    def heard(self, now_s: float) -> bool:
        """Counts a request of the client; False when there were too many in a second."""
        began_s, count = self._second
        self._second = (began_s, count + 1) if now_s - began_s < 1 else (now_s, 1)
        return self._second[1] <= self.limits.requests_per_s

    def over(self, now_s: float) -> str:
        """Why the exchange ends this connection now; empty while it goes on."""
        if self.channels:
            self.unsubscribed_s = now_s
        limits = self.limits
        if self.lagging:
            return "too slow"
        if now_s - self.connected_s >= limits.connected_s:
            return f"connected for {limits.connected_s:g} s"
        if now_s - self.unsubscribed_s >= limits.unsubscribed_s:
            return f"no subscription for {limits.unsubscribed_s:g} s"
        if self.channels and now_s - self.alive_s >= limits.without_data_s:
            return f"no data for {limits.without_data_s:g} s"
        return ""


def framed(message: bytes | str) -> bytes:
    """A whole message as one unmasked, uncompressed frame of RFC 6455, 5.2."""
    body = message if isinstance(message, bytes) else message.encode()
    first = FINAL | (BINARY if isinstance(message, bytes) else TEXT)
    if len(body) < 126:
        return struct.pack("!BB", first, len(body)) + body
    if len(body) < 65536:
        return struct.pack("!BBH", first, 126, len(body)) + body
    return struct.pack("!BBQ", first, 127, len(body)) + body
