"""The equity a UTC day opened with, put together from what was held at midnight. Pure arithmetic.

    opening equity = cash at midnight + Σ quantity × close of the last candle before midnight

Until that candle of every held symbol is stored the opening is provisional: the symbol counts at the last close there
is. What it lost since that close may have been lost yesterday, so it is no certain loss of today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from execution.rules.accounting import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAtMidnight:
    """One symbol's position at midnight. `close` is the last price known of the time before; `closed` tells whether it
    is the one of the last candle; `traded_since` is the price of the newest fill after midnight."""

    symbol: str
    quantity: Decimal
    close: Decimal
    closed: bool
    traded_since: Decimal | None = None

    @property
    def value(self) -> Decimal:
        return self.quantity * self.close

    def certain_value(self, first_seen: Mapping[str, Decimal]) -> Decimal:
        """What it was worth as far as is certain: an unknown close is not counted above the first price seen today."""
        today = first_seen.get(self.symbol, self.traded_since)
        if self.closed or today is None:
            return self.value
        return self.quantity * min(self.close, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """`cash` has all that was paid in or out of the account since, too: `external` is the sum of it, of all days.
    `unbooked` counts the orders from before midnight that may still bring a fill from before it."""

    cash: Decimal
    external: Decimal
    held: tuple[HeldAtMidnight, ...] = ()
    unbooked: int = 0

    @property
    def equity(self) -> Decimal:
        return self.cash + sum((row.value for row in self.held), ZERO)

    @property
    def missing(self) -> tuple[HeldAtMidnight, ...]:
        """The symbols whose last candle before midnight is not stored."""
        return tuple(row for row in self.held if not row.closed)

    def explained(self) -> dict[str, Any]:
        """What it was put together from, for whoever asks later."""
        return {
            "cash": str(self.cash),
            "external": str(self.external),
            "unbooked": self.unbooked,
            "held": [
                {"symbol": row.symbol, "quantity": str(row.quantity), "close": str(row.close), "closed": row.closed}
                for row in self.held
            ],
        }
