"""The equation above the decisions: signals = approved + trimmed + denied + expired + undecided.

Signals, decisions and signals without a decision are counted apart from each other, in one snapshot of the database and
from their indexes alone. Where they do not add up the page says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings

from cdb_site import db
from dashboard.lists import days

DECISIONS = "SELECT symbol, side, kind, outcome, reason_code, count(*) FROM decision{when} GROUP BY 1, 2, 3, 4, 5"
SIGNALS = "SELECT symbol, side, count(*) FROM signal{when} GROUP BY 1, 2"
UNDECIDED = """SELECT symbol, side, count(*) FROM signal{when}
    NOT EXISTS (SELECT 1 FROM decision WHERE decision.signal_id = signal.signal_id) GROUP BY 1, 2"""
BETWEEN = " WHERE {column} >= %s AND {column} < %s"


class DecisionGroup(NamedTuple):
    """How many decisions are alike in all that a list may be narrowed to."""

    symbol: str
    side: str
    kind: str
    outcome: str
    reason_code: str
    number: int


class SignalGroup(NamedTuple):
    symbol: str
    side: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """`others` are decisions that no signal asked for: stops, halts, operators."""

    signals: int
    approved: int
    trimmed: int
    denied: int
    expired: int
    undecided: int
    others: int

    @property
    def holds(self) -> bool:
        return self.signals == self.approved + self.trimmed + self.denied + self.expired + self.undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    decisions: list[DecisionGroup]
    signals: list[SignalGroup]
    undecided: list[SignalGroup]

    def equation(self, symbol: str = "", side: str = "") -> Equation:
        def mine(groups: Iterable[Any]) -> Iterable[Any]:
            return (row for row in groups if symbol in ("", row.symbol) and side in ("", row.side))

        outcomes: Counter[str] = Counter()
        for row in mine(self.decisions):
            outcomes[row.outcome if row.kind == "SIGNAL" else "OTHERS"] += row.number
        return Equation(
            signals=sum(row.number for row in mine(self.signals)),
            approved=outcomes["APPROVED"],
            trimmed=outcomes["TRIMMED"],
            denied=outcomes["REJECTED"],
            expired=outcomes["EXPIRED"],
            undecided=sum(row.number for row in mine(self.undecided)),
            others=outcomes["OTHERS"],
        )


def statements(day: date | None) -> list[tuple[str, list[datetime]]]:
    """(SQL, its parameters) of the three counts, of one UTC day of market time or of all. A signal belongs to the day
    on which its candle closed."""
    if day is None:
        return [(DECISIONS.format(when=""), []), (SIGNALS.format(when=""), []), (UNDECIDED.format(when=" WHERE"), [])]
    begin, end = days.bounds(day)
    candle = timedelta(seconds=settings.ENVIRONMENT.interval_s)
    closed = BETWEEN.format(column="open_time")
    return [
        (DECISIONS.format(when=BETWEEN.format(column="occurred_at")), [begin, end]),
        (SIGNALS.format(when=closed), [begin - candle, end - candle]),
        (UNDECIDED.format(when=f"{closed} AND"), [begin - candle, end - candle]),
    ]


def counts(day: date | None) -> Counts:
    """Of one day or of all; in one round trip."""
    decided, given, undecided = db.select_together(statements(day))
    return Counts(
        decisions=[DecisionGroup(*row) for row in decided],
        signals=[SignalGroup(*row) for row in given],
        undecided=[SignalGroup(*row) for row in undecided],
    )
