"""The fast replay beside the slow one: everything they do not agree on, in words."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np

from proofs.slow_replay.oracle import Oracle
from replay.rules.account import play
from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayOutcome
from replay.rules.settings import ReplaySettings


def differences(grid: CandleGrid, settings: ReplaySettings) -> list[str]:
    """Played both ways."""
    return compared(play(grid, candidates(grid, settings.strategy), settings), Oracle(grid, settings).run())


def compared(fast: ReplayOutcome, slow: Oracle) -> list[str]:
    """Decisions with their inputs, fills, trips and sums to the last digit; the curve as float64."""
    pairs = (
        ("cash", fast.cash, slow.cash),
        ("fees", fast.fees, slow.fees),
        ("turnover", fast.turnover, slow.turnover),
        ("equity", fast.equity, slow.curve[-1]),
        ("SELLs of nothing", fast.unheld_sells, slow.unheld_sells),
        ("breakers", dict(fast.breakers), dict(slow.opened)),
        ("trips", _fast_trips(fast), _slow_trips(slow)),
        ("disagreements", fast.disagreements, 0),
    )
    found = _decisions(fast, slow)
    found += [f"{name}: {ours} instead of {theirs}" for name, ours, theirs in pairs if ours != theirs]
    if not np.allclose(fast.curve.equity, [float(value) for value in slow.curve], rtol=1e-9):
        found.append("the curves differ")
    return found


def _decisions(fast: ReplayOutcome, slow: Oracle) -> list[str]:
    found = []
    for ours, theirs in zip_longest(fast.decisions, slow.decisions):
        if ours is None or theirs is None:
            found.append(f"one decision more: {ours or theirs}")
        elif (ours.at_s, ours.seen, ours.ruling) != (theirs.at_s, theirs.seen, theirs.ruling):
            found.append(f"decision {theirs.number}: {ours} instead of {theirs}")
        elif list(ours.executions) != theirs.executions:
            found.append(f"fills of {theirs.number}: {ours.executions} instead of {theirs.executions}")
    return found


def _fast_trips(fast: ReplayOutcome) -> list[tuple[object, ...]]:
    return [
        (trip.symbol, trip.opened_at_s, trip.closed_at_s, trip.quantity, trip.entry_notional, trip.exit_notional,
         trip.gross, trip.fees, trip.net, trip.exit_reason, trip.entry, trip.exit)
        for trip in sorted(fast.trips, key=lambda trip: trip.exit)
    ]  # fmt: skip


def _slow_trips(slow: Oracle) -> list[tuple[object, ...]]:
    return [
        (trip.symbol, int(trip.opened_at.timestamp()), int(trip.closed_at.timestamp()), trip.quantity,
         trip.entry_notional, trip.exit_notional, trip.gross, trip.fees, trip.net, trip.exit_reason,
         trip.entry_decision_id.int, trip.exit_decision_id.int)
        for trip in slow.trips()
    ]  # fmt: skip
