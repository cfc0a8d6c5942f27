"""Who is strongest: ranks by momentum, what a BUY must bring with it, and how strong it is.

    rank      1 is the largest momentum of the universe; equal ones are ordered by symbol
    a BUY     rank <= top_n, else RANK; quote volume of the lookback >= min_volume, else VOLUME
    strength  min(1, momentum / (2 x threshold)): twice the threshold is the full position

Ranking orders float64 momentum; every other number is exact.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from signals_app.rules.momentum import Floats, Ints

STRENGTH_STEP = Decimal("1E-10")
FULL = Decimal(1)


def ranks(momentum: Floats) -> Ints:
    """Rank per symbol along the first axis, 0 where momentum is NaN. Rows in order of symbol, one or many columns."""
    order = np.argsort(-momentum, axis=0, kind="stable")
    places = np.arange(1, len(momentum) + 1, dtype=np.int64).reshape((-1,) + (1,) * (momentum.ndim - 1))
    ranked = np.empty(momentum.shape, np.int64)
    np.put_along_axis(ranked, order, np.broadcast_to(places, momentum.shape), axis=0)
    return np.where(np.isnan(momentum), 0, ranked)


def rank_of(momentum: Floats, rows: Ints) -> Ints:
    """`ranks` of one symbol a column, the one at `rows`, without ranking the others: symbols x columns in, one rank a
    column out. Those that are stronger are ahead of it, and of the equally strong the ones before it."""
    own = momentum[rows, np.arange(len(rows))]
    earlier = np.arange(len(momentum)).reshape(-1, 1) < rows
    ahead = (momentum > own) | ((momentum == own) & earlier)
    return np.where(np.isnan(own), 0, 1 + np.count_nonzero(ahead, axis=0))


def refusal(rank: int, quote_volume: Decimal, top_n: int, min_volume: Decimal) -> str:
    """Why a crossing up is no BUY: RANK, VOLUME, or nothing."""
    if rank > top_n:
        return "RANK"
    return "VOLUME" if quote_volume < min_volume else ""


def strength(momentum: Decimal, threshold: Decimal) -> Decimal:
    """0 to 1, to 10 decimal places. `threshold` is positive."""
    share = min(FULL, max(Decimal(0), momentum / (2 * threshold)))
    return share.quantize(STRENGTH_STEP, ROUND_HALF_EVEN)
