"""What a replay brought: every decision with what it was made from, every round trip, and the path of the equity.

Money in the quote asset, times in seconds of market time since the epoch. Decisions are numbered from 1 in the order
they were made; a trip names the numbers of the decisions that began and ended it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from execution.rules.book_walk import Execution
from risk.rules.decide import Ruling
from risk.rules.decision_inputs import DecisionInputs


class ReplayDecision(msgspec.Struct, kw_only=True, gc=False):
    """One decided event: what was seen, what was ruled, and what its order got, once it is filled."""

    number: int
    at_s: int
    seen: DecisionInputs
    ruling: Ruling
    executions: tuple[Execution, ...] = ()


class ReplayTrip(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One symbol from flat to flat. `quantity` is the most that was held; `exit_reason` as a live trip's."""

    symbol: str
    opened_at_s: int
    closed_at_s: int
    quantity: Decimal
    entry_notional: Decimal
    exit_notional: Decimal
    gross: Decimal
    fees: Decimal
    net: Decimal
    exit_reason: str
    entry: int
    exit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCurve:
    """One point a column of the candles, float64, for measures and pictures only; the books are Decimal. `exposure` is
    what is held, at its marks in the quote asset. `benchmark` is what the starting cash would be worth, spread evenly
    over the universe at the start and left alone; NaN where that is not known."""

    at_s: NDArray[np.int64]
    equity: NDArray[np.float64]
    exposure: NDArray[np.float64]
    benchmark: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """`unheld_sells` are SELL signals without a position, counted and not decided; `disagreements` the events at which
    the guide's arithmetic and the decided one differed (the decided one counts); `breakers` counts what opened, by
    kind."""

    starting_cash: Decimal
    cash: Decimal
    equity: Decimal
    fees: Decimal
    turnover: Decimal
    decisions: tuple[ReplayDecision, ...]
    trips: tuple[ReplayTrip, ...]
    curve: ReplayCurve
    unheld_sells: int = 0
    disagreements: int = 0
    breakers: Mapping[str, int] = field(default_factory=dict)
