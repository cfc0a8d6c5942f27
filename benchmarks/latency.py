"""What the bench measures on a running system; see `benchmarks.bench` for the terms."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import cycle

import psutil

from benchmarks.floor import running_floor
from cdb_site.db import select
from cdb_site.local.system import System
from proofs.rig.crowd import Crowd, names, send
from proofs.rig.stopwatches import BrowserWatch, FillWatch

SYMBOLS = 400
BURST_SYMBOLS = 2500
PERIOD_S = 0.1
HOLD_PERIODS = 4
STAGES = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.decided_at - s.created_at) * 1000),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.claimed_at - d.decided_at) * 1000),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM f.recorded_at - o.claimed_at) * 1000)
    FROM (SELECT * FROM fill ORDER BY fill_id DESC LIMIT %s) f JOIN "order" o USING (order_id)
    JOIN decision d ON d.order_id = o.order_id JOIN signal s ON s.signal_id = d.signal_id"""


class Bench:
    """All measurements on one running system."""

    def __init__(self, system: System, options: argparse.Namespace) -> None:
        self.system, self.options = system, options
        self.crowd = Crowd(names(SYMBOLS), int(time.time()) // 60, PERIOD_S)
        self.fills = FillWatch(system.env)
        self.browser = BrowserWatch(system.url, system.operator, system.password)

    def run(self) -> dict[str, object]:
        say(f"processes: {self.system.pids}")
        self.crowd.settle()
        self.fills.start()
        self.browser.start()
        result: dict[str, object] = {}
        with running_floor(self.system.owner_env) as floor:
            self.floor = floor
            self._warm_up()
            to_fill, to_browser = {}, {}
            for rate in map(int, self.options.rates.split(",")):
                to_fill[str(rate)], to_browser[str(rate)] = self._latency(rate)
            result = {
                "floor_ms": round(statistics.median(floor.seconds) * 1000, 2),
                "tick_to_fill_ms": to_fill,
                "tick_to_browser_ms": to_browser,
            }
        self.browser.stop()
        if not self.options.skip_sustained:
            result["signals_per_s_sustained"], result["cpu_us_per_signal"] = self._sustained()
            result["burst_2500_candles_last_fill_s"] = self._burst()
        self.fills.stop()
        return result

    def _warm_up(self) -> None:
        self._drive(200, 3.0)
        self._quiet()
        self.floor.seconds.clear()

    def _latency(self, rate: int) -> tuple[dict[str, float], dict[str, float]]:
        before = self._cpu()
        sent = self._drive(rate, self.options.seconds, probe=True)
        self._quiet()
        spent = {name: round((used - before[name]) / sent * 1e6) for name, used in self._cpu().items()}
        filled = len(self.fills.stopwatch.seconds)
        floor_ms = statistics.median(self.floor.seconds) * 1000
        say(
            f"{rate}/s: {filled} of {sent} filled, {percentiles(self.fills.stopwatch.seconds)} ms to the fill, "
            f"{percentiles(self.browser.stopwatch.seconds)} to the browser, floor {floor_ms:.2f}"
        )
        say(f"   stages (median ms): {self._stages(sent)}; processor us per signal: {spent}")
        if filled < 0.9 * sent:
            say(f"only {filled} of {sent} signals were filled at {rate}/s")
        return percentiles(self.fills.stopwatch.seconds), percentiles(self.browser.stopwatch.seconds)

    def _stages(self, newest: int) -> dict[str, float]:
        """Where the newest fills' time went: medians between the starts of the transactions, in ms."""
        rows = select(STAGES, (newest,))
        return dict(zip(("signal_to_decision", "to_claim", "to_record"), map(float, rows[0]), strict=True))

    def _drive(self, rate: int, seconds: float, *, probe: bool = False) -> int:
        """Close candles on schedule for that long. Returns the number of signals caused."""
        for watch in (self.fills, self.browser):
            watch.stopwatch.reset()
        steps = stepping(self.crowd.symbols, rate)
        started_s, sent = time.time() + 0.5, 0
        first = self.crowd.period
        for number in range(int(seconds / PERIOD_S) + HOLD_PERIODS):
            scheduled_s = started_s + number * PERIOD_S
            if number % 10 == 0:
                self.crowd.keep_time(started_s, first)
            if number % 20 == 0:
                self.crowd.quote()
            up, down = next(steps)
            if number >= int(seconds / PERIOD_S):
                up = []
            bodies = self.crowd.prepare(up=up, down=down)
            self._wait_until(scheduled_s, probe=probe and number % 3 == 1)
            for watch in (self.fills, self.browser):
                for side, symbols in (("BUY", up), ("SELL", down)):
                    for symbol in symbols:
                        watch.stopwatch.expect((symbol, side), scheduled_s)
            send(bodies)
            sent += len(up) + len(down)
        return sent

    def _wait_until(self, moment_s: float, *, probe: bool) -> None:
        if probe and moment_s - time.time() > PERIOD_S * 0.6:
            time.sleep(max(0.0, moment_s - time.time() - PERIOD_S * 0.5))
            self.floor.probe()
        time.sleep(max(0.0, moment_s - time.time()))

    def _quiet(self, seconds: float = 2.0) -> None:
        """Wait until nothing has come for a while."""
        before = -1
        while before != len(self.fills.stopwatch.seconds):
            before = len(self.fills.stopwatch.seconds)
            time.sleep(seconds)

    def _sustained(self) -> tuple[int, float]:
        """The highest rate tried that was held for the whole run, and what a signal cost there."""
        held, cost, rate = 0, 0.0, self.options.start_rate
        for _ in range(4):
            before = self._cpu_s()
            sent = self._drive(rate, self.options.sustained_seconds)
            late_s = self._late_s()
            self._quiet()
            filled = len(self.fills.stopwatch.seconds)
            ok = filled >= 0.9 * sent and late_s <= 2 * PERIOD_S
            say(
                f"{rate}/s for {self.options.sustained_seconds:g} s: {filled} of {sent} filled, "
                f"last {late_s:.2f} s late, {percentiles(self.fills.stopwatch.seconds)} ms"
            )
            if ok:
                held, cost = rate, (self._cpu_s() - before) / filled * 1e6
            if ok == (rate < self.options.start_rate) and held:
                break
            rate = int(rate * (1.25 if ok else 0.8))
        return held, round(cost, 1)

    def _late_s(self) -> float:
        """How far behind schedule the newest fill was: the backlog at the end of the run."""
        return statistics.median(self.fills.stopwatch.seconds[-50:] or [float("inf")])

    def _burst(self) -> float:
        """All candles of 2,500 symbols close at once and all signal: BUYs first, then SELLs. The slower counts."""
        self.crowd = Crowd(names(BURST_SYMBOLS), self.crowd.period + 1000, PERIOD_S * 10)
        self.crowd.settle()
        started_s, first = time.time(), self.crowd.period
        self.crowd.keep_time(started_s, first)
        time.sleep(3)
        worst = 0.0
        for up, down in (
            ([], []),
            ([], []),
            ([], []),
            (self.crowd.symbols, []),
            ([], []),
            ([], []),
            ([], self.crowd.symbols),
        ):
            self.crowd.keep_time(started_s, first)
            self.crowd.quote()
            time.sleep(1)
            self.fills.stopwatch.reset()
            bodies = self.crowd.prepare(up=up, down=down)
            burst_s = time.time()
            for side, symbols in (("BUY", up), ("SELL", down)):
                for symbol in symbols:
                    self.fills.stopwatch.expect((symbol, side), burst_s)
            send(bodies)
            if up or down:
                self._quiet()
                filled = len(self.fills.stopwatch.seconds)
                took_s = self.fills.stopwatch.last_at_s - burst_s
                say(f"burst of {BURST_SYMBOLS} candles: {filled} fills, the last after {took_s:.2f} s")
                worst = max(worst, took_s if filled >= 0.9 * BURST_SYMBOLS else float("inf"))
        return round(worst, 2)

    def _cpu_s(self) -> float:
        return sum(self._cpu().values())

    def _cpu(self) -> dict[str, float]:
        """Processor seconds used so far by each of the system's processes, servers included."""
        return {name: cpu_s(psutil.Process(pid)) for name, pid in self.system.pids.items()}


def stepping(symbols: Sequence[str], rate: int) -> Iterator[tuple[list[str], list[str]]]:
    """Per period: who steps up and who steps down, so that `rate` signals a second come out, half of each."""
    ring = cycle(symbols)
    per_period, owed = rate * PERIOD_S / 2, 0.0
    held: list[list[str]] = []
    while True:
        owed += per_period
        up = [next(ring) for _ in range(int(owed))]
        owed -= len(up)
        held.append(up)
        yield up, held.pop(0) if len(held) > HOLD_PERIODS else []


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds of a process and those below it."""
    total = 0.0
    for item in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = item.cpu_times()
            total += times.user + times.system
    return total


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in ms."""
    if len(seconds) < 2:
        return {"p50": float("nan"), "p99": float("nan")}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1)}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
