"""The signal engine of one process: candles in, each cross-section evaluated once, in order, signals out.

Candle events and the timer come from two threads and take one lock. A period is evaluated when every universe candle
is in and its predecessor is done, or when the grace is over: grace seconds of market time after the close, and as long
after its first candle came. Before it goes on without a candle the engine looks into PostgreSQL, where the candles are
that another worker was told of. While nothing waits it looks there, too: a doorbell may have been lost with Redis.

On the first start stored candles only warm the lookback. After a restart every stored candle since the last evaluation
is evaluated in order. Whatever fails, the memory is thrown away and built again from PostgreSQL: nothing counts as
evaluated but what was committed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby

from django.conf import settings
from prometheus_client import Histogram

from cdb_site import failures
from cdb_site.bus import outbox
from cdb_site.bus.events import BusEvent
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM, Clock, parse_iso
from signals_app import operations, queries
from signals_app.operations import EvaluationFinding
from signals_app.rules.closes import Reading
from signals_app.rules.cross_section import AHEAD, CrossSection
from signals_app.rules.pausing import without_entries
from signals_app.rules.strategy import Strategy, strategy_of
from signals_app.surroundings import Surroundings

EVALUATION_SECONDS = Histogram(
    "cdb_evaluation_seconds",
    "Time of one evaluation, storing excluded",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25),
)
LOOK_EVERY_S = 1.0
TICK_S = 0.05
IDLE_TICK_S = 0.2
READ_AT_ONCE = 100_000


class SignalEngine:
    """One strategy on one clock. `take` and `tick` may be called from any thread."""

    def __init__(self, strategy: Strategy, clock: Clock = SYSTEM) -> None:
        self.strategy = strategy
        self.clock = clock
        self._lock = threading.Lock()
        self._section: CrossSection | None = None
        self._due_at_s: dict[str, float] = {}
        self._unheard: int | None = None
        self._surroundings = Surroundings(clock)

    def take(self, events: Sequence[BusEvent]) -> int:
        """Fold candle events in and evaluate what is due. Returns the number of new signals."""
        own = [event for event in events if event.payload["interval"] == self.strategy.interval]
        with outbox.afterwards_at_end(), self._guarded():
            findings = self._start(own) if self._section is None else []
            section = self._section
            if section is None:
                return 0
            self._refresh_universe(section)
            for event in own:
                findings += self._fold(section, event)
            findings += self._evaluate_due(section)
            return self._store(findings)

    @property
    def waits(self) -> bool:
        """Whether a period has candles and is not evaluated yet."""
        section = self._section
        return section is not None and bool(section.pending)

    def tick(self) -> int:
        """Evaluate what has become due by the passing of time. Returns the number of new signals."""
        self._surroundings.refresh()
        with outbox.afterwards_at_end(), self._guarded():
            if self._section is None and not self._may("start"):
                return 0
            findings = self._start([]) if self._section is None else []
            if self._section is not None:
                self._look_for_unheard(self._section)
                findings += self._evaluate_due(self._section)
            return self._store(findings)

    def _store(self, findings: list[EvaluationFinding]) -> int:
        """What another worker stored first counts, and may differ from what is remembered here: begin anew from it."""
        done = operations.store_findings(findings, self.strategy)
        if done.refused:
            self._section = None
        return done.signals

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except BaseException:
                self._section = None
                raise

    def _start(self, events: Sequence[BusEvent]) -> list[EvaluationFinding]:
        """Build the memory from PostgreSQL; on the very first start only when a first live candle has come."""
        last = queries.last_evaluated(self.strategy.interval)
        live = [self._period(event) for event in events if event.payload.get("source") != "BACKFILL"]
        if last is None and not live:
            return []
        evaluated = min(live) - 1 if last is None else int(last.timestamp()) // self.strategy.interval_s
        section = CrossSection(self.strategy)
        section.set_universe(self._surroundings.read().universe)
        section.skip_to(evaluated)
        self._warm(section, evaluated, remember=last is not None)
        findings = [] if last is None else self._catch_up(section)
        self._section = section
        return findings

    def _warm(self, section: CrossSection, evaluated: int, *, remember: bool) -> None:
        """Read two lookbacks back, so that each symbol's side of the exit is known as of the last evaluation."""
        lookback = self.strategy.lookback_rows
        self._read(section, evaluated - 2 * lookback - 1, evaluated)
        if not remember:
            return
        interval_s = self.strategy.interval_s
        first_s, last_s = (evaluated - lookback) * interval_s, evaluated * interval_s
        for past in queries.evaluations_between(self.strategy.interval, first_s, last_s):
            left_out = [symbol for symbol, reason in past.skipped.items() if reason == "CANDLE_MISSING"]
            section.remember(past.open_s // interval_s, late=past.late, left_out=left_out)

    def _catch_up(self, section: CrossSection) -> list[EvaluationFinding]:
        """Read what was stored since the last evaluation, in portions; the last portion is left to the usual rules."""
        portion = min(AHEAD, max(8, READ_AT_ONCE // max(1, len(section.universe))))
        findings: list[EvaluationFinding] = []
        newest = queries.last_stored(self.strategy.interval)
        last = int(newest.timestamp()) // self.strategy.interval_s if newest else 0
        while section.evaluated is not None and section.evaluated < last:
            upper = section.evaluated + portion
            self._read(section, section.evaluated + 1, upper)
            if upper >= last:
                break
            findings += [self._evaluate(section, period) for period in sorted(section.pending)]
            section.skip_to(upper)
        return findings

    def _fold(self, section: CrossSection, event: BusEvent) -> list[EvaluationFinding]:
        """Add an event's candles, making room first. The oldest periods are evaluated when the window is full."""
        period = self._period(event)
        findings: list[EvaluationFinding] = []
        while not section.fits(period):
            if section.pending:
                findings.append(self._evaluate(section, min(section.pending)))
            else:
                section.skip_to(period - AHEAD)
        seen = len(section.closes.symbols)
        section.add(period, _readings(event), at_s=self.clock.monotonic_s(), source=event)
        if len(section.closes.symbols) > seen:
            section.set_universe(self._surroundings.read().universe)
        return findings

    def _evaluate_due(self, section: CrossSection) -> list[EvaluationFinding]:
        findings: list[EvaluationFinding] = []
        while section.pending:
            period = min(section.pending)
            if not (section.complete(period) and section.follows(period)):
                if not self._grace_over(section, period):
                    break
                if self._may("look") and self._look(section, period):
                    continue
            findings.append(self._evaluate(section, period))
        return findings

    def _grace_over(self, section: CrossSection, period: int) -> bool:
        grace_s = self.strategy.grace_s
        if self.clock.market_s() < (period + 1) * self.strategy.interval_s + grace_s:
            return False
        waited_s = self.clock.monotonic_s() - section.pending[period].since_s
        return waited_s * self.clock.anchor.rate >= grace_s

    def _look(self, section: CrossSection, period: int) -> bool:
        """Whether PostgreSQL has candles, up to the period, that no event brought."""
        return self._read(section, (section.evaluated or period) + 1, period) > 0

    def _look_for_unheard(self, section: CrossSection) -> None:
        """While no candle waits: take stored ones whose event has not come since the last look."""
        if section.pending or section.evaluated is None or not self._may("unheard"):
            return
        newest = queries.last_stored(self.strategy.interval)
        stored = int(newest.timestamp()) // self.strategy.interval_s if newest else 0
        if stored <= section.evaluated:
            self._unheard = None
        elif self._unheard is None:
            self._unheard = stored
        else:
            self._read(section, section.evaluated + 1, min(self._unheard, section.evaluated + AHEAD))
            self._unheard = None

    def _evaluate(self, section: CrossSection, period: int) -> EvaluationFinding:
        waiting = section.pending[period]
        lacking = section.lacking_history(period)
        if lacking and self._may("history"):
            self._read(section, period - self.strategy.lookback_rows - 1, period - 1, lacking)
        late = self.clock.market_s() > (period + 1) * self.strategy.interval_s + self.strategy.ttl_s
        with EVALUATION_SECONDS.time():
            evaluated = section.evaluate(period, late=late)
        if any(draft.side == "BUY" for draft in evaluated.drafts):
            evaluated = without_entries(evaluated, self._surroundings.known().paused)
        sources = {draft.symbol: section.source_of(waiting, draft.symbol) for draft in evaluated.drafts}
        return EvaluationFinding(
            evaluated, {symbol: source for symbol, source in sources.items() if isinstance(source, BusEvent)}
        )

    def _read(self, section: CrossSection, first: int, last: int, symbols: list[str] | None = None) -> int:
        """Take stored candles of periods first..last into the window. Returns how many were new to it."""
        interval_s = self.strategy.interval_s
        rows = queries.closes_between(self.strategy.interval, first * interval_s, last * interval_s, symbols)
        at_s = self.clock.monotonic_s()
        return sum(
            section.add(open_s // interval_s, [row[1:] for row in group], at_s=at_s)
            for open_s, group in groupby(rows, key=lambda row: row.open_s)
        )

    def _refresh_universe(self, section: CrossSection) -> None:
        universe = self._surroundings.known().universe
        if universe != list(section.universe):
            section.set_universe(universe)

    def _may(self, what: str) -> bool:
        """Whether something that costs a query is due again."""
        now_s = self.clock.monotonic_s()
        if now_s < self._due_at_s.get(what, 0.0):
            return False
        self._due_at_s[what] = now_s + LOOK_EVERY_S
        return True

    def _period(self, event: BusEvent) -> int:
        return int(parse_iso(event.payload["open_time"]).timestamp()) // self.strategy.interval_s


def _readings(event: BusEvent) -> Iterator[Reading]:
    for candle in event.payload["candles"]:
        yield candle["symbol"], candle["close"], candle["quote_volume"]


@cache
def engine() -> SignalEngine:
    """This process's engine."""
    return SignalEngine(strategy_of(settings.ENVIRONMENT))


class CrossSectionTimer:
    """Hosted by the signal engine: evaluates cross-sections whose missing candles are no longer waited for."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            with failures.waiting_for_servers("the cross-section timer", lambda: self.runtime.pause(LOOK_EVERY_S)):
                engine().tick()
                self.runtime.progress.turned("cross section")
            self.runtime.pause(TICK_S if engine().waits else IDLE_TICK_S)
