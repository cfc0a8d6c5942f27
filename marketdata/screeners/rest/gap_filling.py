"""Sees to it that every closed candle of the watched symbols is stored: first history, gaps, and holes of any age.

    prepare  a symbol that is new here: history to warm up with, and the gap since it was watched last
    recent   every round, the last 60 candles: what the socket did not bring in time
    deep     after a preparation and every 2 minutes, 5000 candles back: holes between stored candles

Gaps and holes are stored and published, history is only stored. What the exchange does not have is asked for again
with growing pauses.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cdb_site.clock import Clock
from cdb_site.env import Environment
from marketdata import queries
from marketdata.intervals import last_closed_open_s
from marketdata.metrics import CANDLES_ABSENT, CANDLES_MISSING
from marketdata.mexc.rest import MexcRest, Purpose
from marketdata.models import Candle
from marketdata.screeners import history
from marketdata.screeners.history import Range, StoredHistory
from marketdata.screeners.rest.fetching import Fetching, InThread, Window, candles_in, windows_of
from marketdata.screeners.rest.missing import Missing

log = logging.getLogger(__name__)

RECENT_CANDLES = 60
DEEP_CANDLES = 5000
DEEP_EVERY_S = 120.0
AGAIN_S = 30.0
LATE_MARKET_S = 4.0
LATE_WALL_S = 1.5
OVERDUE_S = 30.0


class Filling:
    """`prepared`: symbols whose history was asked for. `settled` once a round went through.

    What the exchange lacks before a symbol's first stored candle is not missing: there it began.
    """

    def __init__(self, environment: Environment, clock: Clock, rest: MexcRest, in_thread: InThread) -> None:
        self.environment, self.clock, self.in_thread = environment, clock, in_thread
        self.interval, self.length_s = environment.INTERVAL, environment.interval_s
        self.rest, self.history_rest = rest.with_purpose(Purpose.CANDLES), rest.with_purpose(Purpose.HISTORY)
        self.fetching = Fetching(self.interval, clock, in_thread)
        self.prepared: set[str] = set()
        self.settled = False
        self.recent: Missing[Window] = Missing()
        self.deep: Missing[Range] = Missing()
        self._replaced: set[str] = set()
        self._begins_s: dict[str, int] = {}
        self._deep_at = float("-inf")
        self._again_at: dict[str, float] = {}

    def begin_anew(self, symbols: Sequence[str]) -> None:
        """What is stored of these symbols belongs to another market: their history is fetched again."""
        self._replaced = set(symbols)
        self.prepared.clear()
        self._again_at.clear()

    async def round(self, symbols: Sequence[str]) -> None:
        """Raises Unavailable or DatabaseError; what was got until then is stored."""
        self.prepared &= set(symbols)
        now = self.clock.monotonic_s()
        new = [name for name in symbols if name not in self.prepared and self._again_at.get(name, now) <= now]
        if new:
            await self._prepare(new)
        if self.clock.monotonic_s() - self._deep_at > DEEP_EVERY_S:
            await self._fill_deep(sorted(self.prepared))
            self._deep_at = self.clock.monotonic_s()
        await self._fill_recent(sorted(self.prepared))
        self.settled = True

    def overdue(self) -> list[str]:
        """Symbols with closed candles that are missing for long, longest first."""
        now = self.clock.monotonic_s()
        late = [symbol for symbol, _ in self.recent.longer_than(OVERDUE_S, now)]
        late += [wanted.symbol for wanted in self.deep.longer_than(OVERDUE_S, now)]
        return list(dict.fromkeys(late))

    def missing(self) -> int:
        """How many closed candles are missing and not known to be absent."""
        return self.recent.count() + self.deep.count(self._candles)

    def measure(self) -> None:
        CANDLES_MISSING.labels("recent").set(self.recent.count())
        CANDLES_MISSING.labels("deep").set(self.deep.count(self._candles))
        CANDLES_ABSENT.set(self.recent.count(absent=True) + self.deep.count(self._candles, absent=True))

    async def _prepare(self, symbols: Sequence[str]) -> None:
        newest_s = last_closed_open_s(self.clock.market_s(), self.length_s)
        oldest_s = newest_s - (DEEP_CANDLES - 1) * self.length_s
        wanted_from_s = newest_s - (self.environment.BACKFILL_CANDLES - 1) * self.length_s
        kept = [symbol for symbol in symbols if symbol not in self._replaced]
        stored = await self._stored(kept, oldest_s, newest_s)
        past, gaps = history.history_ranges(symbols, stored, wanted_from_s, newest_s, self.length_s)
        known = await self.fetching.store(self.history_rest, past, Candle.Source.BACKFILL)
        since = await self.fetching.store(self.rest, gaps, Candle.Source.REST)
        log.info("history of %d symbols: %d new candles, %d more in gaps", len(symbols), known.new, since.new)
        unanswered = {wanted.symbol for wanted in known.unanswered | since.unanswered}
        refused = known.refused | since.refused
        self.prepared |= set(symbols) - unanswered - refused
        self._replaced -= self.prepared
        self._again_at = {symbol: self.clock.monotonic_s() + AGAIN_S for symbol in refused}
        self._deep_at = float("-inf")
        begun = await self._stored(symbols, oldest_s, newest_s)
        self._begins_s |= {symbol: begun[symbol].first_s if symbol in begun else newest_s for symbol in symbols}
        problem = known.problem or since.problem
        if problem:
            raise problem

    async def _fill_deep(self, symbols: Sequence[str]) -> None:
        last_s = self._recent_window()[0] - self.length_s
        found = await self._holes(symbols, last_s - (DEEP_CANDLES - 1) * self.length_s, last_s)
        holes = [Range(*hole) for hole in found.between]
        now = self.clock.monotonic_s()
        self.deep.seen(set(holes), now)
        due = set(self.deep.due(now))
        asked = [hole for hole in holes if hole in due]
        outcome = await self.fetching.store(self.rest, history.covering(asked, self.length_s), Candle.Source.REST)
        unanswered = {wanted.symbol for wanted in outcome.unanswered}
        self.deep.filled(hole for hole in asked if outcome.got.issuperset(windows_of(hole, self.length_s)))
        self.deep.asked((hole for hole in asked if hole.symbol not in unanswered), self.clock.monotonic_s())
        if outcome.problem:
            raise outcome.problem

    async def _fill_recent(self, symbols: Sequence[str]) -> None:
        first_s, last_s = self._recent_window()
        missing = await self.in_thread(lambda: queries.missing_opens(symbols, self.interval, first_s, last_s))
        now = self.clock.monotonic_s()
        windows = {(symbol, open_s) for symbol, opens in missing.items() for open_s in opens}
        self.recent.seen({window for window in windows if window[1] > self._begins_s[window[0]]}, now)
        asked = sorted(self.recent.due(now))
        outcome = await self.fetching.store(
            self.rest,
            history.covering([Range(symbol, open_s, open_s) for symbol, open_s in asked], self.length_s),
            Candle.Source.REST,
        )
        self.recent.filled(outcome.got)
        unanswered = {wanted.symbol for wanted in outcome.unanswered}
        self.recent.asked((window for window in asked if window[0] not in unanswered), self.clock.monotonic_s())
        if outcome.problem:
            raise outcome.problem

    def _recent_window(self) -> tuple[int, int]:
        """First and last open time that should be stored by now."""
        patience_s = max(LATE_MARKET_S, LATE_WALL_S * self.clock.anchor.rate)
        last_s = last_closed_open_s(self.clock.market_s() - patience_s, self.length_s)
        return last_s - (RECENT_CANDLES - 1) * self.length_s, last_s

    async def _stored(self, symbols: Sequence[str], first_s: int, last_s: int) -> dict[str, StoredHistory]:
        found = await self._holes(symbols, first_s, last_s)
        return {symbol: StoredHistory(*span) for symbol, span in found.stored.items()}

    async def _holes(self, symbols: Sequence[str], first_s: int, last_s: int) -> queries.Holes:
        found: queries.Holes = await self.in_thread(lambda: queries.holes(symbols, self.interval, first_s, last_s))
        return found

    def _candles(self, wanted: Range) -> int:
        return candles_in(wanted, self.length_s)
