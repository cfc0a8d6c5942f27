"""Figures of trials made by hand, from daily returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from replay.rules.trial_figures import TrialFigures
from replay.rules.worth import DAY_S


def make_trial(returns: Sequence[float] = (), **values: Any) -> TrialFigures:
    """Two hundred trips that earned before fees ten times what they cost."""
    usual: dict[str, Any] = {
        "net": float(np.prod(1 + np.array(returns)) - 1),
        "drawdown": 0.1,
        "trips": 200,
        "gross": 100.0,
        "fees": 10.0,
        "length_s": len(returns) * DAY_S,
        "returns": tuple(returns),
    }
    return TrialFigures(**usual | values)
