"""How far fills were from the prices that were decided upon, over many orders. Pure arithmetic, in basis points.

    slippage = ± (average fill price − decision price) ÷ decision price × 10,000; above 0 is worse than decided

Quantiles are by nearest rank: of n values in order the ⌈q × n⌉th. Counts lie in steps `(…, edge]`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

EDGES_BPS = tuple(map(Decimal, (0, 5, 10, 25, 50, 100)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageSpread:
    """`counts` has one number for each step up to an edge and one for what is past the last."""

    orders: int
    mean_bps: Decimal
    median_bps: Decimal
    p95_bps: Decimal
    worst_bps: Decimal
    counts: tuple[int, ...]


def spread_of(orders: Mapping[Decimal, int]) -> SlippageSpread | None:
    """Of these orders, given as slippage in bps → how many had it; None without one."""
    total = sum(orders.values())
    if not total:
        return None
    ordered = sorted(orders.items())
    counts = [0] * (len(EDGES_BPS) + 1)
    for value, count in ordered:
        counts[bisect_left(EDGES_BPS, value)] += count
    return SlippageSpread(
        orders=total,
        mean_bps=sum((value * count for value, count in ordered), Decimal(0)) / total,
        median_bps=nearest_rank(ordered, Decimal("0.5")),
        p95_bps=nearest_rank(ordered, Decimal("0.95")),
        worst_bps=ordered[-1][0],
        counts=tuple(counts),
    )


def nearest_rank(ordered: Sequence[tuple[Decimal, int]], quantile: Decimal) -> Decimal:
    """The ⌈quantile × n⌉th of n values, which come ascending as (value, how many)."""
    wanted = max(math.ceil(quantile * sum(count for _, count in ordered)), 1)
    passed = 0
    for value, count in ordered:
        passed += count
        if passed >= wanted:
            return value
    raise ValueError("a quantile of no value")
