"""Closed candles waiting to be stored: those of one open time leave together.

A batch leaves when all watched symbols are in, or 80 ms after its first candle. Bounded: what does not fit is
dropped, oldest first, and comes back through gap filling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from marketdata.operations import ClosedCandle

COLLECT_S = 0.08
WAITING_MAX = 20_000


class ClosedBatches:
    """`expected`: how many symbols close together. `any_wait` is set while candles do. Times are monotonic seconds."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.waiting = self.dropped = 0
        self.any_wait = asyncio.Event()
        self._waiting: dict[int, dict[str, ClosedCandle]] = {}
        self._first_at: dict[int, float] = {}

    def add(self, candle: ClosedCandle, now_s: float) -> None:
        together = self._waiting.setdefault(candle.open_s, {})
        self.waiting += candle.symbol not in together
        together[candle.symbol] = candle
        self._first_at.setdefault(candle.open_s, now_s)
        self.any_wait.set()
        while self.waiting > WAITING_MAX:
            self.dropped += len(self._remove(min(self._waiting)))

    def put_back(self, candles: Iterable[ClosedCandle], now_s: float) -> None:
        for candle in candles:
            self.add(candle, now_s)

    def take(self, now_s: float) -> list[ClosedCandle]:
        """The candles that are ready, oldest open time first."""
        ready = [
            open_s
            for open_s, candles in self._waiting.items()
            if len(candles) >= self.expected or now_s - self._first_at[open_s] >= COLLECT_S
        ]
        return [candle for open_s in sorted(ready) for candle in self._remove(open_s)]

    def _remove(self, open_s: int) -> list[ClosedCandle]:
        del self._first_at[open_s]
        removed = list(self._waiting.pop(open_s).values())
        self.waiting -= len(removed)
        if not self._waiting:
            self.any_wait.clear()
        return removed
