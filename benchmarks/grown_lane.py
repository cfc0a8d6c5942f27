"""The lane in this process, driven candle by candle: signals, decisions, orders and books by the product's handler.

Import it when the environment is entered. Candles follow the last evaluated one; what is held is sold a second later.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from uuid import uuid4

import execution.queries
import risk.queries
from benchmarks.signal_load import HOLD_S, PERIOD_S, stepping
from cdb_site.bus import lane, latest, sent
from cdb_site.bus.events import decode
from cdb_site.clock import SYSTEM
from cdb_site.db import select
from celery_app import app
from execution.desks import desk
from execution.queries import PAPER
from proofs.rig.crowd import INTERVAL_S, Crowd, names
from risk import account_reading, audit, audit_marks
from risk.loss_baselines import midnight_of, process_levels
from risk.marks import process_marks
from risk.models import AuditMark
from risk.undecided import UndecidedSignals
from signals_app.tasks import evaluate_candles

LANE = ("signal", "risk", "execution")
QUOTE_EVERY = 10
RUNS, RUNS_OF_AUDIT = 20, 3
EVALUATED = "SELECT extract(epoch FROM max(open_time)) FROM evaluation"
CAME = "SELECT (SELECT count(*) FROM signal), (SELECT count(*) FROM fill)"


class GrownLane:
    """One house; `batch` closes a candle in which so many symbols signal."""

    def __init__(self, symbols: int, batch: int) -> None:
        app.loader.import_default_modules()
        lane.host(LANE)
        evaluated_s = select(EVALUATED)[0][0]
        last = int(evaluated_s) // INTERVAL_S if evaluated_s else int(time.time()) // INTERVAL_S
        self.crowd = Crowd(names(symbols), last + 1, PERIOD_S)
        self.crowd.settle()
        self.hold = round(HOLD_S / PERIOD_S)
        self.steps = stepping(self.crowd.symbols, batch / 2, self.hold)
        self.closed, self.before = 0, select(CAME)[0]
        self.undecided = UndecidedSignals()
        self.queries = self._queries()

    def batch(self) -> float:
        """Milliseconds of the handler."""
        return self._close(*next(self.steps))

    def settle(self) -> None:
        """Sell what is held."""
        for _ in range(self.hold):
            self._close([], next(self.steps)[1])

    def came(self) -> tuple[int, int]:
        """Signals and fills since the house was opened."""
        signals, fills = select(CAME)[0]
        return signals - self.before[0], fills - self.before[1]

    def _close(self, up: list[str], down: list[str]) -> float:
        self.crowd.keep_time(time.time(), self.crowd.period)
        if self.closed % QUOTE_EVERY == 0:
            self._quote()
        self.closed += 1
        events = [decode(body) for body in self.crowd.prepare(up=up, down=down)]
        started_s = time.perf_counter()
        with sent.clearing_lazily():
            evaluate_candles(events)
        return (time.perf_counter() - started_s) * 1000

    def _quote(self) -> None:
        """Fresh quotes, as the consumers of a worker take them over."""
        self.crowd.quote()
        quotes = latest.read_quotes().values()
        for board in (process_marks().board, desk().board):
            board.take(quotes)

    def query_ms(self, name: str) -> float:
        """Median milliseconds of one of the queries that look at what grows."""
        query, taken = self.queries[name], []
        for _ in range(RUNS_OF_AUDIT if name.startswith("audit") else RUNS):
            started_s = time.perf_counter()
            query()
            taken.append((time.perf_counter() - started_s) * 1000)
        return round(statistics.median(taken), 2)

    def _queries(self) -> dict[str, Callable[[], object]]:
        levels, marks = process_levels(PAPER), process_marks()
        return {
            "rejections": lambda: execution.queries.rejections(PAPER, 60),
            "slippages": lambda: execution.queries.slippages(PAPER, 60),
            "undecided_signals": lambda: self.undecided.look(10),
            "unanswered_orders": lambda: execution.queries.unanswered_orders(5),
            "new_orders": lambda: execution.queries.new_orders_older_than(1),
            "entries_to_cancel": lambda: execution.queries.has_entries_to_cancel(PAPER),
            "attempts": lambda: risk.queries.attempts(PAPER, [uuid4()]),
            "reading": lambda: account_reading.reading(PAPER, marks, SYSTEM.market_now()),
            "peak_remembered": lambda: levels._peak.at(SYSTEM.market_now()),
            "peak_of_all": lambda: risk.queries.peak_earned(PAPER, SYSTEM.market_now()),
            "opening": lambda: risk.queries.opening_at(PAPER, midnight_of(SYSTEM.market_now().date()), "1m"),
            "audit_new": lambda: _audit(new=True),
            "audit_whole": lambda: _audit(new=False),
        }


_marks: dict[str, AuditMark] = {}


def _audit(*, new: bool) -> None:
    """Every check, of all or from where it was the last time; what it finds in planted rows does not matter here."""
    for check in audit.CHECKS:
        mark = _marks.get(check.code) if new else None
        _, found = audit_marks.run(check, mark, grace_s=audit.GRACE_S, limit_s=audit.FULL_CHECK_S)
        sums = audit_marks.orjson.loads(found.sums)
        _marks[check.code] = AuditMark(code=check.code, since=found.since, after=found.after, sums=sums)
