"""How far each symbol has moved within one minute of market time: the middle price against every one of the minute.

move = the largest |mid ÷ mid then − 1| over the last 60 s, signed; one sample a second is kept. Pure. One thread hears
the quotes and another one looks: each record and each reading is whole.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from decimal import Decimal

MINUTE_S = 60.0
SAMPLE_S = 1.0
ZERO = Decimal(0)


class MinuteMoves:
    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[float, Decimal]]] = {}
        self._lock = threading.Lock()

    def record(self, symbol: str, market_s: float, mid: Decimal) -> None:
        """Take a middle price; times going back (another market) begin anew."""
        with self._lock:
            self._record(symbol, market_s, mid)

    def _record(self, symbol: str, market_s: float, mid: Decimal) -> None:
        samples = self._samples.setdefault(symbol, deque())
        if samples and market_s < samples[-1][0]:
            samples.clear()
        if samples and market_s - samples[-1][0] < SAMPLE_S and len(samples) > 1:
            samples[-1] = (samples[-1][0], mid)
        else:
            samples.append((market_s, mid))
        while samples[0][0] < market_s - MINUTE_S:
            samples.popleft()

    def moves(self) -> dict[str, Decimal]:
        """The largest move to the newest price of every symbol, as a signed fraction."""
        with self._lock:
            kept = {symbol: list(samples) for symbol, samples in self._samples.items() if samples}
        return {symbol: _largest(samples) for symbol, samples in kept.items()}


def _largest(samples: Sequence[tuple[float, Decimal]]) -> Decimal:
    newest = samples[-1][1]
    mids = [mid for _, mid in samples]
    up, down = newest / min(mids) - 1, newest / max(mids) - 1
    return up if up >= -down else down
