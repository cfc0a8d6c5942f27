"""One socket to the exchange, from its opening to its end: at most 30 channels, which may change while it lives.

Channels are asked for one at a time and hold once the exchange has named them in an answer. A refused one is asked
for again later, with growing pauses; the others go on. The link ends when its channels are not answered, when no
usable data came for `silence_s`, or when the other side ends it. Pings prove nothing where the market always moves; an
account may be quiet for hours, and there an answered ping counts. Nothing a link receives can break it but what breaks
the WebSocket protocol itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import orjson

from cdb_site.clock import Clock
from marketdata.mexc.answers import PONG, read_answer
from marketdata.mexc.errors import BadFrame, LinkLost

FRAME_MAX = 8 * 1024 * 1024
CONNECT_S = 10.0
ACK_S = 10.0
PING_S = 10.0
SEND_S = 5.0
CLOSE_S = 0.3
TURN_S = 0.2
FRAMES_A_TURN = 200
REFUSED_PAUSE_S = 5.0
REFUSED_PAUSE_MAX_S = 300.0

BINARY, TEXT, ERROR = aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.ERROR
ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)

Socket = aiohttp.ClientWebSocketResponse[Literal[False]]


@dataclass(kw_only=True)
class SubscriptionRefusal:
    """A channel that the exchange refused, and when it is asked for again. Monotonic seconds."""

    pause_s: float
    again_at: float


def _nothing() -> None:
    return None


@dataclass(kw_only=True, eq=False)
class Link:
    """`on_frame` takes a binary frame and raises BadFrame for one that cannot be used.

    `on_malformed` is told the reason and the bytes of everything that cannot be used. `refusals` outlive the link.
    `on_settled` is called when every channel is answered; with `quiet` an answered ping is data. What follows the
    question mark of `url` is secret.
    """

    url: str = field(repr=False)
    channels: Iterable[str]
    session: aiohttp.ClientSession
    clock: Clock
    on_frame: Callable[[bytes], None]
    on_malformed: Callable[[str, bytes], None]
    silence_s: float
    refusals: dict[str, SubscriptionRefusal] = field(default_factory=dict)
    on_settled: Callable[[], None] = _nothing
    quiet: bool = False
    acknowledged: set[str] = field(default_factory=set, init=False)
    frames: int = field(default=0, init=False)
    started_at: float = field(default=0.0, init=False)
    data_at: float = field(default=0.0, init=False)
    _asked: dict[str, float] = field(default_factory=dict, init=False)
    _leaving: dict[str, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.started_at = self.data_at = self.clock.monotonic_s()
        self.channels = dict.fromkeys(self.channels)
        self._changed = asyncio.Event()

    def want(self, channels: Iterable[str]) -> None:
        """These channels from now on, and no others."""
        self.channels = dict.fromkeys(channels)
        self._changed.set()

    @property
    def settled(self) -> bool:
        """Every channel was answered, and not all of them with a refusal."""
        return bool(self.acknowledged) and all(
            channel in self.acknowledged or channel in self.refusals for channel in self.channels
        )

    @property
    def flowing(self) -> bool:
        """Settled, and data came: fit to take another link's place."""
        return self.settled and (self.quiet or self.frames > 0)

    @property
    def data_age_s(self) -> float:
        return self.clock.monotonic_s() - self.data_at

    async def run(self) -> None:
        """Until it ends. Always raises: LinkLost with the reason, or what the owner's callbacks raised."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await self.session.ws_connect(
                    self.url, max_msg_size=FRAME_MAX, compress=0, decode_text=False, timeout=_closing()
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            raise LinkLost("unreachable", f"{type(problem).__name__}: {self._told(problem)}"[:200]) from None
        self.started_at = self.data_at = self.clock.monotonic_s()
        work = [asyncio.create_task(self._read(socket)), asyncio.create_task(self._tend(socket))]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await _close(socket)

    def _told(self, problem: BaseException) -> str:
        """Its words without what is secret of the address."""
        secret = self.url.partition("?")[2]
        return str(problem).replace(secret, "...") if secret else str(problem)

    async def _read(self, socket: Socket) -> None:
        """Take messages as they come, and let other tasks turn in between however fast they come."""
        count = 0
        while True:
            message = await socket.receive()
            if message.type is BINARY:
                self._take(message.data)
            elif message.type is TEXT:
                self._hear(message.data)
            elif message.type is ERROR:
                raise self._broken(message.data)
            elif message.type in ENDS:
                break
            count += 1
            if count % FRAMES_A_TURN == 0:
                await asyncio.sleep(0)
        raise LinkLost("closed", f"closed by the exchange with code {socket.close_code}")

    def _take(self, body: bytes) -> None:
        try:
            self.on_frame(body)
        except BadFrame as problem:
            self.on_malformed(problem.reason, body)
        else:
            self.frames += 1
            self.data_at = self.clock.monotonic_s()

    def _hear(self, text: bytes) -> None:
        try:
            answer = read_answer(text)
        except BadFrame as problem:
            self.on_malformed(problem.reason, text)
            return
        if answer is PONG:
            if self.quiet:
                self.data_at = self.clock.monotonic_s()
            return
        if self._leaving.pop(answer.channel, None) is not None:
            self._changed.set()
        elif self._asked.pop(answer.channel, None) is None:
            return
        elif answer.granted:
            self.acknowledged.add(answer.channel)
            self.refusals.pop(answer.channel, None)
            if self.settled:
                self.on_settled()
        else:
            self._refused(answer.channel)

    def _refused(self, channel: str) -> None:
        former = self.refusals.get(channel)
        pause_s = min(REFUSED_PAUSE_MAX_S, former.pause_s * 2) if former else REFUSED_PAUSE_S
        self.refusals[channel] = SubscriptionRefusal(pause_s=pause_s, again_at=self.clock.monotonic_s() + pause_s)
        if all(channel in self.refusals for channel in self.channels):
            raise LinkLost("rejected", f"every channel was refused, such as {channel}")

    def _broken(self, problem: object) -> LinkLost:
        """Why aiohttp gave the stream up; what follows on it cannot be read."""
        if not isinstance(problem, aiohttp.WebSocketError):
            return LinkLost("closed", f"{type(problem).__name__}: {problem}")
        reason = "oversized" if problem.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG else "protocol"
        self.on_malformed(reason, str(problem).encode()[:200])
        return LinkLost(reason, str(problem)[:200])

    async def _tend(self, socket: Socket) -> None:
        """Keep the channels as wanted, ping, and end the link when answers or data stay away."""
        pinged_at = self.clock.monotonic_s()
        while True:
            self._changed.clear()
            now = self.clock.monotonic_s()
            self._judge(now)
            for request in self._requests(now):
                await _send(socket, request)
            if now - pinged_at >= PING_S:
                pinged_at = now
                await _send(socket, request_text("PING"))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), TURN_S)

    def _judge(self, now: float) -> None:
        late = [channel for channel, asked_at in self._asked.items() if now - asked_at > ACK_S]
        if late:
            raise LinkLost("unanswered", f"{len(late)} channels not answered in {ACK_S:g} s, such as {late[0]}")
        if now - self.data_at > self.silence_s:
            raise LinkLost("silence", f"no data for {self.silence_s:g} s")

    def _requests(self, now: float) -> Iterator[str]:
        """What brings the exchange's side to what is wanted: first leave, then join."""
        for channel in [*self.acknowledged, *self._asked]:
            if channel not in self.channels:
                self.acknowledged.discard(channel)
                self._asked.pop(channel, None)
                self._leaving[channel] = now
                yield request_text("UNSUBSCRIPTION", channel)
        for channel in [channel for channel, left_at in self._leaving.items() if now - left_at > ACK_S]:
            del self._leaving[channel]
        for channel in self.channels:
            refusal = self.refusals.get(channel)
            if channel in self.acknowledged or channel in self._asked or channel in self._leaving:
                continue
            if refusal is None or now >= refusal.again_at:
                self._asked[channel] = now
                yield request_text("SUBSCRIPTION", channel)


def request_text(method: str, channel: str | None = None) -> str:
    return orjson.dumps({"method": method, "params": [channel]} if channel else {"method": method}).decode()


async def _send(socket: Socket, text: str) -> None:
    try:
        async with asyncio.timeout(SEND_S):
            await socket.send_str(text)
    except (aiohttp.ClientError, OSError, TimeoutError) as problem:
        raise LinkLost("closed", f"cannot send: {type(problem).__name__} {problem}") from problem


async def _close(socket: Socket) -> None:
    """Say goodbye, but do not wait for an answer among data that keeps coming."""
    try:
        async with asyncio.timeout(2 * CLOSE_S):
            await socket.close()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return


def _closing() -> aiohttp.ClientWSTimeout:
    return aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
