"""The guard: layers 1 and 2 as watchers. With every mark it looks at the account and at the market, and acts.

    layer 1   the day's loss at its limit → halt, cancel, sell everything, until the account is flat
    layer 2   breakers opened as they are found; self-releasing ones closed after a stretch of good data, not of none

What is to be sold is carried out by `risk/exits/driver.py`, which looks after the guard has.

What it keeps in memory (since when the data is good) may be lost: a restart begins the stretch anew.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import execution.queries
from cdb_site.clock import SYSTEM, Clock
from execution.gate import Owner
from risk import queries
from risk.account_reading import Reading
from risk.exits import close_outs
from risk.exits.driver import ExitDriver
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import KINDS, Finding, Observations
from risk.rules.layers import ABNORMAL_MARKET, DAILY_LOSS
from risk.watch import breakers, kill_switch
from risk.watch.exposure_alarm import ExposureAlarm

log = logging.getLogger(__name__)


class AccountGuard:
    """One account, watched by one process."""

    def __init__(self, *, account: str, marks: Marks, levels: LevelBoard, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.levels, self.clock = account, marks, levels, clock
        self._good_since: dict[tuple[str, str], float] = {}
        self._known_causes: set[tuple[str, str]] = set()
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
        limit, equity = reading.limits.max_daily_drawdown_pct, reading.portfolio.equity
        opening = levels.certain_opening(self.levels.first_seen(levels, reading.portfolio.marks))
        if not DAILY_LOSS.reached(equity=equity, opening=opening, limit=limit):
            return
        holding = any(hold.owner == Owner.LOSS for hold in execution.queries.holds(self.account))
        done = holding and (not reading.portfolio.holdings or queries.loss_was_closed_out(self.account, levels.day))
        if not done:
            acted_on = replace(levels, opening=opening, missing=())
            kill_switch.halt_for_loss(self.account, reading, acted_on, clock=self.clock)

    def _cancel_entries(self, reading: Reading) -> None:
        """Cancel what a halt left open: it could not wait for the account, or its process died."""
        halted_and_open = reading.trading_state == "HALTED" and reading.portfolio.reserved
        if halted_and_open and execution.queries.has_entries_to_cancel(self.account):
            kill_switch.cancel_entries(self.account, self.clock)

    def _watch_market(self, reading: Reading, seen: Observations) -> None:
        findings = ABNORMAL_MARKET.watch(seen, reading.limits)
        self._release_calm(reading, seen, findings)
        open_keys = {row.key for row in reading.breakers}
        new = [
            item for item in findings if item.key not in open_keys and (item.kind, item.cause) not in self._known_causes
        ]
        if new:
            breakers.open_breakers(self.account, new, limits_version=reading.limits.version, clock=self.clock)
            self.levels.forget()
        # Also what was met while the breaker was open: its release speaks for all of them.
        self._known_causes |= {(item.kind, item.cause) for item in findings if item.cause}

    def _release_calm(self, reading: Reading, seen: Observations, findings: list[Finding]) -> None:
        now = self.clock.monotonic_s()
        abnormal = {finding.key for finding in findings}
        waiting = [row for row in reading.breakers if not KINDS[row.kind].latched]
        calm = {row.key: row for row in waiting if row.key not in abnormal and row.symbol not in seen.unseen}
        self._good_since = {key: self._good_since.get(key, now) for key in calm}
        for key, row in calm.items():
            good_s = now - self._good_since[key]
            if good_s >= reading.limits.good_data_s:
                breakers.release_breaker(row.id, by=breakers.RISK, reason=f"{good_s:.0f} s of good data")
