"""A path of the equity made short enough for a picture, with no peak and no trough lost.

It is thinned to at most `POINTS_MOST` points: of each stretch the lowest, the highest and the last one, and the deepest
fall. The fall below the highest so far is reckoned before thinning, so that every point tells the truth. Pure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.rules.outcome import ReplayCurve

POINTS_MOST = 2_000
A_STRETCH = 3


def curve(path: ReplayCurve) -> dict[str, Any]:
    """Columns of one length; `below` and `benchmark_below` are fractions from 0 down, None where nothing is known."""
    below, benchmark_below = fall(path.equity), fall(path.benchmark)
    places = thinned(path.equity)
    columns = {
        "equity": path.equity,
        "exposure": path.exposure,
        "benchmark": path.benchmark,
        "below": below,
        "benchmark_below": benchmark_below,
    }
    return {"at": [int(at) for at in path.at_s[places]]} | {
        name: [None if np.isnan(value) else float(value) for value in values[places]]
        for name, values in columns.items()
    }


def fall(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point lies below the highest up to it: value / highest − 1."""
    if not path.size:
        return path
    highest = np.fmax.accumulate(path)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(highest > 0, path / highest - 1, np.nan)


def thinned(path: NDArray[np.float64], most: int = POINTS_MOST) -> NDArray[np.intp]:
    """The places of the points that are kept, ascending; the first, the last and the deepest fall are among them."""
    if path.size <= most:
        return np.arange(path.size)
    stretches = np.array_split(np.arange(path.size), (most - 2) // A_STRETCH)
    known = np.where(np.isnan(path), 0.0, path)
    places = {0, int(np.nan_to_num(fall(path)).argmin())}
    for stretch in stretches:
        part = known[stretch]
        places |= {int(stretch[part.argmin()]), int(stretch[part.argmax()]), int(stretch[-1])}
    return np.array(sorted(places), dtype=np.intp)
