"""The load of the bench: candles of many symbols close on a fixed schedule, and each step must end in a fill.

`rate` signals a second, half of them BUYs of symbols that step up, half SELLs of those that step down HOLD_S later. A
symbol rests for REST_S before it steps again, so a rate needs rate ÷ 2 × (HOLD_S + REST_S) symbols. Before anything
is measured a few signals are sent through all five layers: a load that is refused measures nothing.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

from cdb_site.db import select
from cdb_site.local.system import System
from proofs.rig.crowd import Crowd, names, send
from proofs.rig.stopwatches import BrowserWatch, FillWatch
from proofs.rig.waiting import Unmet

LEAST_SYMBOLS = 400
PERIOD_S = 0.1
HOLD_S = 1.0
REST_S = 0.5
QUOTE_EVERY_S = 2.0
ANCHOR_EVERY_S = 1.0
PROBE_RATE = 20
PROBE_TIMEOUT_S = 60.0
LAYERS = 5
REASONS = "SELECT reason_code, count(*) FROM decision GROUP BY 1 ORDER BY 2 DESC"
UNJUDGED = """SELECT count(*) FROM decision WHERE side = 'BUY' AND outcome IN ('APPROVED', 'TRIMMED')
    AND jsonb_array_length(layers) < %s"""


class SignalLoad:
    """Drives one running system; `watches` note what came of each signal."""

    def __init__(self, system: System, *, symbols: int, period_s: float = PERIOD_S) -> None:
        self.system, self.period_s = system, period_s
        self.crowd = Crowd(names(symbols), int(time.time()) // 60, period_s)
        self.fills = FillWatch(system.env)
        self.browser: BrowserWatch | None = None
        self.crowd.settle()
        self.fills.start()

    def watch_page(self) -> BrowserWatch:
        """Follow the page too, from now on."""
        self.browser = BrowserWatch(self.system.url, self.system.operator, self.system.password)
        self.browser.start()
        return self.browser

    def stop(self) -> None:
        for watch in (self.fills, self.browser):
            if watch is not None:
                watch.stop()

    @property
    def filled(self) -> int:
        return len(self.fills.stopwatch.seconds)

    def prove(self) -> None:
        """Signals of both sides must be filled, the entries judged by every layer. Raises Unmet with reason codes.

        The first ones may come before the services know the universe: it is tried until a whole round is filled.
        """
        deadline_s, sent = time.monotonic() + PROBE_TIMEOUT_S, 0
        while time.monotonic() < deadline_s:
            sent = self.drive(PROBE_RATE, 1.0)
            self.quiet(1.0)
            if self.filled == sent:
                break
        else:
            raise Unmet(f"the load does not pass: {self.filled} of {sent} probe signals were filled; {told_reasons()}")
        unjudged = select(UNJUDGED, (LAYERS,))[0][0]
        if unjudged:
            raise Unmet(f"{unjudged} entries were approved by fewer than {LAYERS} layers: the load proves nothing")

    def drive(self, rate: int, seconds: float, *, between: Callable[[], object] | None = None) -> int:
        """Close candles on schedule for that long. Returns the number of signals caused; all watches begin anew.

        `between` is called in the middle of a period now and then, when there is time for it.
        """
        self._reset()
        hold = max(1, round(HOLD_S / self.period_s))
        steps = stepping(self.crowd.symbols, rate * self.period_s / 2, hold)
        periods = max(1, round(seconds / self.period_s))
        started_s, sent, first = time.time() + 0.5, 0, self.crowd.period
        for number in range(periods + hold):
            scheduled_s = started_s + number * self.period_s
            self._keep_fresh(number, started_s, first)
            up, down = next(steps)
            up = up if number < periods else []
            bodies = self.crowd.prepare(up=up, down=down)
            self._wait_until(scheduled_s, between if number % 3 == 1 else None)
            self.expect(up, down, scheduled_s)
            send(bodies)
            sent += len(up) + len(down)
        return sent

    def _keep_fresh(self, number: int, started_s: float, first: int) -> None:
        if number % max(1, round(ANCHOR_EVERY_S / self.period_s)) == 0:
            self.crowd.keep_time(started_s, first)
        if number % max(1, round(QUOTE_EVERY_S / self.period_s)) == 0:
            self.crowd.quote()

    def expect(self, up: Sequence[str], down: Sequence[str], scheduled_s: float) -> None:
        for watch in (self.fills, self.browser):
            if watch is not None:
                for side, symbols in (("BUY", up), ("SELL", down)):
                    for symbol in symbols:
                        watch.stopwatch.expect((symbol, side), scheduled_s)

    def _reset(self) -> None:
        for watch in (self.fills, self.browser):
            if watch is not None:
                watch.stopwatch.reset()

    def _wait_until(self, moment_s: float, between: Callable[[], object] | None) -> None:
        if between is not None and moment_s - time.time() > self.period_s * 0.6:
            time.sleep(max(0.0, moment_s - time.time() - self.period_s * 0.5))
            between()
        time.sleep(max(0.0, moment_s - time.time()))

    def quiet(self, seconds: float = 2.0, longest_s: float = 60.0) -> None:
        """Wait until no fill has come for a while, or for too long."""
        before, deadline_s = -1, time.monotonic() + longest_s
        while before != self.filled and time.monotonic() < deadline_s:
            before = self.filled
            time.sleep(seconds)


def symbols_for(rate: int) -> int:
    """How many symbols a rate needs; never fewer than the bench has always had."""
    return max(LEAST_SYMBOLS, math.ceil(rate / 2 * (HOLD_S + REST_S)))


def stepping(symbols: Sequence[str], ups_per_period: float, hold: int) -> Iterator[tuple[list[str], list[str]]]:
    """Per period: who steps up, and who, `hold` periods later, down again."""
    ring = cycle(symbols)
    owed = 0.0
    held: list[list[str]] = []
    while True:
        owed += ups_per_period
        up = [next(ring) for _ in range(int(owed))]
        owed -= len(up)
        held.append(up)
        yield up, held.pop(0) if len(held) > hold else []


def reasons() -> Counter[str]:
    """Decisions so far by reason code."""
    return Counter(dict(select(REASONS)))


def told_reasons() -> str:
    counted = ", ".join(f"{count} {code}" for code, count in reasons().most_common(6))
    return f"decisions: {counted or 'none'}"
