"""What a strategy is compared with: the same cash, spread evenly over the market at the start, and left alone. Pure."""

from __future__ import annotations

import numpy as np

from signals_app.rules.momentum import Floats, Ints


def held_from_start(closes: Ints | Floats, cash: float) -> Floats:
    """Its worth at each column, of symbols x columns of closes without gaps. What has no candle at the start is not
    bought; NaN where nothing has one."""
    bought = np.flatnonzero(closes[:, :1].any(axis=1))
    if not len(bought):
        return np.full(closes.shape[1], np.nan)
    weights = np.zeros(len(closes))
    weights[bought] = cash / len(bought) / closes[bought, 0]
    return closes.T @ weights
