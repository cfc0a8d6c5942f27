"""Layer 5 as a watcher: looks at held positions whenever their quotes change, and asks for exits at the stop.

Without a lock it only asks whether the bid is at or below the stop. What it finds is decided under the account lock
like any other request, where the position and the live exits are read again. From then on it is an exit intent, which
`risk/exits/driver.py` carries out; a stop that was given up rests before it is asked for again.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from functools import cache

import execution.queries
from cdb_site.clock import SYSTEM, Clock
from execution.queries import PAPER
from execution.rules.accounting import Holding
from risk import queries
from risk.decision.exit_requests import exits
from risk.exits import intents
from risk.exits.driver import decide_each
from risk.loss_baselines import process_levels
from risk.marks import Marks, process_marks
from risk.rules.watching import STOP_REST_S, stops_reached


class WatchDesk:
    """Positions as last read, and the stops they have. Used by the quotes reader and by the marking loop."""

    def __init__(self, *, account: str, marks: Marks, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.clock = account, marks, clock
        self._lock = threading.Lock()
        self._positions: dict[str, Holding] = {}
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
            self._positions = execution.queries.open_positions(self.account)
            self._stop_loss_pct = queries.limits(self.account).stop_loss_pct

    def quotes_changed(self, symbols: set[str]) -> int:
        """Look at held symbols among `symbols`; returns how many exits were decided."""
        if self._stale:
            self.reread()
        held = [position for symbol, position in self._positions.items() if symbol in symbols]
        reached = self._reached(held) if held else []
        return self._stop(reached) if reached else 0

    def _reached(self, held: list[Holding]) -> list[Holding]:
        if self._stop_loss_pct is None:
            return []
        books = ((position.symbol, self.marks.board.fresh_book(position.symbol)) for position in held)
        bids = {symbol: book.bid for symbol, book in books if book is not None}
        return stops_reached(held, bids, self._stop_loss_pct, tried_at=self._tried_at, now_s=self.clock.monotonic_s())

    def _stop(self, reached: list[Holding]) -> int:
        now = self.clock.monotonic_s()
        for position in reached:
            self._tried_at[position.symbol] = now
        since = self.clock.wall_now() - timedelta(seconds=STOP_REST_S)
        resting = intents.given_up(self.account, [position.symbol for position in reached], since)
        awake = [position for position in reached if position.symbol not in resting]
        requests = exits(self.account, awake, "STOP", self.clock.market_now(), marks=self.marks)
        decided, failed = decide_each(
            self.account, requests, marks=self.marks, clock=self.clock, levels=process_levels(self.account)
        )
        if failed:
            wishes = [intents.Wish(symbol=request.symbol, kind="STOP") for request in failed]
            intents.begin(self.account, wishes, self.clock)
        self._stale = True
        return decided


@cache
def watch_desk() -> WatchDesk:
    """The watch desk of this process."""
    return WatchDesk(account=PAPER, marks=process_marks())
