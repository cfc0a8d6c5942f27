"""What of the REST side operators are alerted of, as long as it holds, and what /health tells of it.

    FEED_FALLBACK         many symbols at once get their quotes from REST
    EXCHANGE_UNREACHABLE  no answer of any endpoint for ten seconds
    CLOCK_SKEW            the stated time is more than a second off, in two answers running
    CANDLES_MISSING       closed candles are missing for half a minute although they were asked for

Ages are wall seconds. What a fresh process cannot judge yet it leaves as its predecessor did.
"""

from __future__ import annotations

from typing import Any

from cdb_site.bus.runtime import Runtime
from marketdata.mexc.rest import MexcRest
from marketdata.screeners.conditions import Condition, Conditions
from marketdata.screeners.rest.fallback import AFTER_S, Silence
from marketdata.screeners.rest.fetching import InThread
from marketdata.screeners.rest.gap_filling import Filling
from marketdata.screeners.rest.timekeeping import TimeKeeper

UNREACHABLE_S = 10.0
NAMED = 5
SOURCE = "rest"
FALLBACK: Condition = ("FEED_FALLBACK", "feed")
UNREACHABLE: Condition = ("EXCHANGE_UNREACHABLE", "rest")
SKEW: Condition = ("CLOCK_SKEW", "clock")
MISSING: Condition = ("CANDLES_MISSING", "candles")
ALL = (FALLBACK, UNREACHABLE, SKEW, MISSING)


class RestGuard:
    """`turn` once a second."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        rest: MexcRest,
        time: TimeKeeper,
        filling: Filling,
        silence: Silence,
        in_thread: InThread,
    ) -> None:
        self.runtime, self.clock, self.rest = runtime, runtime.clock, rest
        self.time, self.filling, self.silence, self.in_thread = time, filling, silence, in_thread
        self.conditions = Conditions(source=SOURCE, codes=[code for code, _ in ALL])
        self.started_at = self.clock.monotonic_s()

    async def turn(self) -> None:
        """Raises DatabaseError."""
        self.filling.measure()
        self._tell_health()
        holding, undecided = self._holding(), self._undecided()
        if self.conditions.differ(holding, undecided):
            await self.in_thread(lambda: self.conditions.settle(holding, undecided))

    def unanswered_s(self) -> float:
        """Since when no endpoint answered, or since the start."""
        return self.clock.monotonic_s() - max(self.rest.succeeded_at.values(), default=self.started_at)

    def _holding(self) -> dict[Condition, dict[str, Any]]:
        holding: dict[Condition, dict[str, Any]] = {}
        silence, overdue = self.silence, self.filling.overdue()
        if silence.widespread:
            holding[FALLBACK] = {"count": len(silence.served), "watched": len(silence.watched)}
        if self.unanswered_s() > UNREACHABLE_S:
            holding[UNREACHABLE] = {"age_s": round(self.unanswered_s())}
        if self.time.anchoring.skewed:
            holding[SKEW] = {"skew_s": round(self.time.anchoring.skew_s, 1)}
        if overdue and not self.time.ended:
            symbols = ", ".join(overdue[:NAMED])
            holding[MISSING] = {"count": self.filling.missing(), "of": len(overdue), "symbols": symbols}
        return holding

    def _undecided(self) -> set[Condition]:
        age_s = self.clock.monotonic_s() - self.started_at
        undecided = set()
        if not self.silence.watched or age_s < 2 * AFTER_S:
            undecided.add(FALLBACK)
        if not self.rest.succeeded_at:
            undecided.add(UNREACHABLE)
        if self.time.anchoring.skewed is None:
            undecided.add(SKEW)
        if not self.filling.settled:
            undecided.add(MISSING)
        return undecided

    def _tell_health(self) -> None:
        progress, now = self.runtime.progress, self.clock.monotonic_s()
        if self.unanswered_s() > UNREACHABLE_S:
            progress.complain("exchange", f"the exchange has not answered for {self.unanswered_s():.0f} s")
        else:
            progress.content("exchange")
        progress.tell("answer_age_s", {path: round(now - at_s, 1) for path, at_s in self.rest.succeeded_at.items()})
        progress.tell("candles_missing", self.filling.missing())
        progress.tell("quotes_from_rest", len(self.silence.served))
