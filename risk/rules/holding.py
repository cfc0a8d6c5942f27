"""What holding the watched symbols would have brought, bought in equal parts at the start and left alone. Pure.

    value(t) = average over the symbols of close(t) ÷ close(start); no fees, no slippage

A symbol without a price at the start cannot have been bought and is left out; one without a newer price counts at its
last. Without any symbol the benchmark is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from risk.rules.equity_path import Point


def equal_weights(
    bases: Mapping[str, Decimal], closes: Sequence[tuple[datetime, Mapping[str, Decimal]]]
) -> list[Point]:
    """The value at each time of 1 that was spread over `bases` (symbol → price at the start)."""
    if not bases:
        return []
    last = dict(bases)
    path = []
    for at, prices in closes:
        last |= {symbol: prices[symbol] for symbol in bases if symbol in prices}
        grown = sum((last[symbol] / base for symbol, base in bases.items()), Decimal(0))
        path.append((at, grown / len(bases)))
    return path
