"""When layer 2's breakers of symbols and of the feed are open, from the candles alone: whoever trades changes nothing.

    JUMP     |close ÷ a close at most a minute before − 1| > limit; candles of more than a minute tell none
    SILENCE  no candle for longer than the limit, from the close of the last one; of all symbols: the whole feed
    SPREAD   the modelled bid and ask at the close are too far apart: where the tick is coarse

Looks are at closes. A breaker that has opened stays until a stretch of `good_data_s` in which nothing was wrong and
nothing was missing. Every symbol of the grid is watched, from its first candle on. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from marketdata.ticks import spread_bps
from replay.rules.grid import CandleGrid
from replay.rules.quoting import Quoting
from risk.rules.limits import Limits
from risk.rules.price_moves import MINUTE_S
from signals_app.rules.momentum import Bools, Ints


class OpenSpan(NamedTuple):
    """A breaker is open for what is decided at the closes of the columns from `first` up to `after`."""

    kind: str
    first: int
    after: int


class MarketBreakers:
    """The spans of every symbol, by row, and those of the whole feed; ascending within each kind."""

    def __init__(self, grid: CandleGrid, limits: Limits, quotings: Sequence[Quoting | None]) -> None:
        silence = _Silence(grid, limits)
        self.feed = silence.of_feed()
        self._feed_unseen = frozenset(silence.feed_unseen.tolist())
        self.symbols: list[list[OpenSpan]] = []
        for row, quoting in enumerate(quotings):
            missing = silence.of_row(row)
            bad = {"SILENCE": missing.bad, "JUMP": missing.lasting(_jumps(grid, row, limits.max_jump_pct))}
            if quoting is not None:
                bad["SPREAD"] = missing.lasting(_wide(grid.close[row], quoting, limits.max_spread_bps))
            spans = [span for kind in bad for span in _spans(kind, bad[kind], missing.unseen, silence.rest)]
            self.symbols.append(spans)
        begun = [sorted((span.first, span.after) for span in spans) for spans in self.symbols]
        self._firsts = [[first for first, _ in spans] for spans in begun]
        self._until = [list(accumulate((after for _, after in spans), max)) for spans in begun]

    def of(self, row: int, column: int) -> list[str]:
        """The kinds that are open for a symbol's decisions at a column."""
        begun = bisect_right(self._firsts[row], column)
        if not begun or column >= self._until[row][begun - 1]:
            return []
        return [span.kind for span in self.symbols[row] if span.first <= column < span.after]

    def feed_at(self, column: int) -> list[str]:
        """The kinds that are open for the whole account."""
        return [span.kind for span in self.feed if span.first <= column < span.after]

    def unseen(self, column: int) -> bool:
        """Whether nothing of the whole market is seen at a column."""
        return column in self._feed_unseen

    def counts(self) -> dict[str, int]:
        """How many opened, by kind."""
        return Counter(span.kind for spans in (self.feed, *self.symbols) for span in spans)


class _Missing(NamedTuple):
    """Columns of one symbol, ascending: where it has been silent for too long, and where nothing was seen of it;
    where it had no candle but its last quote, of column `fresh_since`, was young enough to be looked at."""

    bad: Ints
    unseen: Ints
    fresh: Ints
    fresh_since: Ints

    def lasting(self, bad: Ints) -> Ints:
        """What was wrong with a quote stays wrong as long as it is looked at."""
        return np.union1d(bad, self.fresh[np.isin(self.fresh_since, bad)]) if len(self.fresh) else bad


