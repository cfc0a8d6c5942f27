"""The path of a replay's equity without the candles before the first one that is played.

Those warm the lookback and tell the turnover of the day before; nothing is decided there. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from replay.rules.benchmark import held_from_start
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayCurve, ReplayOutcome
from replay.rules.replay_market import filled


def shown(outcome: ReplayOutcome, grid: CandleGrid, warm_up: int) -> ReplayOutcome:
    """With the path of the equity from the first column that is played on; the universe is held from there."""
    if not warm_up:
        return outcome
    curve = outcome.curve
    cut = ReplayCurve(
        at_s=curve.at_s[warm_up:],
        equity=curve.equity[warm_up:],
        exposure=curve.exposure[warm_up:],
        benchmark=held_from_start(filled(grid.close)[:, warm_up:], float(outcome.starting_cash)),
    )
    return replace(outcome, curve=cut)
