"""Outcomes of a replay made by hand: trips as `ETHUSDT +30` , an equity by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from replay.rules.outcome import ReplayCurve, ReplayDecision, ReplayOutcome, ReplayTrip
from replay.rules.worth import DAY_S
from risk.rules.decide import Ruling

NOTHING_SEEN: Any = None


def curve(equity: Sequence[float], *, step_s: int = DAY_S, start_s: int = 0, **columns: Sequence[float]) -> ReplayCurve:
    """A point a step; nothing is held and no benchmark known unless it is given."""
    number = len(equity)
    return ReplayCurve(
        at_s=start_s + step_s * np.arange(1, number + 1, dtype=np.int64),
        equity=np.array(equity, dtype=float),
        exposure=np.array(columns.get("exposure", [0.0] * number), dtype=float),
        benchmark=np.array(columns.get("benchmark", [np.nan] * number), dtype=float),
    )


def make_trip(net: str, symbol: str = "ETHUSDT", **values: Any) -> ReplayTrip:
    """A trip of an hour with 1 of fees that began on 1970-01-01, a Thursday, and ended by a signal."""
    made = ReplayTrip(
        symbol=symbol,
        opened_at_s=0,
        closed_at_s=3600,
        quantity=Decimal(1),
        entry_notional=Decimal(100),
        exit_notional=Decimal(100) + Decimal(net) + 1,
        gross=Decimal(net) + 1,
        fees=Decimal(1),
        net=Decimal(net),
        exit_reason="SIGNAL",
        entry=1,
        exit=2,
    )
    return msgspec.structs.replace(made, **values)


def make_outcome(**values: Any) -> ReplayOutcome:
    """Nothing happened for three days, unless it is said."""
    made = ReplayOutcome(
        starting_cash=Decimal(100),
        cash=Decimal(100),
        equity=Decimal(100),
        fees=Decimal(0),
        turnover=Decimal(0),
        decisions=(),
        trips=(),
        curve=curve([100, 100, 100]),
    )
    return replace(made, **values)


def decided(*rulings: str) -> tuple[ReplayDecision, ...]:
    """Decisions from `OUTCOME REASON_CODE`."""
    pairs = [ruling.split() for ruling in rulings]
    return tuple(
        ReplayDecision(number=number, at_s=number, seen=NOTHING_SEEN, ruling=Ruling(outcome=said, reason_code=code))
        for number, (said, code) in enumerate(pairs, start=1)
    )
