"""The one socket of every page. What is said on it, and which close code means what: docs/live_protocol.md.

server  hello {version, last_seq, epoch}
client  {"version": 1, "resume": {"epoch", "seq"} or null, "want": ["shell", …]}
server  batches missed, or snapshot {seq, epoch, state}; then batches {seq_from, seq_to, changes}; tick; toast
client  {"ack": texts received}            a screen that stops reading is closed
client  {"chart": symbol, "interval": …}   answered by chart {symbol, interval, candles, fills, decisions}
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from cdb_site.clock import SYSTEM
from dashboard import snapshot
from dashboard.chart import chart
from dashboard.live.doorkeeper import DOORKEEPER, FAILED, NOT_LOGGED_IN, Guest
from dashboard.live.frames import FRAME_WRITER, SharedText
from dashboard.live.hub import HUB, LAGGARDS
from dashboard.live.lanes import EVERYTHING, ScreenLane
from dashboard.live.messages import VERSION, Allowance, parsed, wanted
from dashboard.live.process import ALERT_GROUP
from dashboard.live.screen import Screen
from dashboard.socket_doors import socket_key
from dashboard.standings import standing
from dashboard.tokens import SPOKEN

log = logging.getLogger(__name__)
TICK_S = 2.0
UNACKED_BYTES_MAX = 4_000_000
UNACKED_S_MAX = 20.0

SENSELESS, OTHER_VERSION, STOPPED_READING, TOO_MUCH = 4400, 4406, 4408, 4429


class Acknowledgements:
    """What was sent and not yet acknowledged. The server's own buffers take anything, so they tell nothing."""

    def __init__(self) -> None:
        self._sent = 0
        self._waiting: deque[tuple[int, int, float]] = deque()
        self._bytes = 0

    def sent(self, size: int, now_s: float) -> None:
        self._sent += 1
        self._bytes += size
        self._waiting.append((self._sent, size, now_s))

    def received(self, count: int) -> None:
        while self._waiting and self._waiting[0][0] <= count:
            self._bytes -= self._waiting.popleft()[1]

    def lagging(self, now_s: float) -> bool:
        oldest_s = self._waiting[0][2] if self._waiting else now_s
        return self._bytes > UNACKED_BYTES_MAX or now_s - oldest_s > UNACKED_S_MAX


