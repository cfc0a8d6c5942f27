"""What one set of parameters brought, in the few figures by which a search compares sets.

A search asks for the best by one of them: SHARPE, SORTINO, CALMAR or NET, all of the whole UTC days of the time
played. A set without that figure (nothing traded, too few days) comes behind every one that has it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from replay.rules import worth
from replay.rules.outcome import ReplayOutcome
from replay.rules.worth import WorthPath
from signals_app.rules.momentum import Floats

SHARPE, SORTINO, CALMAR, NET = "SHARPE", "SORTINO", "CALMAR", "NET"
OBJECTIVES = (SHARPE, SORTINO, CALMAR, NET)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFigures:
    """`net`, `drawdown` and `returns` (one a whole UTC day) are fractions; `gross` and `fees` those of the trips, in
    the quote asset. `length_s` is the time played."""

    net: float
    drawdown: float
    trips: int
    gross: float
    fees: float
    length_s: int
    returns: tuple[float, ...]

    @property
    def daily(self) -> Floats:
        return np.array(self.returns)

    @property
    def yearly(self) -> float | None:
        """Return of a year at this rate, of 30 days or more."""
        start, end = np.array([0, self.length_s]), np.array([1.0, 1.0 + self.net])
        return worth.cagr(WorthPath(start, end))

    def objective(self, name: str) -> float | None:
        """The figure that is asked for."""
        if name == NET:
            return self.net
        if name == CALMAR:
            return worth.calmar(self.yearly, self.drawdown)
        return worth.sharpe(self.daily) if name == SHARPE else worth.sortino(self.daily)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TrialFigures.__slots__}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> TrialFigures:
        return cls(**told | {"returns": tuple(told["returns"])})


def path_from(outcome: ReplayOutcome, start_s: int) -> WorthPath:
    """The equity of a replay that had its first signal at or after `start_s`; what lies before only warmed it up."""
    curve, counted = outcome.curve, outcome.curve.at_s > start_s
    cash = float(outcome.starting_cash)
    return WorthPath.of(curve.at_s[counted], curve.equity[counted], start_s=start_s, start_value=cash)


def figures_of(outcome: ReplayOutcome, start_s: int) -> TrialFigures:
    """Of a replay that counts from `start_s` on."""
    path = path_from(outcome, start_s)
    fall = worth.deepest(path)
    return TrialFigures(
        net=float(path.value[-1] / path.value[0] - 1),
        drawdown=fall.fraction if fall else 0.0,
        trips=len(outcome.trips),
        gross=float(sum(trip.gross for trip in outcome.trips)),
        fees=float(sum(trip.fees for trip in outcome.trips)),
        length_s=path.length_s,
        returns=tuple(worth.daily_returns(path).tolist()),
    )


def best_of(figures: Sequence[TrialFigures], objective: str) -> int | None:
    """Which has most of it, the first of equals; None where none has any."""
    values = [one.objective(objective) for one in figures]
    known = [(value, -place) for place, value in enumerate(values) if value is not None]
    return -max(known)[1] if known else None


def returns_table(figures: Sequence[TrialFigures]) -> Floats:
    """Days × trials. A trial that had lost everything earned nothing in the days after."""
    days = max((len(one.returns) for one in figures), default=0)
    table = np.zeros((days, len(figures)))
    for column, one in enumerate(figures):
        table[: len(one.returns), column] = one.returns
    return table
