"""The guard: layers 1 and 2 as watchers. With every mark it looks at the account and at the market, and acts.

    layer 1   the day's loss at its limit → halt, cancel, sell everything, until the account is flat
    layer 2   breakers opened as they are found; self-releasing ones closed after a stretch of good data, not of none

What it keeps in memory (since when the data is good) may be lost: a restart begins the stretch anew.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import execution.queries
from cdb_site.clock import SYSTEM, Clock
from risk import operations, queries
from risk.decision.exit_requests import exits
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.models import CloseOut
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import KINDS, Finding, Observations
from risk.rules.layers import ABNORMAL_MARKET, DAILY_LOSS
from risk.watch import breakers, kill_switch
from risk.watch.exposure_alarm import ExposureAlarm

log = logging.getLogger(__name__)
EXIT_EVERY_S = 1.0
ATTEMPTS_MAX = 8


class Guard:
    """One account, watched by one process."""

    def __init__(self, *, account: str, marks: Marks, levels: LevelBoard, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.levels, self.clock = account, marks, levels, clock
        self._good_since: dict[tuple[str, str], float] = {}
        self._known_causes: set[tuple[str, str]] = set()
        self._sold_at = float("-inf")
        self._exposure = ExposureAlarm(account, clock)

    def look(self, reading: queries.Reading, levels: Levels, seen: Observations) -> None:
        """Act on one mark."""
        self._watch_loss(reading, levels)
        self._watch_market(reading, seen)
        self._exposure.look(reading)
        self._continue_close_out(reading)

    def _watch_loss(self, reading: queries.Reading, levels: Levels) -> None:
        limit, equity = reading.limits.max_daily_drawdown_pct, reading.portfolio.equity
        opening = levels.certain_opening(self.levels.first_seen(levels, reading.portfolio.marks))
        if not DAILY_LOSS.reached(equity=equity, opening=opening, limit=limit):
            return
        done = reading.trading_state == "HALTED" and (
            not reading.portfolio.holdings or queries.loss_was_closed_out(self.account, levels.day)
        )
        if not done:
            acted_on = replace(levels, opening=opening, missing=())
            kill_switch.halt_for_loss(self.account, levels=acted_on, marks=self.marks, clock=self.clock)

    def _watch_market(self, reading: queries.Reading, seen: Observations) -> None:
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

    def _release_calm(self, reading: queries.Reading, seen: Observations, findings: list[Finding]) -> None:
        now = self.clock.monotonic_s()
        abnormal = {finding.key for finding in findings}
        waiting = [row for row in reading.breakers if not KINDS[row.kind].latched]
        calm = {row.key: row for row in waiting if row.key not in abnormal and row.symbol not in seen.unseen}
        self._good_since = {key: self._good_since.get(key, now) for key in calm}
        for key, row in calm.items():
            good_s = now - self._good_since[key]
            if good_s >= reading.limits.good_data_s:
                breakers.release_breaker(row.id, by=breakers.RISK, reason=f"{good_s:.0f} s of good data")

    def _continue_close_out(self, reading: queries.Reading) -> None:
        """Sell what is still held; retries are bounded per position, then somebody is called."""
        close_out = queries.open_close_out(self.account)
        if close_out is None:
            return
        if not reading.portfolio.holdings and not reading.portfolio.reserved:
            held = execution.queries.open_positions(self.account)
            if not held and not execution.queries.open_orders(self.account):
                kill_switch.end_close_out(close_out)
            return
        if self.clock.monotonic_s() - self._sold_at >= EXIT_EVERY_S:
            self._sold_at = self.clock.monotonic_s()
            self._sell_all(close_out)

    def _sell_all(self, close_out: CloseOut) -> None:
        held = list(execution.queries.open_positions(self.account).values())
        note = {"by": close_out.asked_by, "reason": close_out.reason}
        requests = exits(self.account, held, "HALT", self.clock.market_now(), note)
        before = queries.attempts_before(self.account, "HALT", close_out.started_at)
        used = {request.symbol: request.attempt - before.get(request.episode_id, 0) for request in requests}
        spent = [symbol for symbol, attempt in used.items() if attempt > ATTEMPTS_MAX]
        ready = [request for request in requests if request.symbol not in spent]
        if ready:
            operations.decide_batch(self.account, ready, marks=self.marks, clock=self.clock, levels=self.levels)
        elif spent:
            kill_switch.give_up_close_out(close_out, spent, ATTEMPTS_MAX)
