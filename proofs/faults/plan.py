"""Which symbols of a fault run step up and which down in each period, so that every SELL meets a position.

    resting ──BUY──▶ high       when it is the symbol's turn
    high ──SELL──▶ down         when its position is in the books and HOLD_PERIODS are over
    down ──▶ resting            when its position is gone and REST_PERIODS are over

A symbol whose BUY came to nothing, denied or rejected, would stay high for ever: it steps down after GIVE_UP_PERIODS,
and its SELL finds no position. While the books cannot be read nothing steps down. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from dataclasses import dataclass, field

HOLD_PERIODS = 3
REST_PERIODS = 2
# Longer than the slowest fill after an outage: a BUY given up too early would be filled under the next one's feet.
GIVE_UP_PERIODS = 240


@dataclass(slots=True)
class LoadPlan:
    """`signals_per_period`, half of them BUYs, of symbols that take turns."""

    symbols: list[str]
    signals_per_period: int
    period: int = 0
    _resting: deque[str] = field(init=False)
    _high_since: dict[str, int] = field(default_factory=dict)
    _down_since: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._resting = deque(self.symbols)

    def next(self, held: Set[str] | None, *, buying: bool) -> tuple[list[str], list[str]]:
        """(Who steps up, who steps down) in the next period; `held` None: the books could not be read."""
        self.period += 1
        down = [] if held is None else [symbol for symbol in self._high_since if self._may_sell(symbol, held)]
        for symbol in down:
            del self._high_since[symbol]
            self._down_since[symbol] = self.period
        if held is not None:
            self._rest(held)
        count = max(1, self.signals_per_period // 2) if buying else 0
        up = [self._resting.popleft() for _ in range(min(count, len(self._resting)))]
        self._high_since |= dict.fromkeys(up, self.period)
        return up, down

    def _may_sell(self, symbol: str, held: Set[str]) -> bool:
        age = self.period - self._high_since[symbol]
        return (symbol in held and age >= HOLD_PERIODS) or age >= GIVE_UP_PERIODS

    def _rest(self, held: Set[str]) -> None:
        """Symbols that were sold take their place at the end of the queue."""
        for symbol, since in list(self._down_since.items()):
            if symbol not in held and self.period - since >= REST_PERIODS:
                del self._down_since[symbol]
                self._resting.append(symbol)
