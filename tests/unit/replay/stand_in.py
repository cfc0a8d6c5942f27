"""A replay of a few lines in place of the account: all the cash into one symbol at a time, left at its SELL or stop.

It obeys what a search hands on: candles, signals, strategy and limits; and it can be slow.
"""

from __future__ import annotations

import os
import time
from decimal import Decimal
from pathlib import Path

import numpy as np

from replay.rules.candidates import Candidates
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayCurve, ReplayOutcome, ReplayTrip
from replay.rules.settings import ReplaySettings
from replay.rules.trial_figures import TrialFigures, figures_of

FEE = 0.0005
SLOW_S = float(os.environ.get("STAND_IN_SLOW_S", "0"))
TOLD = os.environ.get("STAND_IN_TOLD", "")


def play(grid: CandleGrid, found: Candidates, settings: ReplaySettings) -> ReplayOutcome:
    cash, equity = float(settings.starting_cash), np.full(grid.periods, np.nan)
    stop, free_from, done_to = float(settings.limits.stop_loss_pct), 0, 0
    trips = []
    for column, row in zip(found.column[found.buy].tolist(), found.row[found.buy].tolist(), strict=True):
        if column < free_from:
            continue
        close, entry = grid.close[row], int(grid.close[row, column])
        later = np.flatnonzero((close[column + 1 :] > 0) & (close[column + 1 :] <= entry * (1 - stop)))
        sells = found.sells[row][np.searchsorted(found.sells[row], column, side="right") :]
        ends = [int(column + 1 + later[0])] if len(later) else []
        leave = min([*ends, *(at for at in sells[:1].tolist())], default=grid.periods - 1)
        leave = leave if grid.close[row, leave] else column
        equity[done_to:column] = cash
        held = np.where(close[column:leave] > 0, close[column:leave], entry)
        equity[column:leave] = cash * held / entry * (1 - FEE)
        gross = cash * (int(grid.close[row, leave]) / entry - 1)
        fees = cash * 2 * FEE
        trips.append(trip_of(grid, row, column, leave, gross, fees))
        cash, free_from, done_to = cash + gross - fees, leave + 1, leave
    equity[done_to:] = cash
    return outcome_of(grid, settings, cash, equity, trips)


def try_set(grid: CandleGrid, found: Candidates, settings: ReplaySettings, start_s: int) -> TrialFigures:
    return figures_of(play(grid, found, settings), start_s)


def try_slowly(grid: CandleGrid, found: Candidates, settings: ReplaySettings, start_s: int) -> TrialFigures:
    """A line in a file for each set that was begun, then so many seconds."""
    with Path(TOLD).open("a", encoding="utf-8") as told:
        told.write(f"{settings.limits.stop_loss_pct} {settings.strategy.threshold}\n")
    time.sleep(SLOW_S)
    return try_set(grid, found, settings, start_s)


def trip_of(grid: CandleGrid, row: int, column: int, leave: int, gross: float, fees: float) -> ReplayTrip:
    return ReplayTrip(
        symbol=grid.symbols[row],
        opened_at_s=grid.closes_s(column),
        closed_at_s=grid.closes_s(leave),
        quantity=Decimal(1),
        entry_notional=Decimal(1),
        exit_notional=Decimal(1),
        gross=Decimal(gross),
        fees=Decimal(fees),
        net=Decimal(gross - fees),
        exit_reason="SIGNAL",
        entry=1,
        exit=2,
    )


def outcome_of(
    grid: CandleGrid, settings: ReplaySettings, cash: float, equity: np.ndarray, trips: list[ReplayTrip]
) -> ReplayOutcome:
    at_s = (grid.first_period + 1 + np.arange(grid.periods, dtype=np.int64)) * grid.interval_s
    curve = ReplayCurve(at_s=at_s, equity=equity, exposure=np.zeros(grid.periods), benchmark=equity * np.nan)
    fees = sum((trip.fees for trip in trips), Decimal(0))
    return ReplayOutcome(
        starting_cash=settings.starting_cash, cash=Decimal(cash), equity=Decimal(cash), fees=fees,
        turnover=Decimal(0), decisions=(), trips=tuple(trips), curve=curve,
    )  # fmt: skip
