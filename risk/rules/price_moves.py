"""How far each symbol has moved within one minute of market time: the middle price against every one of the minute.

move = the largest |mid ÷ mid then − 1| over the last 60 s, signed; one sample a second is kept. Pure. Of the kept ones
only those count that may still be the minute's lowest or highest, so a look costs no walk through the minute; a move
stands until its symbol's next price. One thread hears the quotes and another one looks: each record and each reading is
whole.
"""

from __future__ import annotations

import threading
from collections import deque
from decimal import Decimal

MINUTE_S = 60.0
SAMPLE_S = 1.0


class MinuteMoves:
    def __init__(self) -> None:
        self._minutes: dict[str, Minute] = {}
        self._moves: dict[str, Decimal] = {}
        self._changed: set[str] = set()
        self._lock = threading.Lock()

    def record(self, symbol: str, market_s: float, mid: Decimal) -> None:
        """Take a middle price; times going back (another market) begin anew."""
        with self._lock:
            minute = self._minutes.get(symbol)
            if minute is None or market_s < minute.newest_s:
                self._minutes[symbol] = Minute(market_s, mid)
            else:
                minute.record(market_s, mid)
            self._changed.add(symbol)

    def moves(self) -> dict[str, Decimal]:
        """The largest move to the newest price of every symbol, as a signed fraction."""
        with self._lock:
            for symbol in self._changed:
                self._moves[symbol] = self._minutes[symbol].move()
            self._changed.clear()
            return dict(self._moves)


class Minute:
    """One symbol's last minute: the newest sample, and of those before it the lowest and the highest to come.

    `_lows` rise and `_highs` fall from the oldest to the youngest: a sample that is no lower than a younger one will
    never be the lowest again.
    """

    __slots__ = ("_highs", "_lows", "_newest", "newest_s")

    def __init__(self, market_s: float, mid: Decimal) -> None:
        self.newest_s, self._newest = market_s, mid
        self._lows: deque[tuple[float, Decimal]] = deque()
        self._highs: deque[tuple[float, Decimal]] = deque()

    def record(self, market_s: float, mid: Decimal) -> None:
        if not self._lows or market_s - self.newest_s >= SAMPLE_S:
            self._keep(self.newest_s, self._newest)
            self.newest_s = market_s
        self._newest = mid
        oldest_s = market_s - MINUTE_S
        for kept in (self._lows, self._highs):
            while kept and kept[0][0] < oldest_s:
                kept.popleft()

    def _keep(self, market_s: float, mid: Decimal) -> None:
        while self._lows and self._lows[-1][1] >= mid:
            self._lows.pop()
        while self._highs and self._highs[-1][1] <= mid:
            self._highs.pop()
        self._lows.append((market_s, mid))
        self._highs.append((market_s, mid))

    def move(self) -> Decimal:
        lowest = min(self._newest, self._lows[0][1]) if self._lows else self._newest
        highest = max(self._newest, self._highs[0][1]) if self._highs else self._newest
        up, down = self._newest / lowest - 1, self._newest / highest - 1
        return up if up >= -down else down
