"""Windows whose closed state no push proved, waiting until REST can say what it was.

REST is asked a moment after a window was found to be over: earlier, its answer may miss the last trades. Windows of
one symbol are asked for together. What REST does not have is asked for a few times more and then left to gap
filling, and so is the oldest of what is too much. Pure: the caller brings the time, in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

WAITING_MAX = 5000
ATTEMPTS = 4
AGAIN_S = 1.0

Window = tuple[str, int]


@dataclass(slots=True)
class Waiting:
    not_before_s: float
    attempts: int = 0


class Confirmations:
    """Every window is either waiting or being asked for; one found doubtful meanwhile is asked for once more."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: dict[Window, Waiting] = {}
        self._asked: dict[Window, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._asked)

    def add(self, windows: Iterable[Window], not_before_s: float) -> None:
        for window in windows:
            self._waiting.setdefault(window, Waiting(not_before_s))
        while len(self._waiting) > WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1

    def take(self, now_s: float) -> list[Window]:
        """What is to be asked for now, by symbol and time. The caller tells of each what came of it."""
        ripe = sorted(window for window, waiting in self._waiting.items() if waiting.not_before_s <= now_s)
        self._asked |= {window: self._waiting.pop(window) for window in ripe}
        return ripe

    def answered(self, asked: Iterable[Window], got: Collection[Window], now_s: float) -> None:
        """What was got is done; the rest is asked for again a little later, a few times."""
        for window in asked:
            waiting = self._asked.pop(window)
            waiting.attempts += 1
            waiting.not_before_s = now_s + AGAIN_S * waiting.attempts
            if window not in got and waiting.attempts < ATTEMPTS:
                self._waiting.setdefault(window, waiting)

    def postpone(self, asked: Iterable[Window], now_s: float) -> None:
        """Nobody answered, or nothing could be stored: ask again later. That does not count as an attempt."""
        for window in asked:
            waiting = self._asked.pop(window)
            waiting.not_before_s = now_s + AGAIN_S
            self._waiting.setdefault(window, waiting)
