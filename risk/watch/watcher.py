"""The watcher: marks the account several times a second, lets the guard look, and tells everyone what it is worth.

The guard comes first. What only tells (the mark, a point of the equity curve, metrics) comes after it, and no failure
of one turn ends the next.
"""

from __future__ import annotations

import logging
from typing import Any

from prometheus_client import Counter

from cdb_site import failures
from cdb_site.bus.runtime import Runtime
from cdb_site.units import plain
from risk import account_reading, mark_to_market, metrics
from risk.account_reading import Reading
from risk.acts.leftovers import ActLeftovers
from risk.exits import report as exit_report
from risk.loss_baselines import process_levels
from risk.rules.account_state import Levels
from risk.rules.breaker_readings import readings
from risk.rules.circuit_breakers import Observations
from risk.undecided import UndecidedSignals
from risk.watch.account_guard import AccountGuard
from risk.watch.mark_publisher import MarkPublisher
from risk.watch.observations import process_observer
from risk.watch.stops import watch_desk

log = logging.getLogger(__name__)
FAILED = Counter("cdb_watcher_turns_failed_total", "Turns of the watcher that failed for another reason than a server")
MARK_EVERY_S = 0.25
MARK_GAP_S = 0.2
# Nothing held, ordered or halted: no price changes the account, and whatever does wakes the watcher.
RESTING_EVERY_S = 1.0
REREAD_EVERY_S = 2.0
POINT_EVERY_S = 5.0
COUNT_EVERY_S = 5.0
UNDECIDED_GRACE_S = 30.0
# The fact of the heartbeat that says what the breakers read.
READINGS = "breaker_readings"


class PortfolioWatcher:
    """Hosted by the risk service: guards the account also when no quote changes it, and publishes marks."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.desk = watch_desk()
        self.levels = process_levels(self.desk.account)
        self.observer = process_observer(self.desk.account)
        self.guard = AccountGuard(
            account=self.desk.account, marks=self.desk.marks, levels=self.levels, clock=runtime.clock
        )
        self.publisher = MarkPublisher(runtime)
        self.curve = mark_to_market.EquityCurve(self.desk.account)
        self._undecided = UndecidedSignals()
        self._leftovers = ActLeftovers(self.desk.marks, runtime.clock)
        self._reread_at = self._point_at = self._counted_at = float("-inf")
        self._resting = False

    def run(self) -> None:
        self.publisher.start()
        while not self.runtime.stopping.is_set():
            try:
                with failures.waiting_for_servers("the watcher"):
                    self._turn()
                    self.runtime.progress.turned("watcher")
            except LookupError as problem:
                log.warning("the watcher has nothing to watch: %s", problem)
                self.runtime.progress.turned("watcher")
                self.runtime.pause(1.0)
            except Exception:  # the next turn guards the account again; if it lasts, the service counts as unhealthy
                FAILED.inc()
                log.exception("a turn of the watcher failed")
            self.runtime.pause(MARK_GAP_S)
            self.desk.mark_wanted.wait((RESTING_EVERY_S if self._resting else MARK_EVERY_S) - MARK_GAP_S)
            self.desk.mark_wanted.clear()
        self.publisher.join(1.0)

    def _turn(self) -> None:
        self._resting = False
        due = self.runtime.clock.monotonic_s()
        if due - self._reread_at > REREAD_EVERY_S:
            self._reread_at = due
            self.desk.reread()
        now = self.runtime.clock.market_now()
        reading = account_reading.reading(self.desk.account, self.desk.marks, now)
        levels = reading.aligned(self.levels.at(now))
        seen = self._guarded(reading, levels)
        self._leftovers.look()
        states = exit_report.states(reading, self.desk.marks)
        payload = mark_to_market.portfolio_payload(reading, levels=levels, now=now, exit_states=states)
        self.publisher.offer(payload, now)
        if due - self._point_at > POINT_EVERY_S:
            self._point_at = due
            self.curve.store(payload, paid_in=reading.account.paid_in)
        metrics.observe(reading, levels, seen, self._unaccounted(due))
        self.runtime.progress.tell(READINGS, _told(seen, self.runtime.clock.wall_s()))
        self._resting = _at_rest(reading)

    def _guarded(self, reading: Reading, levels: Levels) -> Observations:
        """Let the guard look. A market that cannot be observed fails the turn, after the account is guarded."""
        try:
            seen = self.observer.look(reading, levels)
        except Exception:
            self.guard.look(reading, levels, None)
            raise
        self.guard.look(reading, levels, seen)
        return seen

    def _unaccounted(self, now_s: float) -> int | None:
        """Signals received and not decided; None between two counts."""
        if now_s - self._counted_at < COUNT_EVERY_S:
            return None
        self._counted_at = now_s
        return len(self._undecided.look(UNDECIDED_GRACE_S))


def _told(seen: Observations, at_s: float) -> dict[str, Any]:
    """What the breakers read, as plain JSON, and at which wall second."""
    rows = {row.kind: {"observed": plain(row.observed), "symbol": row.symbol} for row in readings(seen)}
    return {"at_s": round(at_s, 1), "rows": rows}


def _at_rest(reading: Reading) -> bool:
    """Whether no price can change what the account is worth, and nothing is under way in it."""
    portfolio = reading.portfolio
    at_stake = portfolio.holdings or portfolio.reserved or portfolio.exiting or portfolio.leaving
    return reading.trading_state != "HALTED" and not at_stake
