"""Events at a fixed rate onto the Redis streams, from a thread: on a schedule that does not wait for anybody."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping

from benchmarks.dashboard.events import event, is_order
from cdb_site.bus.topics import LATEST_LENGTH
from cdb_site.clock import ANCHOR_KEY, SYSTEM, Anchor, anchor_fields
from proofs.rig.connections import redis_client
from proofs.rig.waiting import expect

ANCHOR_EVERY_S = 1.0
AT_ONCE = 100
SENT_LEAST = 0.98


class EventStream(threading.Thread):
    """`orders`: when each order was due, by its id. Latency counts from there, so a late sender hides nothing."""

    def __init__(self, env: Mapping[str, str], rate: int) -> None:
        super().__init__(daemon=True)
        self.rate, self.orders, self.sent = rate, dict[str, float](), 0
        self.client, self.stopping, self.problem = redis_client(env), threading.Event(), ""

    def run(self) -> None:
        try:
            self._run()
        except Exception as problem:
            self.problem = f"{type(problem).__name__}: {problem}"

    def _run(self) -> None:
        begun_s, kept_s = SYSTEM.wall_s(), 0.0
        while not self.stopping.is_set():
            now = SYSTEM.wall_s()
            if now - kept_s > ANCHOR_EVERY_S:
                kept_s = now
                share_clock(self.client, now)
            due = min(int((now - begun_s) * self.rate), self.sent + AT_ONCE)
            if due > self.sent:
                self._send(begun_s, due)
            self.stopping.wait(max(0.0, begun_s + (self.sent + 1) / self.rate - SYSTEM.wall_s()))

    def _send(self, begun_s: float, due: int) -> None:
        together = self.client.pipeline(transaction=False)
        for number in range(self.sent, due):
            due_s, order_id = begun_s + number / self.rate, str(uuid.uuid4())
            key, body = event(number, due_s, order_id)
            together.xadd(key, {"e": body}, maxlen=LATEST_LENGTH, approximate=True)
            if is_order(number):
                self.orders[order_id] = due_s
        together.execute()
        self.sent = due

    def stop(self) -> None:
        self.stopping.set()
        self.join(5)
        expect(not self.problem, f"the events stopped: {self.problem}")

    def due_between(self, from_s: float, to_s: float) -> dict[str, float]:
        """Orders by id that were due then."""
        return {order_id: due_s for order_id, due_s in list(self.orders.items()) if from_s <= due_s < to_s}

    def expect_sent(self, before: int, seconds: float) -> None:
        """Raises Unmet when this window did not have its events."""
        wanted, sent = self.rate * seconds, self.sent - before
        why = self.problem or "too slow"
        expect(sent >= SENT_LEAST * wanted, f"only {sent} of {wanted:.0f} events were sent: {why}")


def share_clock(client: object, now_s: float) -> None:
    """A market clock that runs with the wall's."""
    anchor = Anchor(wall_s=now_s, market_s=now_s, rate=1.0, simulated=True, label="bench")
    client.hset(ANCHOR_KEY, mapping=anchor_fields(anchor))  # type: ignore[attr-defined]
