"""One lane for all screens that want the same: each batch becomes one text, sent to every screen of the lane.

    everything          market data, trading and what every page has, as it comes (the overview)
    a choice of parts   only their kinds; numbers still join without a gap, for what is left out counts as carried

What every page has alone (`shell`) comes once a second: nobody reads a status bar faster. Alerts, the trading state
and the limits do not wait.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from dashboard.live.feed import KEPT, KEYED, SINGLE, Batch, Ring
from dashboard.live.frames import SharedText
from dashboard.live.screen import Screen

PARTS: dict[str, tuple[str, ...]] = {
    "shell": ("portfolio", "books", "clock", "limits", "today", "feed", "alerts", "health"),
    "market": ("quotes", "candles", "outlook", "ranks"),
    "trading": ("orders", "decisions", "signals", "equity"),
}
EVERYTHING = frozenset(PARTS)
SHELL = frozenset({"shell"})
SHELL_EVERY_S = 1.0
AT_ONCE = ("alerts", "books", "limits")


def kinds_of(parts: frozenset[str]) -> frozenset[str]:
    """The kinds of change that a screen with these wishes is sent; the shell always."""
    return frozenset(kind for part in parts | SHELL for kind in PARTS[part])


class ScreenLane:
    """Lives in the server's event loop; `ring` holds its own texts for screens that come back."""

    def __init__(self, parts: frozenset[str], *, epoch: str, seq: int) -> None:
        self.parts, self.kinds = parts | SHELL, kinds_of(parts)
        self.screens: set[Screen] = set()
        self.ring = Ring(bytes_max=16_000_000 if self.whole else 2_000_000)
        self.epoch, self.seq = epoch, seq
        self._covered = seq
        self._pending: dict[str, Any] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = float("-inf")

    @property
    def whole(self) -> bool:
        return self.parts == EVERYTHING

    def start_anew(self, epoch: str, seq: int) -> None:
        self.epoch, self.seq, self._covered = epoch, seq, seq
        self._pending = {}
        self.ring.clear()
        for screen in self.screens:
            screen.must_start_anew()

    def deliver(self, batch: Batch) -> None:
        if self.whole:
            self._send(batch)
            return
        self._covered = batch.seq_to
        for kind, value in batch.changes.items():
            if kind in self.kinds:
                self._pending[kind] = _merged(kind, self._pending.get(kind), value)
        if self._pending:
            self._send_or_wait()

    def _send_or_wait(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = self._sent_at + SHELL_EVERY_S - loop.time() if self.parts == SHELL else 0
        if wait_s <= 0 or any(kind in self._pending for kind in AT_ONCE):
            self._send_pending()
        elif self._timer is None:
            self._timer = loop.call_later(wait_s, self._send_pending)

    def _send_pending(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        self._sent_at = asyncio.get_running_loop().time()
        changes, self._pending = self._pending, {}
        numbers = {"seq_from": self.seq + 1, "seq_to": self._covered}
        text = orjson.dumps({"type": "batch", **numbers, "changes": changes}).decode()
        self._send(Batch(epoch=self.epoch, text=text, changes=changes, **numbers))

    def _send(self, batch: Batch) -> None:
        self.ring.add(batch)
        self.seq = batch.seq_to
        if self.screens:
            text = SharedText(batch.text)
            for screen in self.screens:
                screen.offer(text)

    def missed(self, epoch: str, seq: int) -> list[Batch] | None:
        """The batches after `seq` of `epoch`; None when a snapshot is needed."""
        return self.ring.since(seq, newest=self.seq) if epoch == self.epoch else None


def _merged(kind: str, old: Any, new: Any) -> Any:
    if kind in SINGLE or old is None:
        return new
    if kind in KEPT:
        return [*old, *new]
    name = KEYED.get(kind)
    rows = {(row[name] if name else (row["symbol"], row["t"])): row for row in (*old, *new)}
    return list(rows.values())
