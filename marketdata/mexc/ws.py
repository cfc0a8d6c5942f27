"""One WebSocket connection to the exchange, kept alive: at most 30 channels.

`run` connects, subscribes one channel at a time, hands every binary frame to the owner, and starts over with
growing jittered pauses when something is wrong: channels not acknowledged by their name (a rejection has code 0,
too), no data for `silence_s`, a closed socket. One refused channel is named in `rejected` and does not stop the
others. Pings prove nothing: only the age of the last data frame counts.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp
import orjson

from cdb_site.clock import Clock
from marketdata.mexc.errors import SubscriptionRejected

log = logging.getLogger(__name__)

SUBSCRIPTIONS_MAX = 30
FRAME_MAX = 8 * 1024 * 1024
ACK_S = 10.0
PING_S = 10.0
PAUSE_S = 0.3
PAUSE_MAX_S = 5.0
HEALTHY_AFTER_S = 20.0
JITTER = random.SystemRandom()
REFUSED = re.compile(r"Not Subscribed successfully! \[(.+?)\]\.")


def shards(channels: Sequence[str]) -> list[list[str]]:
    """Channels in groups that one connection may carry."""
    return [list(channels[start : start + SUBSCRIPTIONS_MAX]) for start in range(0, len(channels), SUBSCRIPTIONS_MAX)]


@dataclass(kw_only=True)
class Connection:
    """`on_frame` takes each binary frame and must not raise; `on_lost` is told when the stream was interrupted."""

    url: str
    channels: Sequence[str]
    session: aiohttp.ClientSession
    clock: Clock
    on_frame: Callable[[bytes], None]
    on_lost: Callable[[Sequence[str]], None]
    silence_s: float = 15.0
    connected: bool = field(default=False, init=False)
    reconnects: int = field(default=0, init=False)
    rejected: set[str] = field(default_factory=set, init=False)
    _data_at: float = field(default=0.0, init=False)
    _unacknowledged: set[str] = field(default_factory=set, init=False)

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = PAUSE_S
        while True:
            started = self.clock.monotonic_s()
            try:
                await self._live()
                reason = "closed by the exchange"
            except (aiohttp.ClientError, OSError, TimeoutError, SubscriptionRejected, ValueError) as problem:
                reason = f"{type(problem).__name__}: {problem}"
            self.connected = False
            self.reconnects += 1
            self.on_lost(self.channels)
            if self.clock.monotonic_s() - started > HEALTHY_AFTER_S:
                pause_s = PAUSE_S
            wait_s = pause_s * JITTER.uniform(0.5, 1.5)
            log.warning("socket with %d channels lost (%s); again in %.1f s", len(self.channels), reason, wait_s)
            await asyncio.sleep(wait_s)
            pause_s = min(PAUSE_MAX_S, pause_s * 2)

    async def _live(self) -> None:
        async with self.session.ws_connect(self.url, max_msg_size=FRAME_MAX, compress=0, timeout=_closing()) as socket:
            self._data_at = self.clock.monotonic_s()
            self._unacknowledged, self.rejected = set(self.channels), set()
            for channel in self.channels:
                await socket.send_str(_request("SUBSCRIPTION", [channel]))
            watching = asyncio.create_task(self._watch(socket))
            try:
                async for message in socket:
                    self._take(message)
            finally:
                watching.cancel()
            if watching.done() and not watching.cancelled() and watching.exception():
                raise watching.exception()  # type: ignore[misc]

    def _take(self, message: aiohttp.WSMessage) -> None:
        if message.type == aiohttp.WSMsgType.BINARY:
            self._data_at = self.clock.monotonic_s()
            self.on_frame(message.data)
        elif message.type == aiohttp.WSMsgType.TEXT:
            self._acknowledged(message.data)

    def _acknowledged(self, text: str) -> None:
        told = orjson.loads(text)
        answer = str(told.get("msg", "")) if isinstance(told, dict) else ""
        refused = REFUSED.match(answer)
        if refused and refused[1] in self._unacknowledged:
            self._unacknowledged.discard(refused[1])
            self.rejected.add(refused[1])
            log.warning("the exchange refused a channel, the others go on: %s", answer[:200])
        elif answer in self._unacknowledged:
            self._unacknowledged.discard(answer)
        elif answer.upper() != "PONG" and answer not in self.channels:
            raise SubscriptionRejected(answer[:200])
        if len(self.rejected) == len(self.channels):
            raise SubscriptionRejected(answer[:200])
        self.connected = not self._unacknowledged

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Ping; close the socket when acks or data stay away."""
        started = pinged = self.clock.monotonic_s()
        while True:
            await asyncio.sleep(0.5)
            now = self.clock.monotonic_s()
            if self._unacknowledged and now - started > ACK_S:
                await self._give_up(socket, f"{len(self._unacknowledged)} channels not acknowledged in {ACK_S:g} s")
            if now - self._data_at > self.silence_s:
                await self._give_up(socket, f"no data for {self.silence_s:g} s")
            if now - pinged >= PING_S:
                pinged = now
                await socket.send_str(_request("PING"))

    async def _give_up(self, socket: aiohttp.ClientWebSocketResponse, reason: str) -> None:
        await socket.close()
        raise TimeoutError(reason)


def _closing() -> aiohttp.ClientWSTimeout:
    return aiohttp.ClientWSTimeout(ws_close=1.0)


def _request(method: str, channels: list[str] | None = None) -> str:
    return orjson.dumps({"method": method, "params": channels} if channels else {"method": method}).decode()
