"""Small seeded markets that are unkind, and settings that bring out what is rare.

Gaps of symbols and of the feed, jumps, late listings, coarse ticks, no volume; limits so tight that halts and breakers
come by the dozen, minimums so high that positions turn into dust. `drawn(seed)` is one of them all.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from execution.rules.fill_model import Model, Rules
from replay.rules.grid import CandleGrid
from replay.rules.settings import FILLS, MARKS, NEVER, NEXT_DAY, ReplaySettings
from risk.rules.layers import LAYERS
from risk.rules.limits import LIMITS, Limits
from signals_app.rules.momentum import Bools, Ints
from signals_app.rules.strategy import Strategy

FIRST_PERIOD = 29_000_000  # minutes since the epoch: 2025-02-20 21:20 UTC, so that a day ends after some hours


def make_strategy(*, interval_s: int = 60, **changes: Any) -> Strategy:
    usual: dict[str, Any] = {
        "interval": f"{interval_s // 60}m", "interval_s": interval_s, "lookback_s": 5 * interval_s,
        "threshold": Decimal("0.01"), "exit": Decimal("0.002"), "min_volume": Decimal(0), "top_n": 5, "ttl_s": 5,
        "grace_s": 2.0,
    }  # fmt: skip
    return Strategy(**usual | changes)


def make_limits(**changes: Decimal) -> Limits:
    return Limits(version=1, **{limit.name: limit.default for limit in LIMITS} | changes)


def make_rules(*, tick: str = "0.0001", step: str = "0.001", least: str = "1") -> Rules:
    return Rules(
        price_tick=Decimal(tick), quantity_step=Decimal(step), min_quantity=Decimal(step), min_notional=Decimal(least),
        taker_fee=Decimal("0.0005"),
    )  # fmt: skip


def make_settings(grid: CandleGrid, **changes: Any) -> ReplaySettings:
    usual: dict[str, Any] = {
        "strategy": make_strategy(interval_s=grid.interval_s), "limits": make_limits(),
        "model": Model(impact_bps=Decimal(50), depth_share=Decimal("0.01")),
        "rules": {symbol: make_rules() for symbol in grid.symbols},
        "starting_cash": Decimal(10_000), "spread_bps": Decimal(4),
    }  # fmt: skip
    return ReplaySettings(**usual | changes)


@dataclass(frozen=True, kw_only=True)
class MarketKind:
    """How wild a market is: a candle's volatility, shares of candles that are missing, silent or jump, its length."""

    symbols: int = 6
    periods: int = 700
    interval_s: int = 60
    volatility: float = 0.004
    drift: float = 0.0
    missing: float = 0.01
    silent: float = 0.001
    jumps: float = 0.002
    volume: int = 2_000_000
    dry: float = 0.0


def market(seed: int, kind: MarketKind) -> CandleGrid:
    """Prices in units of 10^-4 around 2 to 200, volumes in whole quote units."""
    rng = np.random.default_rng(seed)
    shape = kind.symbols, kind.periods
    jumps = rng.normal(0, 0.06, shape) * (rng.random(shape) < kind.jumps)
    steps = rng.normal(kind.drift, kind.volatility, shape) + jumps
    starts = np.exp(rng.uniform(np.log(2e4), np.log(2e6), kind.symbols))
    close = np.maximum(np.round(starts[:, None] * np.exp(np.cumsum(steps, axis=1))), 1).astype(np.int64)
    gap = rng.normal(0, kind.volatility / 3, shape)
    opened = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    open_ = np.maximum(np.round(opened * np.exp(gap)), 1).astype(np.int64)
    wick = np.abs(rng.normal(0, kind.volatility / 2, (2, *shape)))
    high = np.maximum(np.maximum(open_, close), np.round(np.maximum(open_, close) * (1 + wick[0]))).astype(np.int64)
    low = np.maximum(np.minimum(open_, close) * (1 - wick[1]), 1).astype(np.int64)
    volume = np.round(rng.exponential(kind.volume, shape)).astype(np.int64) + 1
    volume[rng.random(kind.symbols) < kind.dry] = 0
    missing = _missing(rng, kind)
    columns = [np.where(missing, 0, field) for field in (open_, high, low, close, volume)]
    return grid_of(columns, interval_s=kind.interval_s)