class _Silence:
    """Missing candles as silence: since when the feed lives, and where each symbol lacks its candles."""

    def __init__(self, grid: CandleGrid, limits: Limits) -> None:
        self.grid = grid
        self.longest = limits.max_data_silence_s / grid.interval_s
        self.fresh = limits.max_price_age_s / grid.interval_s
        self.young = min(self.longest, self.fresh)
        self.missing: Bools = grid.close == 0
        nothing = np.flatnonzero(self.missing.all(axis=0))
        self._ages = _ages(nothing)
        self.feed_silent = nothing[self._ages > float(self.longest)]
        self.feed_unseen = nothing[self._ages > float(self.young)]
        self.rest = -(-int(limits.good_data_s * 1000) // (grid.interval_s * 1000))

    def of_feed(self) -> list[OpenSpan]:
        return _spans("SILENCE", self.feed_silent, self.feed_unseen, self.rest)

    def of_row(self, row: int) -> _Missing:
        """No symbol counts as silent for longer than the feed has lived, and none in a silence of the feed."""
        present = np.flatnonzero(~self.missing[row])
        if len(present) == self.grid.periods or not len(present):
            return _Missing(*[np.zeros(0, np.int64)] * 4)
        missing = np.flatnonzero(self.missing[row])
        missing = missing[missing > present[0]]
        ages = _ages(missing)
        unseen = (ages > float(self.young)) | np.isin(missing, self.feed_unseen)
        bad = np.minimum(ages, self._alive(missing)) > float(self.longest)
        fresh = ages <= float(self.fresh)
        bad &= ~np.isin(missing, self.feed_silent)
        return _Missing(missing[bad], missing[unseen], missing[fresh], (missing - ages)[fresh])

    def _alive(self, columns: Ints) -> Ints:
        """For how many columns the feed has been heard without a silence."""
        if not len(self.feed_silent):
            return columns
        before = np.searchsorted(self.feed_silent, columns) - 1
        return columns - np.where(before >= 0, self.feed_silent[before] + 1, 0)


def _ages(columns: Ints) -> Ints:
    """Of ascending columns: which one of its run of neighbours each is, from 1."""
    begins = np.diff(columns, prepend=-2) > 1
    places = np.arange(len(columns))
    return places - np.maximum.accumulate(np.where(begins, places, 0)) + 1


def _spans(kind: str, bad: Ints, unseen: Ints, rest: int) -> list[OpenSpan]:
    """Columns that follow each other within a rest are one opening: it begins with the first bad one of them."""
    if not len(bad):
        return []
    disturbed = np.union1d(bad, unseen)
    ends = np.flatnonzero(np.diff(disturbed, append=np.iinfo(np.int64).max) > 1 + rest)
    groups = np.searchsorted(disturbed[ends], bad)
    firsts = np.flatnonzero(np.diff(groups, prepend=-1))
    afters = disturbed[ends[groups[firsts]]] + 1 + rest
    return [OpenSpan(kind, *span) for span in zip(bad[firsts].tolist(), afters.tolist(), strict=True)]


def _jumps(grid: CandleGrid, row: int, limit: Decimal) -> Ints:
    """Columns whose close is further than the limit from one of the minute before it."""
    close, bound = grid.close[row], float(limit) * (1 - 1e-9)
    found = np.zeros(0, np.int64)
    for back in range(1, int(MINUTE_S) // grid.interval_s + 1):
        now, then = close[back:], close[:-back]
        near = np.flatnonzero((np.abs(now - then) >= bound * then) & (now > 0) & (then > 0))
        jumped = [at for at in near.tolist() if _jumped(int(now[at]), int(then[at]), limit)]
        found = np.union1d(found, np.array(jumped, np.int64) + back)
    return found


def _jumped(now: int, then: int, limit: Decimal) -> bool:
    return abs(Fraction(now, then) - 1) > Fraction(limit)


def _wide(closes: Ints, quoting: Quoting, limit: Decimal) -> Ints:
    """Columns at which the modelled spread is above the limit. Only low prices on a coarse tick come near."""
    lowest = closes[closes > 0].min(initial=np.iinfo(np.int64).max)
    if quoting.widest_bps(int(lowest)) <= limit:
        return np.zeros(0, np.int64)
    prices = np.unique(closes[closes > 0])
    wide = [units for units in prices.tolist() if _too_wide(quoting, units, limit)]
    return np.flatnonzero(np.isin(closes, np.array(wide, np.int64)))


def _too_wide(quoting: Quoting, units: int, limit: Decimal) -> bool:
    spread = spread_bps(quoting.bid(units), quoting.ask(units))
    return spread is not None and spread > limit
