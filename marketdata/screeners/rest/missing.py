"""What is missing, since when, and when it is asked for again.

An exchange may have no candle for a while, or never: it is asked again after pauses that double, from seconds to half
an hour. Asked often enough in vain it counts as absent: the exchange has none. Entries are candles or whole ranges.
Pure: the caller brings the time, in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

AGAIN_S = 2.0
AGAIN_MAX_S = 1800.0
ABSENT_AFTER = 10
ENTRIES_MAX = 20_000


@dataclass(slots=True)
class MissingCandle:
    since_s: float
    again_at: float
    asked: int = 0


class Missing(Generic[K]):
    """The newest `entries_max` entries are kept; what is forgotten is found again, as if it were new."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self.entries_max = entries_max
        self._entries: dict[K, MissingCandle] = {}

    def seen(self, missing: Collection[K], now_s: float) -> None:
        """Exactly these are missing now."""
        self._entries = {key: entry for key, entry in self._entries.items() if key in missing}
        for key in missing:
            self._entries.setdefault(key, MissingCandle(now_s, now_s))
        while len(self._entries) > self.entries_max:
            del self._entries[next(iter(self._entries))]

    def due(self, now_s: float) -> list[K]:
        return [key for key, entry in self._entries.items() if entry.again_at <= now_s]

    def asked(self, keys: Iterable[K], now_s: float) -> None:
        """The exchange answered without them."""
        for key in keys:
            entry = self._entries.get(key)
            if entry is not None:
                entry.again_at = now_s + min(AGAIN_MAX_S, AGAIN_S * 2 ** min(entry.asked, 20))
                entry.asked += 1

    def filled(self, keys: Iterable[K]) -> None:
        for key in keys:
            self._entries.pop(key, None)

    def longer_than(self, seconds: float, now_s: float) -> list[K]:
        """Missing for so long, and not known to be absent. Oldest first."""
        late = [
            (entry.since_s, key)
            for key, entry in self._entries.items()
            if entry.asked < ABSENT_AFTER and now_s - entry.since_s > seconds
        ]
        return [key for _, key in sorted(late, key=lambda pair: pair[0])]

    def count(self, weight: Callable[[K], int] = lambda key: 1, *, absent: bool = False) -> int:
        """The weights of all entries together, those of absent ones or those of the others."""
        return sum(weight(key) for key, entry in self._entries.items() if (entry.asked >= ABSENT_AFTER) == absent)
