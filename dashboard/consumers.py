"""The socket of the overview page.

    server  hello {last_seq, epoch}
    client  {"resume": {"epoch", "seq"}} or {"resume": null}
    server  batches missed, or snapshot {seq, epoch, state}; then batches {seq_from, seq_to, changes}; tick; toast
    client  {"ack": texts received}            a screen that stops reading is closed
    client  {"chart": symbol, "interval": …}   answered by chart {symbol, interval, candles, fills, decisions}

Close codes: 4401 not logged in (any more), 4400 a message that makes no sense, 4408 stopped reading,
4500 the server failed.
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
from dashboard.live.hub import HUB, LAGGARDS, Screen
from dashboard.live.process import ALERT_GROUP
from dashboard.sessions import still_allowed
from marketdata.intervals import SECONDS

log = logging.getLogger(__name__)
TICK_S = 2.0
SESSION_CHECK_TICKS = 2
UNACKED_BYTES_MAX = 4_000_000
UNACKED_S_MAX = 20.0
MESSAGE_BYTES_MAX = 2_000

NOT_LOGGED_IN, SENSELESS, STOPPED_READING, FAILED = 4401, 4400, 4408, 4500


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
        self.acks = Acknowledgements()
        await self.accept()
        self.session_key = self.scope["session"].session_key
        if not await still_allowed(self.session_key):
            await self.close(NOT_LOGGED_IN)
            return
        HUB.audience.expect()
        await self._join_alerts()
        await self._say({"type": "hello", "last_seq": HUB.seq, "epoch": HUB.epoch})

    async def _join_alerts(self) -> None:
        try:
            await self.channel_layer.group_add(ALERT_GROUP, self.channel_name)
        except Exception:
            log.exception("a screen gets no toasts; alerts still reach it as rows")

    async def disconnect(self, code: int) -> None:
        if self.screen:
            HUB.detach(self.screen)
        for task in self.tasks:
            task.cancel()
        if self.channel_layer:
            await self.channel_layer.group_discard(ALERT_GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = _parsed(text_data)
        if message is None:
            await self.close(SENSELESS)
        elif "ack" in message:
            self.acks.received(int(message["ack"]))
        elif "resume" in message and self.screen is None:
            await self._begin(message["resume"])
        elif "chart" in message:
            await self._send_chart(message["chart"], message.get("interval"))

    async def alert_toast(self, event: dict[str, Any]) -> None:
        await self._say({"type": "toast", "alert": event["alert"]})

    async def _begin(self, resume: dict[str, Any] | None) -> None:
        self.screen = Screen()
        HUB.attach(self.screen)
        if not await asyncio.to_thread(HUB.audience.wait_fresh):
            log.warning("a screen begins with what was known last: not everything could be read anew")
        missed = HUB.missed(resume["epoch"], resume["seq"]) if resume else None
        if missed is None:
            await self._send_snapshot()
        else:
            for batch in missed:
                await self._text(batch.text)
        self.tasks = [asyncio.create_task(self._guarded(part)) for part in (self._pump(self.screen), self._tick())]

    async def _guarded(self, part: Coroutine[Any, Any, None]) -> None:
        """A screen whose server side failed must not look alive: it is closed and comes back by itself."""
        try:
            await part
        except Exception:
            log.exception("a screen's socket failed and is closed")
            await self.close(FAILED)

    async def _send_snapshot(self) -> None:
        """1. note the number and empty the queue  2. read  3. send; the queue holds what came after 1."""
        if self.screen is None:
            return
        self.screen.stale = False
        self.screen.clear()
        seq, epoch = HUB.seq, HUB.epoch
        latest = HUB.feed.latest()
        rows = await database_sync_to_async(snapshot.read)()
        state = {**latest, **rows}
        await self._say({"type": "snapshot", "seq": seq, "epoch": epoch, "server_s": SYSTEM.wall_s(), "state": state})

    async def _send_chart(self, symbol: str, interval: str | None) -> None:
        if not await still_allowed(self.session_key):
            await self.close(NOT_LOGGED_IN)
            return
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

    async def _tick(self) -> None:
        """Every 2 s: a sign of life, and whether the person may still look and the screen still reads."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            if ticks % SESSION_CHECK_TICKS == 0 and not await still_allowed(self.session_key):
                await self.close(NOT_LOGGED_IN)
                return
            if self.acks.lagging(SYSTEM.monotonic_s()):
                await self._drop()
                return
            await self._say({"type": "tick", "seq": HUB.seq, "server_s": SYSTEM.wall_s()})

    async def _drop(self) -> None:
        LAGGARDS.inc()
        if self.screen:
            HUB.detach(self.screen)
        await self.close(STOPPED_READING)

    async def _say(self, message: dict[str, Any]) -> None:
        await self._text(orjson.dumps(message).decode())

    async def _text(self, text: str) -> None:
        self.acks.sent(len(text), SYSTEM.monotonic_s())
        if self.acks.lagging(SYSTEM.monotonic_s()) and self.screen:
            self.screen.overflowed = True
            return
        await self.send(text_data=text)


def _parsed(text: str | None) -> dict[str, Any] | None:
    """The client's message, or None for one that makes no sense."""
    if not text or len(text) > MESSAGE_BYTES_MAX:
        return None
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(message, dict):
        return None
    rules = {"ack": _is_count, "chart": _is_symbol, "interval": _is_interval, "resume": _is_resume}
    known = {name: check for name, check in rules.items() if name in message}
    return message if known and all(check(message[name]) for name, check in known.items()) else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _is_symbol(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64


def _is_interval(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in SECONDS)


def _is_resume(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, dict) and isinstance(value.get("epoch"), str) and _is_count(value.get("seq"))
