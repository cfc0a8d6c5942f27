"""When is a candle closed? The exchange does not say, so this says it.

A candle is closed when a push for a later window of its symbol arrives: its last push is its closed state. When
its window ended two market seconds ago and no later push came, its last push may be stale: it is handed over to
be confirmed by REST. A lost connection makes every forming candle doubtful; they are forgotten and left to gap
filling. Pure: the caller brings the time.
"""

from __future__ import annotations

from collections.abc import Iterable

from marketdata.mexc.wire import CandlePush

GRACE_S = 2.0


class ClosingRule:
    """The forming candle of each symbol, of one interval."""

    def __init__(self) -> None:
        self._forming: dict[str, CandlePush] = {}
        self._closed_s: dict[str, int] = {}

    def push(self, push: CandlePush) -> CandlePush | None:
        """Take a push; returns the candle that it shows to be closed. Pushes of closed windows are ignored."""
        if push.start_s <= self._closed_s.get(push.symbol, -1):
            return None
        known = self._forming.get(push.symbol)
        if known is not None and push.start_s < known.start_s:
            return None
        self._forming[push.symbol] = push
        if known is None or push.start_s == known.start_s:
            return None
        self._closed_s[push.symbol] = known.start_s
        return known

    def overdue(self, market_s: float) -> list[CandlePush]:
        """Candles whose window ended GRACE_S ago without a later push: to be confirmed. Each is returned once."""
        late = [push for push in self._forming.values() if push.end_s + GRACE_S <= market_s]
        for push in late:
            del self._forming[push.symbol]
            self._closed_s[push.symbol] = push.start_s
        return late

    def forget(self, symbols: Iterable[str]) -> None:
        """The stream of these symbols was interrupted: what was seen of their windows is incomplete."""
        for symbol in symbols:
            self._forming.pop(symbol, None)
