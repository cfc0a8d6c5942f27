"""Carries exit intents out: looks at each with every mark, and ends it, gives it up, waits, or makes the next attempt.

What comes next of each is `risk/rules/exiting.py`'s to say. A due attempt is claimed by a conditional UPDATE, then
decided like any other request.

Orders are read before positions: an order that ends in between has its fills in the positions. What the driver
remembers (since when there is no quote) may be lost: a restart begins those minutes anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from django.db import InterfaceError, OperationalError
from prometheus_client import Counter

import execution.operations
import execution.queries
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.clock import SYSTEM, Clock
from execution.rules.accounting import Holding
from risk import operations, queries
from risk.decision.exit_requests import attempt_of
from risk.decision.requests import Request
from risk.exits import intents
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.models import ExitIntent
from risk.rules.exiting import QUIET_MAX_S, ExitStep, Ground, is_due, next_step
from risk.rules.watching import since_when

log = logging.getLogger(__name__)
ATTEMPTS = Counter("cdb_exit_attempts_total", "Attempts after the first to carry an exit out", ["kind"])
GIVEN_UP = Counter("cdb_exits_given_up_total", "Exits that were given up", ["why"])
UNDECIDED = Counter("cdb_exit_attempts_failed_total", "Attempts whose decision could not be made or stored")
ENDINGS = {ExitStep.FLAT: ExitIntent.Ending.FLAT, ExitStep.DUST: ExitIntent.Ending.DUST}
GIVING_UP = frozenset({ExitStep.NO_QUOTE, ExitStep.ATTEMPTS_USED_UP})
SERVERS_AWAY = (OperationalError, InterfaceError, *UNREACHABLE)


class ExitDriver:
    """One account's intents, as one process carries them out."""

    def __init__(self, *, account: str, marks: Marks, levels: LevelBoard, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.levels, self.clock = account, marks, levels, clock
        self._quiet_since: dict[int, float] = {}

    def look(self) -> None:
        """Bring every open intent one step on."""
        rows = intents.open_rows(self.account)
        if not rows:
            self._quiet_since.clear()
            return
        orders = execution.queries.live_orders(self.account, [row.symbol for row in rows])
        held = execution.queries.open_positions(self.account)
        quiet = self._quiet(rows)
        silent = [row for row in rows if row.pk in quiet]
        grounds = {
            row.pk: Ground(orders=tuple(orders.get(row.symbol, ())), holding=held.get(row.symbol)) for row in rows
        }
        due = []
        for row in self._without_flat([row for row in rows if row.pk not in quiet], grounds) + silent:
            ground = grounds[row.pk]
            if self._settled_alone(row, ground, quiet) and is_due(row.next_at, self.clock.wall_now()):
                due.append((row, ground.holding))
        self._attempt([(row, holding) for row, holding in due if holding])

    def _without_flat(self, rows: list[ExitIntent], grounds: Mapping[int, Ground]) -> list[ExitIntent]:
        """End at once what is flat and has no order open. Returns the others; all of them if that fails, for then each
        is looked at alone."""
        flat = [row for row in rows if grounds[row.pk].is_flat]
        try:
            if flat:
                symbols = [row.symbol for row in flat]
                intents.end(self.account, symbols, ExitIntent.Ending.FLAT, self.clock, pks=[row.pk for row in flat])
        except SERVERS_AWAY:
            raise
        except Exception as problem:
            log.exception("%d intents could not be ended together: %s", len(flat), problem)
            return rows
        return [row for row in rows if row not in flat]

    def _settled_alone(self, row: ExitIntent, ground: Ground, quiet: set[int]) -> bool:
        """The same, where one intent that fails costs itself alone."""
        try:
            return self._settle(row, ground, quiet)
        except SERVERS_AWAY:
            raise
        except Exception as problem:
            UNDECIDED.inc()
            log.exception("the intent to leave %s could not be looked at: %s", row.symbol, problem)
            return False

    def _settle(self, row: ExitIntent, ground: Ground, quiet: set[int]) -> bool:
        """End or give up what can be; True when an attempt is all that is left to do."""
        quote = self.marks.board.quote(row.symbol)
        step = next_step(
            ground,
            rules=self.marks.board.rules(row.symbol),
            bid=quote.book.bid if quote else None,
            quiet=row.pk in quiet,
            attempts=row.attempts,
        )
        if step == ExitStep.CANCEL_BUYS:
            self._cancel_buys(row.symbol)
        elif step in ENDINGS:
            intents.end(self.account, [row.symbol], ENDINGS[step], self.clock, pks=[row.pk])
        elif step in GIVING_UP:
            self._give_up(row, step)
        return step == ExitStep.ATTEMPT

    def _quiet(self, rows: Sequence[ExitIntent]) -> set[int]:
        """Intents whose symbol had no fresh quote for ten minutes, in which the feed lived."""
        board, now = self.marks.board, self.clock.monotonic_s()
        alive = any(board.fresh_book(symbol) for symbol in board.symbols())
        silent = [row.pk for row in rows if alive and board.fresh_book(row.symbol) is None]
        self._quiet_since = since_when(self._quiet_since, silent, now)
        return {pk for pk, since in self._quiet_since.items() if now - since >= QUIET_MAX_S}

    def _cancel_buys(self, symbol: str) -> None:
        with outbox.unit_of_work(intents.RISK) as unit:
            execution.queries.account(self.account, lock=True)
            execution.operations.cancel_entries(
                unit, self.account, [symbol], reason_code="POSITION_EXITING", clock=self.clock
            )

    def _give_up(self, row: ExitIntent, why: str) -> None:
        """Nothing of it waits any more, and somebody is called; by one process alone."""
        with outbox.unit_of_work(intents.RISK) as unit:
            execution.queries.account(self.account, lock=True)
            if not intents.end(self.account, [row.symbol], ExitIntent.Ending.GIVEN_UP, self.clock, pks=[row.pk]):
                return
            execution.operations.cancel_waiting_exits(
                unit, self.account, [row.symbol], reason_code="EXIT_GIVEN_UP", clock=self.clock
            )
            alerts.raise_alert(
                "EXIT_GIVEN_UP",
                source=intents.RISK,
                key=intents.alert_key(self.account, row.symbol),
                params={"symbol": row.symbol, "attempts": row.attempts, "kind": row.kind, "why": why},
            )
        GIVEN_UP.labels(why).inc()

    def _attempt(self, due: Sequence[tuple[ExitIntent, Holding]]) -> None:
        now = self.clock.wall_now()
        claimed = [(row, holding) for row, holding in due if intents.claim(row, now)]
        tried = queries.attempts(self.account, [holding.episode_id for _, holding in claimed if holding.episode_id])
        requests = [attempt_of(row, holding, tried, self.clock.market_now()) for row, holding in claimed]
        for row, _ in claimed:
            ATTEMPTS.labels(row.kind).inc()
        decide_each(self.account, requests, marks=self.marks, clock=self.clock, levels=self.levels)


def decide_each(
    account: str, requests: Sequence[Request], *, marks: Marks, clock: Clock, levels: LevelBoard
) -> tuple[int, list[Request]]:
    """Decide all together; if that fails, each alone: one that fails costs itself. (How many were new, the failed.)"""
    if not requests:
        return 0, []
    try:
        return len(operations.decide_batch(account, requests, marks=marks, clock=clock, levels=levels)), []
    except SERVERS_AWAY:
        raise
    except Exception as problem:
        if len(requests) == 1:
            UNDECIDED.inc()
            log.exception("the exit of %s could not be decided: %s", requests[0].symbol, problem)
            return 0, list(requests)
    done = 0
    failed: list[Request] = []
    for request in requests:
        count, without = decide_each(account, [request], marks=marks, clock=clock, levels=levels)
        done, failed = done + count, failed + without
    return done, failed
