"""The watcher: looks at held positions whenever their quotes change, and tells everyone what the account is worth.

Without a lock it only asks whether a layer wants to act (layer 5: bid at or below the stop). What it finds is decided
under the account lock like any other request, where the position and the live exits are read again.
"""

from __future__ import annotations

import logging
import threading
from decimal import Decimal
from functools import cache

from django.db import InterfaceError, OperationalError, close_old_connections

from cdb_site.bus import latest
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM, Clock
from execution import queries as books
from execution.queries import PAPER, PositionRow
from risk import mark_to_market, metrics, operations, queries
from risk.decision.exit_requests import exits
from risk.loss_baselines import process_levels
from risk.marks import Marks, process_marks
from risk.rules.layers import STOP_LOSS
from risk.watch.account_guard import Guard
from risk.watch.observations import process_observer

log = logging.getLogger(__name__)
MARK_EVERY_S = 0.25
MARK_GAP_S = 0.2
REREAD_EVERY_S = 2.0
POINT_EVERY_S = 5.0
RETRY_STOP_S = 1.0
COUNT_EVERY_S = 5.0
UNDECIDED_GRACE_S = 30.0


class WatchDesk:
    """Positions as last read, and the stops they have. Used by the quotes reader and by the marking loop."""

    def __init__(self, *, account: str, marks: Marks, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.clock = account, marks, clock
        self._lock = threading.Lock()
        self._positions: dict[str, PositionRow] = {}
        self._stop_loss_pct: Decimal | None = None
        self._stale = True
        self._tried_at: dict[str, float] = {}
        self.mark_wanted = threading.Event()

    def positions_changed(self) -> None:
        """A fill was booked: read the positions anew before the next look, and mark."""
        self._stale = True
        self.mark_wanted.set()

    def reread(self) -> None:
        """Read positions and limits."""
        with self._lock:
            self._stale = False
            self._positions = books.open_positions(self.account)
            self._stop_loss_pct = queries.limits(self.account).stop_loss_pct

    def quotes_changed(self, symbols: set[str]) -> int:
        """Look at held symbols among `symbols`; returns how many exits were decided."""
        if self._stale:
            self.reread()
        held = [position for symbol, position in self._positions.items() if symbol in symbols]
        reached = [position for position in held if self._reached(position)]
        return self._stop(reached) if reached else 0

    def _reached(self, position: PositionRow) -> bool:
        book = self.marks.board.fresh_book(position.symbol)
        if book is None or self._stop_loss_pct is None:
            return False
        now = self.clock.monotonic_s()
        if now - self._tried_at.get(position.symbol, float("-inf")) < RETRY_STOP_S:
            return False
        return STOP_LOSS.triggered(
            bid=book.bid, avg_entry_price=position.avg_entry_price, stop_loss_pct=self._stop_loss_pct
        )

    def _stop(self, reached: list[PositionRow]) -> int:
        now = self.clock.monotonic_s()
        for position in reached:
            self._tried_at[position.symbol] = now
        requests = exits(self.account, reached, "STOP", self.clock.market_now())
        rulings = operations.decide_batch(
            self.account, requests, marks=self.marks, clock=self.clock, levels=process_levels(self.account)
        )
        self._stale = True
        return len(rulings)


@cache
def watch_desk() -> WatchDesk:
    """The watch desk of this process."""
    return WatchDesk(account=PAPER, marks=process_marks())


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
        payload = mark_to_market.portfolio_payload(reading, levels=levels, now=now)
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
