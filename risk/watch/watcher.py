"""The watcher: marks the account several times a second, tells everyone what it is worth, and lets the guard look."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, close_old_connections

from cdb_site.bus import latest
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime
from risk import mark_to_market, metrics, queries
from risk.exits import report as exit_report
from risk.loss_baselines import process_levels
from risk.watch.account_guard import Guard
from risk.watch.observations import process_observer
from risk.watch.stops import watch_desk

log = logging.getLogger(__name__)
MARK_EVERY_S = 0.25
MARK_GAP_S = 0.2
REREAD_EVERY_S = 2.0
POINT_EVERY_S = 5.0
COUNT_EVERY_S = 5.0
UNDECIDED_GRACE_S = 30.0


class PortfolioWatcher:
    """Hosted by the risk service: publishes marks, and looks at all positions even when no quote changes them."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.desk = watch_desk()
        self.levels = process_levels(self.desk.account)
        self.observer = process_observer(self.desk.account)
        self.guard = Guard(account=self.desk.account, marks=self.desk.marks, levels=self.levels, clock=runtime.clock)
        self._reread_at = self._point_at = self._counted_at = float("-inf")

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                self._turn()
            except (OperationalError, InterfaceError, *UNREACHABLE) as problem:
                log.warning("the watcher waits for its servers: %s", problem)
                close_old_connections()
            except LookupError as problem:
                log.warning("the watcher has nothing to watch: %s", problem)
                self.runtime.pause(1.0)
            self.runtime.progress.turned("watcher")
            self.runtime.pause(MARK_GAP_S)
            self.desk.mark_wanted.wait(MARK_EVERY_S - MARK_GAP_S)
            self.desk.mark_wanted.clear()

    def _turn(self) -> None:
        due = self.runtime.clock.monotonic_s()
        if due - self._reread_at > REREAD_EVERY_S:
            self._reread_at = due
            self.desk.reread()
        now = self.runtime.clock.market_now()
        reading, levels = queries.reading(self.desk.account, self.desk.marks, now), self.levels.at(now)
        states = exit_report.states(reading, self.desk.marks)
        payload = mark_to_market.portfolio_payload(reading, levels=levels, now=now, exit_states=states)
        latest.publish("portfolio", payload, producer="risk", occurred_at=now)
        if due - self._point_at > POINT_EVERY_S:
            self._point_at = due
            mark_to_market.store_point(payload)
        seen = self.observer.look(reading, levels)
        self.guard.look(reading, levels, seen)
        metrics.observe(reading, levels, seen, self._unaccounted(due))

    def _unaccounted(self, now_s: float) -> int | None:
        """Signals received and not decided; None between two counts."""
        if now_s - self._counted_at < COUNT_EVERY_S:
            return None
        self._counted_at = now_s
        return len(queries.undecided_signals(UNDECIDED_GRACE_S))
