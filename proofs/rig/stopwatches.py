"""The stopwatches: when did a signal's fill reach the `order_results` topic, and when a browser's socket.

Latency runs from the *scheduled* time of the candle, not from when it was really sent: a system that falls behind
cannot hide it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
import redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from cdb_site.bus.consumer import stream_entries
from cdb_site.bus.topics import topic
from cdb_site.clock import SYSTEM
from proofs.rig.connections import redis_client
from proofs.rig.crowd import decode_fills
from proofs.rig.page import log_in

Key = tuple[str, str]


class Stopwatch:
    """Scheduled times by (symbol, side), and the latencies of those that came, in seconds."""

    def __init__(self) -> None:
        self.waiting: dict[Key, deque[float]] = {}
        self.seconds: list[float] = []
        self.last_at_s = 0.0

    def expect(self, key: Key, scheduled_s: float) -> None:
        self.waiting.setdefault(key, deque()).append(scheduled_s)

    def came(self, key: Key) -> None:
        scheduled = self.waiting.get(key)
        if scheduled:
            self.last_at_s = SYSTEM.wall_s()
            self.seconds.append(self.last_at_s - scheduled.popleft())

    def reset(self) -> None:
        self.waiting.clear()
        self.seconds = []


class FillWatch(threading.Thread):
    """Follows `order_results`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self.stopwatch, self.stopping = Stopwatch(), threading.Event()
        self.client = redis_client(env)

    def run(self) -> None:
        position = "$"
        while not self.stopping.is_set():
            try:
                reply = self.client.xread({topic("order_results").key: position}, count=1000, block=500)
            except redis.exceptions.ConnectionError:
                return  # the system was stopped; whoever stopped it says why
            for _, entries in stream_entries(reply):
                position = entries[-1][0]
                self._note([body for _, body in entries if body])

    def _note(self, bodies: list[bytes]) -> None:
        for body in bodies:
            key = decode_fills(body)
            if key:
                self.stopwatch.came(key)

    def stop(self) -> None:
        self.stopping.set()
        self.join(5)


class BrowserWatch(threading.Thread):
    """A browser without a screen: logs in, opens the page's socket, follows the batches."""

    def __init__(self, url: str, user: str, password: str) -> None:
        super().__init__(daemon=True)
        self.stopwatch, self.stopping = Stopwatch(), threading.Event()
        cookie = log_in(url, user, password)
        self.socket = connect(
            url.replace("http", "ws", 1) + "/ws/overview/",
            origin=url,
            additional_headers={"Cookie": cookie},  # type: ignore[arg-type]
            max_size=None,
        )
        self.seen: set[str] = set()

    def run(self) -> None:
        self.socket.recv()
        self.socket.send(orjson.dumps({"resume": None}).decode())
        texts, acked_at = 1, 0.0
        while not self.stopping.is_set():
            try:
                message = orjson.loads(self.socket.recv(timeout=1))
            except TimeoutError:
                continue
            except ConnectionClosed:
                return
            texts += 1
            # Once a second, as a page does: who says more than twenty things a second is turned away.
            if SYSTEM.monotonic_s() - acked_at >= 1:
                acked_at = SYSTEM.monotonic_s()
                self.socket.send(f'{{"ack": {texts}}}')
            self.note(message.get("changes") or {})

    def note(self, changes: Mapping[str, Any]) -> None:
        """What a batch of changes tells: here, orders filled."""
        for order in changes.get("orders", ()):
            if order["status"] == "FILLED" and order["id"] not in self.seen:
                self.seen.add(order["id"])
                self.stopwatch.came((order["symbol"], order["side"]))

    def stop(self) -> None:
        self.stopping.set()
        self.join(5)
        self.socket.close()
