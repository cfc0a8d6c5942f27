"""The guard: layers 1 and 2 as watchers. With every mark it looks at the account and at the market, and acts.

    layer 1   the day's loss at its limit → halt, cancel, sell everything, until the account is flat
    layer 2   breakers opened as they are found; self-releasing ones closed after a stretch of good data, not of none

What it does is `risk/rules/watching.py`'s to say; here it is read for and carried out. What is to be sold is carried
out by `risk/exits/driver.py`, which looks after the guard has.

What it keeps in memory (since when the data is good) may be lost: a restart begins the stretch anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import execution.queries
from cdb_site.clock import SYSTEM, Clock
from execution.gate import Owner
from risk import queries
from risk.account_reading import Reading
from risk.exits import close_outs
from risk.exits.driver import ExitDriver
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.rules import watching
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import Finding, Observations
from risk.tape import looks
from risk.watch import breakers, kill_switch
from risk.watch.exposure_alarm import ExposureAlarm

log = logging.getLogger(__name__)


class AccountGuard:
    """One account, watched by one process."""

    def __init__(self, *, account: str, marks: Marks, levels: LevelBoard, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.levels, self.clock = account, marks, levels, clock
        self._good_since: Mapping[watching.BreakerKey, float] = {}
        self._known_causes: set[watching.BreakerKey] = set()
        self.exits = ExitDriver(account=account, marks=marks, levels=levels, clock=clock)
        self._exposure = ExposureAlarm(account, clock)

    def look(self, reading: Reading, levels: Levels, seen: Observations | None) -> None:
        """Act on one mark; `seen` is None when the market could not be observed.

        An act that fails keeps none of the others from being done; the first failure is raised when all had their turn.
        """
        failures: list[Exception] = []
        for act in (
            lambda: self._watch_loss(reading, levels),
            lambda: self._cancel_entries(reading),
            lambda: self._watch_market(reading, seen) if seen is not None else None,
            lambda: self._exposure.look(reading),
            lambda: close_outs.carry_on(self.account, self.marks, self.clock),
            self.exits.look,
        ):
            try:
                act()
            except Exception as problem:
                failures.append(problem)
        for other in failures[1:]:
            log.warning("the guard met another failure: %s", other)
        if failures:
            raise failures[0]

    def _watch_loss(self, reading: Reading, levels: Levels) -> None:
        first_seen = self.levels.first_seen(levels, reading.portfolio.marks)
        acted_on = watching.loss_acted_on(reading, levels, first_seen)
        if acted_on is None:
            return
        halted = any(hold.owner == Owner.LOSS for hold in execution.queries.holds(self.account))
        closed_out = queries.loss_was_closed_out(self.account, levels.day)
        if not watching.loss_is_dealt_with(reading, halted_for_it=halted, closed_out=closed_out):
            kill_switch.halt_for_loss(self.account, reading, acted_on, clock=self.clock)
            looks.note(reading.look.place, looks.GUARDED, self.clock)

    def _cancel_entries(self, reading: Reading) -> None:
        """Cancel what a halt left open: it could not wait for the account, or its process died."""
        if watching.has_buys_of_a_halt(reading) and execution.queries.has_entries_to_cancel(self.account):
            kill_switch.cancel_entries(self.account, self.clock)

    def _watch_market(self, reading: Reading, seen: Observations) -> None:
        acts = watching.watch_market(
            reading,
            seen,
            good_since=self._good_since,
            known_causes=self._known_causes,
            now_s=self.clock.monotonic_s(),
        )
        self._good_since = acts.good_since
        for row, good_s in acts.released:
            breakers.release_breaker(row.id, by=breakers.RISK, reason=f"{good_s:.0f} s of good data")
        if acts.opened:
            self._open(reading, acts.opened)
        self._known_causes |= acts.causes

    def _open(self, reading: Reading, findings: Sequence[Finding]) -> None:
        asked = {finding.symbol for finding in findings if finding.symbol}
        look = self.marks.look(reading.look.market_now, asked=asked, held=reading.portfolio.holdings)
        limits_version = reading.limits.version
        breakers.open_breakers(self.account, findings, limits_version=limits_version, clock=self.clock, look=look)
        self.levels.forget()
        looks.note(look.place, looks.GUARDED, self.clock)