def grid_of(columns: list[Ints], *, interval_s: int = 60, places: int = 4) -> CandleGrid:
    """A grid of open, high, low, close and quote volume."""
    open_, high, low, close, volume = columns
    rows = len(close)
    return CandleGrid(
        symbols=tuple(f"S{row:02d}USDT" for row in range(rows)), interval_s=interval_s,
        first_period=FIRST_PERIOD * 60 // interval_s,
        price_places=(places,) * rows, volume_places=(0,) * rows,
        open=open_, high=high, low=low, close=close, quote_volume=volume,
    )  # fmt: skip


def _missing(rng: np.random.Generator, kind: MarketKind) -> Bools:
    """Single candles, runs of them, silences of all, and symbols that were listed late or ended early."""
    shape = kind.symbols, kind.periods
    missing = rng.random(shape) < kind.missing
    for row in range(kind.symbols):
        for start in np.flatnonzero(rng.random(kind.periods) < kind.missing / 10):
            missing[row, start : start + int(rng.integers(2, 15))] = True
    for start in np.flatnonzero(rng.random(kind.periods) < kind.silent):
        missing[:, start : start + int(rng.integers(1, 6))] = True
    if kind.missing and kind.symbols > 2:
        missing[0, : int(rng.integers(0, kind.periods // 3))] = True
        missing[1, -int(rng.integers(1, kind.periods // 3)) :] = True
    return missing


def drawn(seed: int) -> tuple[CandleGrid, ReplaySettings]:
    """A market and settings of a seed: every kind of fill, mark, halt, limit and instrument comes up."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    kind = MarketKind(
        symbols=draw.choice([1, 3, 6]), periods=draw.choice([200, 500]), interval_s=draw.choice([60, 60, 60, 300]),
        volatility=draw.choice([0.002, 0.004, 0.008, 0.02]), drift=draw.choice([0, -0.0005, 0.0005]),
        missing=draw.choice([0, 0.01, 0.1]), silent=draw.choice([0, 0.001, 0.01]),
        jumps=draw.choice([0, 0.002, 0.01]), volume=draw.choice([2_000_000, 20_000, 300]),
        dry=draw.choice([0, 0, 0.3]),
    )  # fmt: skip
    grid = market(seed, kind)
    rules = {symbol: _drawn_rules(draw) for symbol in grid.symbols}
    if draw.random() < 0.1:
        del rules[grid.symbols[-1]]
    without = draw.choice(LAYERS) if draw.random() < 0.2 else None
    settings = make_settings(
        grid,
        limits=_drawn_limits(draw), rules=rules, starting_cash=Decimal(draw.choice([10_000, 100_000, 100])),
        spread_bps=Decimal(draw.choice([0, 4, 20])), fill=draw.choice(FILLS), marks=draw.choice(MARKS),
        after_halt=draw.choice([NEXT_DAY, NEVER, 90]), layers=tuple(layer for layer in LAYERS if layer is not without),
    )  # fmt: skip
    return grid, settings


def _drawn_rules(draw: random.Random) -> Rules:
    return make_rules(
        tick=draw.choice(["0.0001", "0.01", "0.00001"]),
        step=draw.choice(["0.001", "1"]),
        least=draw.choice(["1", "5", "900"]),
    )


def _drawn_limits(draw: random.Random) -> Limits:
    choices = {
        "max_daily_drawdown_pct": ["0.05", "0.01", "0.003"], "max_drawdown_pct": ["0.05", "0.01", "0.004"],
        "max_jump_pct": ["0.05", "0.02"], "stop_loss_pct": ["0.02", "0.005", "0.05"],
        "good_data_s": ["30", "30", "150", "601"], "max_data_silence_s": ["30", "30", "150"],
        "max_price_age_s": ["10", "10", "100"], "max_orders_per_minute": ["300", "2", "1"],
        "max_slippage_pct": ["0.01", "0.002"], "max_position_pct": ["0.1", "0.5"], "max_exposure_pct": ["0.5", "0.9"],
        "stop_cooldown_s": ["600", "0", "86400"], "max_spread_bps": ["100", "6"],
    }  # fmt: skip
    return make_limits(**{name: Decimal(draw.choice(values)) for name, values in choices.items()})
