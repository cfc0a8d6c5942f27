"""Everything the screens show, folded from events, numbered, and cut into batches.

Each change gets the next sequence number. Market data, marks and heartbeats are *latest wins*: within a batch only
the last state of a key is sent. Orders, decisions, signals and alerts are never dropped. A batch says which numbers
it covers (seq_from to seq_to), so a screen that misses one notices; a ring of the last batches lets a screen that
was away for a moment catch up. The *epoch* names one unbroken run of numbers: when it changes, screens start anew.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Row = dict[str, Any]

SINGLE = ("portfolio", "books", "outlook", "ranks", "clock", "limits", "today", "feed")
KEYED = {"quotes": "symbol", "health": "service"}
CANDLES = "candles"
KEPT = ("orders", "decisions", "signals", "alerts")
# What somebody waits for: it does not wait for the batch of everything else.
URGENT = ("orders", "alerts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Changes seq_from..seq_to, and the text that carries them to who wants everything."""

    epoch: str
    seq_from: int
    seq_to: int
    text: str
    changes: Mapping[str, Any] = field(default_factory=dict)


class Feed:
    """Folding happens in reader threads, hence the lock; batches are handed on by whoever calls `flush`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = uuid.uuid4().hex[:12]
        self._server_run = "none"
        self._generation = 0
        self.seq = 0
        self._flushed_seq = 0
        self.single: dict[str, Row] = {}
        self.keyed: dict[str, dict[str, Row]] = {kind: {} for kind in KEYED}
        self._pending: dict[str, Any] = {}

    @property
    def epoch(self) -> str:
        return f"{self._process}.{self._server_run}.{self._generation}"

    def begin(self) -> None:
        """This process serves from now on: its numbers are its own, also where it was forked from one that has none."""
        with self._lock:
            self._process = uuid.uuid4().hex[:12]

    def restart(self, server_run: str) -> None:
        """Begin a new epoch: numbers of the old one mean nothing any more."""
        with self._lock:
            self._server_run = server_run
            self._generation += 1
            self._pending = {}
            self._flushed_seq = self.seq

    def put(self, kind: str, row: Row) -> None:
        """Fold one change of a state that has a single or a keyed latest value, or append one that is never dropped."""
        with self._lock:
            self.seq += 1
            if kind in SINGLE:
                self.single[kind] = row
                self._pending[kind] = row
            elif kind in KEYED:
                key = row[KEYED[kind]]
                self.keyed[kind][key] = row
                self._pending.setdefault(kind, {})[key] = row
                if kind == "quotes":
                    self._heard(row)
            elif kind == CANDLES:
                self._pending.setdefault(kind, {})[row["symbol"], row["t"]] = row
            elif kind in KEPT:
                self._pending.setdefault(kind, []).append(row)
            else:
                raise KeyError(f"no change is called {kind!r}")

    def _heard(self, quote: Row) -> None:
        """How old market data is, for pages that want no quotes: when the newest came, and of how many symbols."""
        newest = max(quote.get("received_at") or "", self.single.get("feed", {}).get("quoted_at", ""))
        self.single["feed"] = self._pending["feed"] = {"quoted_at": newest, "symbols": len(self.keyed["quotes"])}

    @property
    def flushed_seq(self) -> int:
        """The newest number that a batch has carried, or the last before this epoch."""
        return self._flushed_seq

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    @property
    def has_urgent(self) -> bool:
        return any(kind in self._pending for kind in URGENT)

    def flush(self) -> Batch | None:
        """The changes since the last flush as one batch; None when there are none."""
        with self._lock:
            if not self._pending:
                return None
            pending, self._pending = self._pending, {}
            seq_from, seq_to = self._flushed_seq + 1, self.seq
            self._flushed_seq = seq_to
            epoch = self.epoch
        changes = {kind: _as_sent(kind, value) for kind, value in pending.items()}
        message = {"type": "batch", "seq_from": seq_from, "seq_to": seq_to, "changes": changes}
        return Batch(
            epoch=epoch, seq_from=seq_from, seq_to=seq_to, text=orjson.dumps(message).decode(), changes=changes
        )

    def latest(self) -> dict[str, Any]:
        """The latest-wins states as a snapshot carries them."""
        with self._lock:
            keyed = {kind: list(rows.values()) for kind, rows in self.keyed.items()}
            return {**self.single, **keyed}


def _as_sent(kind: str, value: Any) -> Any:
    return list(value.values()) if kind in KEYED or kind == CANDLES else value


class Ring:
    """The last batches of one epoch, for screens that come back."""

    def __init__(self, *, batches_max: int = 1200, bytes_max: int = 16_000_000) -> None:
        self._batches: deque[Batch] = deque()
        self._bytes = 0
        self._batches_max, self._bytes_max = batches_max, bytes_max

    def add(self, batch: Batch) -> None:
        if self._batches and self._batches[-1].epoch != batch.epoch:
            self.clear()
        self._batches.append(batch)
        self._bytes += len(batch.text)
        while self._batches and (len(self._batches) > self._batches_max or self._bytes > self._bytes_max):
            self._bytes -= len(self._batches.popleft().text)

    def clear(self) -> None:
        self._batches.clear()
        self._bytes = 0

    def since(self, seq: int, *, newest: int) -> list[Batch] | None:
        """Batches that carry everything after `seq`; None when the ring does not reach back that far."""
        if seq == newest:
            return []
        if seq > newest or not self._batches or self._batches[0].seq_from > seq + 1:
            return None
        return [batch for batch in self._batches if batch.seq_to > seq]
