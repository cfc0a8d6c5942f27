"""Whose book is watched to its levels: what is held, and what is near a BUY, the nearest first.

    momentum now = last price / close LOOKBACK before the forming candle − 1
    near         from NEAR of the threshold on
    nearest      the smallest distance to the threshold, over it or under

A symbol that is near no longer stays LINGER_S, so that one at the border does not come and go with every price. What
has no last price, or no candle to compare with, is not near. Pure: the caller brings the time, in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

NEAR = Decimal("0.5")
LINGER_S = 30.0
SYMBOLS_MAX = 20


class DepthWishes:
    """`threshold` as a fraction of the price."""

    def __init__(self, threshold: Decimal) -> None:
        self.threshold = threshold
        self._wanted_at: dict[str, float] = {}

    def wanted(
        self,
        *,
        watched: Collection[str],
        held: Collection[str],
        last: Mapping[str, Decimal],
        base: Mapping[str, Decimal],
        now_s: float,
    ) -> list[str]:
        """The symbols whose levels are wanted now, of those `watched`, SYMBOLS_MAX at most."""
        distance = {
            symbol: abs(momentum - self.threshold)
            for symbol, price in last.items()
            if base.get(symbol) and (momentum := price / base[symbol] - 1) >= self.threshold * NEAR
        }
        self._wanted_at |= dict.fromkeys([*held, *distance], now_s)
        self._wanted_at = {
            symbol: at_s for symbol, at_s in self._wanted_at.items() if symbol in watched and now_s - at_s < LINGER_S
        }
        far = max(distance.values(), default=Decimal(0)) + 1
        nearest = sorted(self._wanted_at, key=lambda symbol: (symbol not in held, distance.get(symbol, far), symbol))
        return nearest[:SYMBOLS_MAX]
