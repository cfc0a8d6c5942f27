"""An account's own stream: what becomes of its orders, as the exchange tells it, over one socket after another.

A listen key opens the stream and is extended every half hour; one that the exchange does not know any more is replaced.
An account has sixty at most, and a worker that is killed leaves its own for an hour: where no new one is given, one of
those is used, along with whoever else does, and left to end by itself.
The socket is renewed before the exchange would cut it for its age, the new one beside the old one, and opened again
with jittered pauses when it is lost. Whenever a socket has its channels `on_connected` is called: what happened before
is not told any more, and has to be asked for. What comes twice or late is passed on as it comes.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from cdb_site.clock import Clock
from execution.venues.mexc.client import PrivateRest
from execution.venues.mexc.frames import DEALS, ORDERS, decode_private
from execution.venues.mexc.rows import ExchangeOrder, ExchangeTrade
from marketdata.metrics import MALFORMED
from marketdata.mexc.errors import MexcProblem, RequestRefused
from marketdata.mexc.ws import LIFETIME_S, Connection

log = logging.getLogger(__name__)

EXTEND_EVERY_S = 1800.0
SILENCE_S = 30.0
PAUSE_S, PAUSE_MAX_S = 0.3, 30.0
JITTER = random.SystemRandom()
CHANNELS = (ORDERS, DEALS)


@dataclass(kw_only=True, eq=False)
class AccountStream:
    """`on_row` takes what a frame tells, `on_connected` and `on_lost` that the stream begins and is interrupted; all
    three in the loop that `run` runs in."""

    rest: PrivateRest
    ws_url: str
    clock: Clock
    on_row: Callable[[ExchangeOrder | ExchangeTrade], None]
    on_connected: Callable[[], None]
    on_lost: Callable[[], None]
    extend_every_s: float = EXTEND_EVERY_S
    lifetime_s: float = LIFETIME_S
    _listen_key: str = field(default="", init=False, repr=False)
    _key_is_ours: bool = field(default=False, init=False)
    _connection: Connection | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._lost = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.connected

    async def run(self) -> None:
        """Until cancelled."""
        self._connection = self._new_connection(await self._new_key())
        running = asyncio.create_task(self._connection.run())
        try:
            while True:
                await self._tend(running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self._end_key()

    async def _tend(self, running: asyncio.Task[None]) -> None:
        """Extend the key when it is time, and whenever the socket was lost: that may be why."""
        waiting = asyncio.create_task(self._lost.wait())
        await asyncio.wait([running, waiting], timeout=self.extend_every_s, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            running.result()
        self._lost.clear()
        try:
            await self.rest.extend_listen_key(self._listen_key)
        except RequestRefused as problem:
            log.warning("the listen key is over (code %s): a new one is asked for", problem.code)
            self._move_to(await self._new_key())
        except MexcProblem as problem:
            log.warning("the listen key was not extended: %s", problem)
            await asyncio.sleep(PAUSE_S * JITTER.uniform(0.5, 1.5))

    def _move_to(self, listen_key: str) -> None:
        """From now on sockets open with this key; one that still lives with the former ends with it."""
        self._listen_key = listen_key
        if self._connection is not None:
            self._connection.url = self._url()

    def _new_connection(self, listen_key: str) -> Connection:
        self._listen_key = listen_key
        return Connection(
            url=self._url(),
            channels=CHANNELS,
            session=self.rest.session,
            clock=self.clock,
            on_frame=self._hear,
            on_lost=self._interrupted,
            on_malformed=self._malformed,
            silence_s=SILENCE_S,
            on_settled=self.on_connected,
            quiet=True,
            lifetime_s=self.lifetime_s,
        )

    def _url(self) -> str:
        return f"{self.ws_url}?listenKey={self._listen_key}"

    async def _new_key(self) -> str:
        """Asked for until there is one, with growing pauses."""
        pause_s = PAUSE_S
        while True:
            try:
                return await self._given_key()
            except MexcProblem as problem:
                log.warning("no listen key: %s", problem)
            await asyncio.sleep(pause_s * JITTER.uniform(0.5, 1.5))
            pause_s = min(PAUSE_MAX_S, pause_s * 2)

    async def _given_key(self) -> str:
        """A new one, or one that is there."""
        try:
            key = await self.rest.new_listen_key()
        except RequestRefused as problem:
            there = await self.rest.listen_keys()
            if not there:
                raise
            log.warning("no new listen key (code %s): one of the %d there are is used", problem.code, len(there))
            self._key_is_ours = False
            return JITTER.choice(there)
        self._key_is_ours = True
        return key

    async def _end_key(self) -> None:
        """It is not needed any more, where nobody else may use it."""
        if not self._key_is_ours:
            return
        try:
            await self.rest.end_listen_key(self._listen_key)
        except MexcProblem as problem:
            log.info("the listen key was left to end by itself: %s", problem)

    def _hear(self, body: bytes) -> None:
        row = decode_private(body)
        if row is not None:
            self.on_row(row)

    def _interrupted(self, _: Sequence[str]) -> None:
        self._lost.set()
        self.on_lost()

    def _malformed(self, reason: str, body: bytes) -> None:
        MALFORMED.labels("account", reason).inc()
        log.warning("unusable frame of the account's stream (%s), %d bytes", reason, len(body))


def session_for_trading() -> aiohttp.ClientSession:
    """A session whose connections are given up before the other side may: an order sent into a dead one is UNKNOWN."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=10, ttl_dns_cache=60))
