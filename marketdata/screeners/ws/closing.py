"""When is a candle closed, and is what was pushed of it its closed state? The exchange does not say, so this says it.

A push carries the whole candle so far, so it does not matter how many were missed before it or when its symbol was
subscribed. A candle is closed when a push for a later window of its symbol comes, or two market seconds after its
end. Its newest push is its closed state for certain only if it was sent after the window's end; anything less may
miss the last trades, because that push was lost, late or overtaken. So:

    closed by a later push, newest push sent after the end   → stored as pushed
    anything else that is over                                → doubtful: REST is asked what it was

Of two pushes of one window the one with the later time and the larger volume is the newer. If those contradict each
other, or a frame on its way could not be read, the window is doubtful. Pure: the caller brings the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from marketdata.intervals import window_start_s
from marketdata.mexc.wire import CandlePush

GRACE_S = 2.0
DOUBTFUL_MAX = 60

Window = tuple[str, int]


class Taken(NamedTuple):
    """What a push meant: the newest of its symbol or not, the candle it closes, and windows to ask REST for."""

    fresh: bool
    closed: CandlePush | None = None
    doubtful: tuple[Window, ...] = ()


FRESH, STALE = Taken(True), Taken(False)


@dataclass(slots=True)
class WatchedWindow:
    """One symbol. `due_s` opens the window that closes next; `closed` is the last one that was stored as pushed.

    `asked_s` opens the newest window REST was asked for before a later push came, `asked` what was known of it then.
    """

    due_s: int
    newest: CandlePush | None = None
    doubted: bool = False
    closed: CandlePush | None = None
    asked_s: int = -1
    asked: CandlePush | None = None


class ClosingRule:
    """The forming candles of the watched symbols, of one interval."""

    def __init__(self, length_s: int) -> None:
        self.length_s = length_s
        self._watched: dict[str, WatchedWindow] = {}

    def watch(self, symbols: Iterable[str], market_s: float) -> None:
        """These symbols from now on; a new one from the window on that forms now."""
        due_s = window_start_s(market_s, self.length_s)
        self._watched = {symbol: self._watched.get(symbol) or WatchedWindow(due_s) for symbol in symbols}

    def push(self, push: CandlePush) -> Taken:
        """Take a push of a watched symbol."""
        watched = self._watched.get(push.symbol)
        if watched is None:
            return STALE
        known = watched.newest
        if known is None:
            watched.due_s = min(watched.due_s, push.start_s)
        if push.start_s < watched.due_s:
            return self._late(watched, push)
        if push.start_s > watched.due_s:
            return self._later(watched, push)
        if known is not None:
            earlier, less = push.sent_ms < known.sent_ms, push.volume < known.volume
            if push == known or earlier and push.volume <= known.volume:
                return STALE
            watched.doubted |= earlier or less
        watched.newest = push
        return FRESH

    def overdue(self, market_s: float) -> list[Window]:
        """Windows that ended GRACE_S ago without a later push. Each is returned once, of long silences the newest."""
        last_s = window_start_s(market_s - GRACE_S, self.length_s) - self.length_s
        late: list[Window] = []
        for symbol, watched in self._watched.items():
            watched.asked_s = min(watched.asked_s, last_s)
            first_s = max(watched.due_s, watched.asked_s + self.length_s)
            if first_s > last_s:
                continue
            if first_s == watched.due_s:
                watched.asked = watched.newest
            watched.asked_s = last_s
            first_s = max(first_s, last_s - DOUBTFUL_MAX * self.length_s)
            late += [(symbol, open_s) for open_s in range(first_s, last_s + 1, self.length_s)]
        return late

    def doubt(self, symbols: Iterable[str]) -> None:
        """Something of these symbols could not be read: other frames may be wrong without looking so."""
        for symbol in symbols:
            if symbol in self._watched:
                self._watched[symbol].doubted = True

    def _later(self, watched: WatchedWindow, push: CandlePush) -> Taken:
        closed, symbol, first_s = watched.newest, push.symbol, watched.due_s
        certain = closed is not None and closed.sent_ms >= closed.end_s * 1000 and not watched.doubted
        asked_in_vain = first_s <= watched.asked_s and closed != watched.asked
        start_s = max(first_s if not certain else first_s + self.length_s, watched.asked_s + self.length_s)
        start_s = max(start_s, push.start_s - DOUBTFUL_MAX * self.length_s)
        doubtful = [(symbol, open_s) for open_s in range(start_s, push.start_s, self.length_s)]
        if asked_in_vain:
            doubtful.insert(0, (symbol, first_s))
        watched.due_s, watched.newest, watched.doubted = push.start_s, push, False
        watched.closed = closed
        return Taken(True, closed if certain and first_s > watched.asked_s else None, tuple(doubtful))

    def _late(self, watched: WatchedWindow, push: CandlePush) -> Taken:
        """A push of a window that is closed: when it is newer than what was stored, REST is asked again."""
        closed = watched.closed
        if closed is None or push.start_s != closed.start_s or push.sent_ms <= closed.sent_ms:
            return STALE
        if push[4:10] == closed[4:10]:
            return STALE
        watched.closed = push
        return Taken(False, None, ((push.symbol, push.start_s),))
