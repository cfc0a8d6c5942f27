"""Which candles a file brought: twice, with gaps, in any order. Pure.

Eight bytes are kept per candle: a digest of its numbers, so that a second row is known to be the same or another one.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np

PAGE = 1024


class CoveredSpan(NamedTuple):
    """Neighbouring candles: first and last open time in epoch seconds, and how many."""

    first_s: int
    last_s: int
    candles: int


class Coverage:
    """Candles of one symbol and interval, `length_s` long."""

    def __init__(self, length_s: int) -> None:
        self.length_s = length_s
        self._pages: dict[int, array[int]] = {}

    def note(self, open_s: int, numbers: Hashable) -> bool | None:
        """None for the first row of a candle; for a later one whether it says the same."""
        number, place = divmod(open_s // self.length_s, PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = array("q", bytes(8 * PAGE))
        digest = hash(numbers) or 1
        before = page[place]
        if before:
            return before == digest
        page[place] = digest
        return None

    def gaps(self) -> list[CoveredSpan]:
        """What is missing between the first and the last candle, oldest first."""
        slots = self._slots()
        after = np.flatnonzero(np.diff(slots) > 1)
        pairs = zip((slots[after] + 1).tolist(), (slots[after + 1] - 1).tolist(), strict=True)
        return [CoveredSpan(first * self.length_s, last * self.length_s, last - first + 1) for first, last in pairs]

    def whole(self) -> CoveredSpan | None:
        """From the first to the last candle; `candles` is how many there are."""
        slots = self._slots()
        if not len(slots):
            return None
        return CoveredSpan(int(slots[0]) * self.length_s, int(slots[-1]) * self.length_s, len(slots))

    def _slots(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        parts = [
            np.flatnonzero(np.frombuffer(page, dtype=np.int64)) + number * PAGE
            for number, page in sorted(self._pages.items())
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def spans(opens: Iterable[int], length_s: int) -> list[CoveredSpan]:
    """Neighbours as one span; `opens` in any order."""
    found: list[CoveredSpan] = []
    for open_s in sorted(opens):
        if found and found[-1].last_s + length_s == open_s:
            found[-1] = CoveredSpan(found[-1].first_s, open_s, found[-1].candles + 1)
        else:
            found.append(CoveredSpan(open_s, open_s, 1))
    return found
