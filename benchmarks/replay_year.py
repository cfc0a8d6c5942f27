"""A year of minutes of thirty symbols, played by the account that decides: how fast, and what one decision costs.

The market is seeded. Its volatility is such that a BUY crosses once in 500 to 800 candles, in the dense year once in
200. Candles a second are of one core's time, from candles in memory to the outcome, signals included; each figure is
the best of a few, for the machine does other things too. Small unkind markets are compared with the slow replay.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from execution.rules.fill_model import Book, Model, Rules
from proofs.rig.waiting import say
from proofs.slow_replay.comparing import differences
from proofs.slow_replay.markets import drawn
from replay.rules import quick
from replay.rules.account import ReplayAccount, play
from replay.rules.candidates import candidates
from replay.rules.compiled import COMPILES
from replay.rules.grid import CandleGrid
from replay.rules.replay_desk import ReplayDesk, ReplayOrder
from replay.rules.settings import ReplaySettings
from risk.rules.limits import LIMITS, Limits
from signals_app.rules.strategy import Strategy

SYMBOLS, MINUTES_OF_A_YEAR = 30, 525_600
FIRST_PERIOD = 1_735_689_600 // 60  # 2025-01-01, minutes since the epoch
USUAL, DENSE = 0.00102, 0.00133  # volatility of a minute
PLACES = 4
TIMES, DRAWN, TRIED = 3, 40, 8
RULES = Rules(
    price_tick=Decimal("0.0001"), quantity_step=Decimal("0.001"), min_quantity=Decimal("0.001"),
    min_notional=Decimal(5), taker_fee=Decimal("0.0005"),
)  # fmt: skip


class TimedDesk(ReplayDesk):
    """Tells the time of every step of a decision: inputs and layers, then fill and books."""

    def __init__(self, settings: ReplaySettings) -> None:
        super().__init__(settings)
        self.spent_ns: list[int] = []

    def decide(self, *asked: Any) -> list[ReplayOrder]:
        begun = time.perf_counter_ns()
        orders = super().decide(*asked)
        self.spent_ns.append(time.perf_counter_ns() - begun)
        return orders

    def send(self, order: ReplayOrder, book: Book, at_s: int) -> None:
        begun = time.perf_counter_ns()
        super().send(order, book, at_s)
        self.spent_ns.append(time.perf_counter_ns() - begun)


def year_figures() -> dict[str, Any]:
    """Decided years, one decision, one set of limits, and what the slow replay has otherwise."""
    found = {"oracle_differences": sum(len(differences(*drawn(seed))) for seed in range(DRAWN)), "disagreements": 0}
    for name, volatility in (("year", USUAL), ("year_dense", DENSE)):
        grid = year(volatility)
        settings = year_settings(grid)
        rate, disagreements = _decided(name, grid, settings)
        found |= {f"{name}_decided_per_s": rate, "disagreements": found["disagreements"] + disagreements}
        if volatility == USUAL:
            found["ms_per_limit_set"] = _ms_per_limit_set(grid, settings) if COMPILES else None
        del grid, settings  # nobody plays two years at once
        gc.collect()
    return found | {"us_per_decision": _us_per_decision()}


def _decided(name: str, grid: CandleGrid, settings: ReplaySettings) -> tuple[int, int]:
    """Candles a second, and events that the guide named otherwise than they were decided."""
    best, disagreements = float("inf"), 0
    for _ in range(TIMES):
        begun = time.process_time()
        outcome = play(grid, candidates(grid, settings.strategy), settings)
        best = min(best, time.process_time() - begun)
        disagreements = outcome.disagreements
        told = f"{len(outcome.decisions)} decisions, {len(outcome.trips)} trips"
        del outcome  # two of them are the most memory there would be
        gc.collect()  # or what Python keeps of a hundred thousand decisions for the next ones is counted too
    say(f"{name}: {told}, {best:.2f} s")
    return round(grid.candles / best), disagreements


def _us_per_decision() -> float:
    """Inputs, layers, fill and books over the run of a fortnight; of each step the best of some runs, for it is the
    same each time and only what interrupts it differs."""
    grid = year(USUAL, periods=20_000)
    settings = year_settings(grid)
    found = candidates(grid, settings.strategy)
    runs = [_timed(ReplayAccount(grid, found, settings), settings) for _ in range(3 * TIMES)]
    steps = np.array([desk.spent_ns for desk in runs]).min(axis=0)
    return round(float(steps.sum()) / len(runs[0].decisions) / 1000, 1)


def _timed(account: ReplayAccount, settings: ReplaySettings) -> TimedDesk:
    account.desk = account.standing.desk = desk = TimedDesk(settings)
    account.play(None)
    return desk


def _ms_per_limit_set(grid: CandleGrid, settings: ReplaySettings) -> float:
    """One set of limits after another on candles that are there: the median."""
    found, spent = candidates(grid, settings.strategy), []
    for number in range(TRIED + 1):
        tighter = replace(settings.limits, stop_loss_pct=Decimal(number + 10) / 1000)
        begun = time.process_time()
        quick.quick_figures(grid, found, replace(settings, limits=tighter), grid.opens_s(0))
        spent.append((time.process_time() - begun) * 1000)
    quick.forget()
    return _median(spent[1:])  # the first reads the candles, and may compile


def _median(values: Sequence[float]) -> float:
    return round(sorted(values)[len(values) // 2], 1)


def year(volatility: float, *, seed: int = 7, symbols: int = SYMBOLS, periods: int = MINUTES_OF_A_YEAR) -> CandleGrid:
    """Prices that swing around where they began, in units of 10^-4; volumes in whole units of the quote asset."""
    rng = np.random.default_rng(seed)
    fields = [np.empty((symbols, periods), np.int64) for _ in range(5)]
    for row in range(symbols):
        steps = rng.standard_normal(periods, np.float32)
        path = np.cumsum(steps * np.float32(volatility), dtype=np.float64)
        close = np.exp(np.sin(path) + rng.uniform(11, 15)).astype(np.int64)
        wick = np.abs(rng.standard_normal(periods, np.float32)) * np.float32(volatility / 2)
        opened = np.concatenate([close[:1], close[:-1]])
        fields[0][row], fields[3][row] = opened, close
        fields[1][row] = np.maximum(opened, close) * (1 + wick)
        fields[2][row] = np.minimum(opened, close) * (1 - wick)
        fields[4][row] = 50_000 + rng.integers(0, 100_000, periods)
    return CandleGrid(
        symbols=tuple(f"S{row:02d}USDT" for row in range(symbols)), interval_s=60, first_period=FIRST_PERIOD,
        price_places=(PLACES,) * symbols, volume_places=(0,) * symbols,
        open=fields[0], high=fields[1], low=fields[2], close=fields[3], quote_volume=fields[4],
    )  # fmt: skip


def year_settings(grid: CandleGrid, **changes: Any) -> ReplaySettings:
    """The defaults of the strategy and of every limit."""
    strategy = Strategy(
        interval="1m", interval_s=60, lookback_s=900, threshold=Decimal("0.01"), exit=Decimal(0),
        min_volume=Decimal(100_000), top_n=10, ttl_s=5, grace_s=2.0,
    )  # fmt: skip
    usual: dict[str, Any] = {
        "strategy": strategy, "limits": Limits(version=1, **{limit.name: limit.default for limit in LIMITS}),
        "model": Model(impact_bps=Decimal(5), depth_share=Decimal("0.0005")),
        "rules": dict.fromkeys(grid.symbols, RULES), "starting_cash": Decimal(100_000), "spread_bps": Decimal(2),
    }  # fmt: skip
    return ReplaySettings(**usual | changes)
