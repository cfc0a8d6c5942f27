"""At most 30 channels of the exchange, kept flowing over one socket after another.

`run` opens a link, and another one with growing jittered pauses whenever it ends; after some seconds of data the
pauses are short again. Before the exchange would cut a socket for its age, its successor is opened beside it, takes
over once its channels are acknowledged and data flows, and only then the old one is closed: for a moment everything
comes twice, and nothing is missed. The channels may change while it runs.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp

from cdb_site.clock import Clock
from marketdata.metrics import SOCKET_RECONNECTS, SOCKET_RENEWALS
from marketdata.mexc.errors import LinkLost
from marketdata.mexc.link import Link, SubscriptionRefusal

log = logging.getLogger(__name__)

SUBSCRIPTIONS_MAX = 30
PAUSE_S = 0.3
PAUSE_MAX_S = 2.0
HEALTHY_AFTER_S = 2.0
LIFETIME_S = 23 * 3600.0
LIFETIME_SPREAD = 0.1
RENEWAL_S = 20.0
RENEWAL_RETRY_S = 60.0
LOOK_S = 0.05
ATTEMPTS_AT_ONCE = 5
ATTEMPT_EVERY_S = 0.3
JITTER = random.SystemRandom()


class Gate:
    """Sockets are opened five at once, then one every 0.3 s, however many connections want one."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._full_at = 0.0

    async def enter(self) -> None:
        now = self.clock.monotonic_s()
        self._full_at = max(now, self._full_at) + ATTEMPT_EVERY_S
        await asyncio.sleep(max(0.0, self._full_at - now - ATTEMPTS_AT_ONCE * ATTEMPT_EVERY_S))


class Serving(NamedTuple):
    """A link and the task that runs it. `until`: when it is to be renewed, monotonic seconds."""

    link: Link
    task: asyncio.Task[None]
    until: float


def _nothing() -> None:
    return None


def _unheard(reason: str, body: bytes) -> None:
    log.debug("unusable message (%s) of %d bytes", reason, len(body))


@dataclass(kw_only=True, eq=False)
class Connection:
    """`on_frame` takes a binary frame and raises BadFrame for one that cannot be used; `on_lost` is told the channels
    whenever their stream was interrupted; `on_malformed` the reason and the bytes of what cannot be used;
    `on_settled` is called whenever a link has all of its channels. `quiet`: no data is no fault, if pings are answered.
    """

    url: str = field(repr=False)
    channels: Sequence[str]
    session: aiohttp.ClientSession
    clock: Clock
    on_frame: Callable[[bytes], None]
    on_lost: Callable[[Sequence[str]], None]
    on_malformed: Callable[[str, bytes], None] = _unheard
    silence_s: float = 10.0
    lifetime_s: float = LIFETIME_S
    gate: Gate | None = None
    on_settled: Callable[[], None] = _nothing
    quiet: bool = False
    reconnects: int = field(default=0, init=False)
    refusals: dict[str, SubscriptionRefusal] = field(default_factory=dict, init=False)
    _serving: list[Serving] = field(default_factory=list, init=False)

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = PAUSE_S
        while True:
            if self.gate:
                await self.gate.enter()
            lost, lived_s = await self._serve()
            self.reconnects += 1
            SOCKET_RECONNECTS.labels(lost.reason).inc()
            self.on_lost(self.channels)
            if lived_s > HEALTHY_AFTER_S:
                pause_s = PAUSE_S
            wait_s = self._until_worthwhile(lost, pause_s * JITTER.uniform(0.5, 1.5))
            log.warning("socket with %d channels lost (%s); again in %.1f s", len(self.channels), lost, wait_s)
            await asyncio.sleep(wait_s)
            pause_s = min(PAUSE_MAX_S, pause_s * 2)

    def want(self, channels: Sequence[str]) -> None:
        """These channels from now on, on the living sockets."""
        self.channels = list(channels)
        for channel in self.refusals.keys() - set(channels):
            del self.refusals[channel]
        for serving in self._serving:
            serving.link.want(channels)

    @property
    def connected(self) -> bool:
        """All channels are answered, and not all of them refused."""
        return any(serving.link.settled for serving in self._serving)

    @property
    def acknowledged(self) -> int:
        return max((len(serving.link.acknowledged) for serving in self._serving), default=0)

    @property
    def rejected(self) -> set[str]:
        return set(self.refusals)

    def _until_worthwhile(self, lost: LinkLost, pause_s: float) -> float:
        """When everything was refused there is nothing to connect for until something may be asked for again."""
        if lost.reason != "rejected" or not self.refusals:
            return pause_s
        again_at = min(refusal.again_at for refusal in self.refusals.values())
        return max(pause_s, again_at - self.clock.monotonic_s())

    async def _serve(self) -> tuple[LinkLost, float]:
        """Why the stream was interrupted at last, and for how many seconds data had come."""
        serving = self._open()
        try:
            while True:
                wait_s = max(0.0, serving.until - self.clock.monotonic_s())
                await asyncio.wait([serving.task], timeout=wait_s)
                if serving.task.done():
                    return _why(serving.task), max(0.0, serving.link.data_at - serving.link.started_at)
                serving = await self._renewed(serving)
        finally:
            for living in list(self._serving):
                await self._end(living)

    def _open(self) -> Serving:
        link = Link(
            url=self.url,
            channels=self.channels,
            session=self.session,
            clock=self.clock,
            on_frame=self.on_frame,
            on_malformed=self.on_malformed,
            silence_s=self.silence_s,
            refusals=self.refusals,
            on_settled=self.on_settled,
            quiet=self.quiet,
        )
        lifetime_s = self.lifetime_s * JITTER.uniform(1 - LIFETIME_SPREAD, 1)
        serving = Serving(link, asyncio.create_task(link.run()), self.clock.monotonic_s() + lifetime_s)
        self._serving.append(serving)
        return serving

    async def _renewed(self, serving: Serving) -> Serving:
        """Who serves from now on: a successor that is flowing, or the old one, to be renewed a little later."""
        if self.gate:
            await self.gate.enter()
        successor = self._open()
        deadline = self.clock.monotonic_s() + RENEWAL_S
        tasks = (serving.task, successor.task)
        while not any(task.done() for task in tasks) and self.clock.monotonic_s() < deadline:
            if successor.link.flowing:
                await self._end(serving)
                SOCKET_RENEWALS.inc()
                return successor
            await asyncio.wait(tasks, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        await self._end(successor)
        retry_s = min(RENEWAL_RETRY_S, self.lifetime_s / 2)
        return serving._replace(until=self.clock.monotonic_s() + retry_s)

    async def _end(self, serving: Serving) -> None:
        if serving in self._serving:
            self._serving.remove(serving)
        serving.task.cancel()
        await asyncio.gather(serving.task, return_exceptions=True)


def _why(task: asyncio.Task[None]) -> LinkLost:
    """The reason a link ended with; anything else is an error of ours and raised."""
    problem = task.exception()
    if isinstance(problem, LinkLost):
        return problem
    raise problem or RuntimeError("a link ended without a reason")