class OverviewConsumer(AsyncWebsocketConsumer):  # channels has no types
    async def connect(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self.screen: Screen | None = None
        self.lane: ScreenLane = HUB.lane(EVERYTHING)
        self.guest: Guest | None = None
        self.acks, self.allowance = Acknowledgements(), Allowance(SYSTEM.monotonic_s())
        self.over = False
        await self.accept(SPOKEN if SPOKEN in self.scope.get("subprotocols", []) else None)
        self.key = socket_key(self.scope)
        person = await standing(self.key)
        if person is None or self.key is None:
            await self.end(NOT_LOGGED_IN)
            return
        self.guest = Guest(self.key, person, self.end)
        DOORKEEPER.admit(self.guest)
        HUB.audience.expect()
        await self._join_alerts()
        await self._say({"type": "hello", "version": VERSION, "last_seq": HUB.seq, "epoch": HUB.epoch})

    async def end(self, code: int) -> None:
        """Close, and hear nothing more of what the client had said before it knew."""
        if not self.over:
            self.over = True
            await self.close(code)

    async def _join_alerts(self) -> None:
        try:
            await self.channel_layer.group_add(ALERT_GROUP, self.channel_name)
        except Exception:
            log.exception("a screen gets no toasts; alerts still reach it as rows")

    async def disconnect(self, code: int) -> None:
        self.over = True
        if self.guest:
            DOORKEEPER.leave(self.guest)
        if self.screen:
            HUB.detach(self.screen)
        for task in self.tasks:
            task.cancel()
        if self.channel_layer:
            await self.channel_layer.group_discard(ALERT_GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.over or self.guest is None:
            return
        if self.allowance.spent(SYSTEM.monotonic_s()):
            await self.end(TOO_MUCH)
            return
        message = parsed(text_data)
        if message is None:
            await self.end(SENSELESS)
        elif "ack" in message:
            self.acks.received(int(message["ack"]))
        elif await standing(self.key) != self.guest.standing:
            await DOORKEEPER.ask()
        elif "chart" in message:
            await self._send_chart(message["chart"], message.get("interval"))
        elif message.get("version", VERSION) != VERSION:
            await self.end(OTHER_VERSION)
        elif self.screen is None:
            await self._begin(message["resume"], wanted(message))

    async def alert_toast(self, event: dict[str, Any]) -> None:
        await self._say({"type": "toast", "alert": event["alert"]})

    async def _begin(self, resume: dict[str, Any] | None, parts: frozenset[str]) -> None:
        self.screen = Screen(self._straight)
        self.lane = HUB.attach(self.screen, parts)
        if not await asyncio.to_thread(HUB.audience.wait_fresh):
            log.warning("a screen begins with what was known last: not everything could be read anew")
        missed = self.lane.missed(resume["epoch"], resume["seq"]) if resume else None
        if missed is None:
            await self._send_snapshot()
        else:
            # Among the missed are those that were queued since this screen joined.
            self.screen.clear()
            for batch in missed:
                await self._text(batch.text)
        self.tasks = [asyncio.create_task(self._guarded(part)) for part in (self._pump(self.screen), self._tick())]

    async def _guarded(self, part: Coroutine[Any, Any, None]) -> None:
        """A screen whose server side failed must not look alive: it is closed and comes back by itself."""
        try:
            await part
        except Exception:
            log.exception("a screen's socket failed and is closed")
            await self.end(FAILED)

    async def _send_snapshot(self) -> None:
        """1. note the number and empty the queue  2. read  3. send; the queue holds what came after 1."""
        if self.screen is None:
            return
        self.screen.stale = False
        self.screen.clear()
        seq, epoch, kinds = self.lane.seq, self.lane.epoch, self.lane.kinds
        latest = {kind: value for kind, value in HUB.feed.latest().items() if kind in kinds}
        rows = await database_sync_to_async(snapshot.read)(kinds)
        state = {**latest, **rows}
        await self._say({"type": "snapshot", "seq": seq, "epoch": epoch, "server_s": SYSTEM.wall_s(), "state": state})

    async def _send_chart(self, symbol: str, interval: str | None) -> None:
        answer = await database_sync_to_async(chart)(symbol, interval)
        await self._say({"type": "chart", **answer})

    async def _pump(self, screen: Screen) -> None:
        while True:
            text = await screen.take()
            if text is not None:
                await self._text(text)
            elif screen.overflowed:
                await self._drop()
                return
            else:
                await self._send_snapshot()

    def _straight(self, text: str) -> bool:
        """What all screens of the lane are sent needs no turn of this one's tasks."""
        write, now_s = self.scope.get(FRAME_WRITER), SYSTEM.monotonic_s()
        if not write or self.over or not isinstance(text, SharedText) or self.acks.lagging(now_s):
            return False
        written: bool = write(text.frame)
        if written:
            self.acks.sent(len(text), now_s)
        return written

    async def _tick(self) -> None:
        """Every 2 s: a sign of life, and whether the screen still reads."""
        while True:
            await asyncio.sleep(TICK_S)
            if self.acks.lagging(SYSTEM.monotonic_s()):
                await self._drop()
                return
            await self._say({"type": "tick", "seq": HUB.seq, "server_s": SYSTEM.wall_s()})

    async def _drop(self) -> None:
        LAGGARDS.inc()
        if self.screen:
            HUB.detach(self.screen)
        await self.end(STOPPED_READING)

    async def _say(self, message: dict[str, Any]) -> None:
        await self._text(orjson.dumps(message).decode())

    async def _text(self, text: str) -> None:
        now_s = SYSTEM.monotonic_s()
        self.acks.sent(len(text), now_s)
        if self.acks.lagging(now_s) and self.screen:
            self.screen.overflowed = True
        elif not self.over:
            await self.base_send({"type": "websocket.send", "text": text})
