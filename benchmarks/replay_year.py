"""A year of candles of thirty symbols, played by the account that decides: how fast, and what one decision costs.

The market is seeded and made in a second. Its volatility is such that a BUY crosses once in 500 to 800 candles, in the
dense year once in 200. Figures are of one core; each is the best of a few, for the machine does other things too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from execution.rules.fill_model import Model, Rules
from replay.rules.grid import CandleGrid
from replay.rules.settings import ReplaySettings
from risk.rules.limits import LIMITS, Limits
from signals_app.rules.strategy import Strategy

SYMBOLS, MINUTES_OF_A_YEAR = 30, 525_600
FIRST_PERIOD = 1_735_689_600 // 60  # 2025-01-01, minutes since the epoch
PLAIN, DENSE = 0.00142, 0.0021  # volatility of a minute
PLACES = 4
RULES = Rules(
    price_tick=Decimal("0.0001"), quantity_step=Decimal("0.001"), min_quantity=Decimal("0.001"),
    min_notional=Decimal(5), taker_fee=Decimal("0.0005"),
)  # fmt: skip


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
