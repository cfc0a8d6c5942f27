"""The portfolio a decision sees: cash, positions at their marks, and what open buys reserve. Pure arithmetic.

    equity    = cash + Σ quantity × mark
    exposure  = Σ quantity × mark + Σ open buys at worst price
    free cash = cash − Σ open buys at worst price × (1 + fee allowance)
    stop      = average entry × (1 − stop_loss_pct)

Totals are kept running, so that one more order costs no new sum over all positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

ZERO = Decimal(0)
FEE_ALLOWANCE = Decimal("0.002")


def stop_price(avg_entry_price: Decimal, stop_loss_pct: Decimal) -> Decimal:
    """The bid at which layer 5 sells a position, in quote per base unit."""
    return avg_entry_price * (1 - stop_loss_pct)


@dataclass(slots=True, kw_only=True)
class Stake:
    """One held symbol: base units, average entry and mark in quote per base unit."""

    symbol: str
    quantity: Decimal
    avg_entry_price: Decimal
    mark_price: Decimal
    mark_source: str
    episode_id: UUID | None
    version: int = 0

    @property
    def notional(self) -> Decimal:
        return self.quantity * self.mark_price

    @property
    def unrealized_pnl(self) -> Decimal:
        return (self.mark_price - self.avg_entry_price) * self.quantity


@dataclass(slots=True, kw_only=True)
class Portfolio:
    """An account at one moment; `reserve` and `start_exit` move it on while a batch is decided. `exiting` holds the
    exit order under way of a symbol."""

    cash: Decimal
    stakes: dict[str, Stake]
    reserved: dict[str, Decimal] = field(default_factory=dict)
    exiting: dict[str, str] = field(default_factory=dict)
    positions_value: Decimal = field(init=False)
    reserved_total: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.positions_value = sum((stake.notional for stake in self.stakes.values()), ZERO)
        self.reserved_total = sum(self.reserved.values(), ZERO)

    @property
    def equity(self) -> Decimal:
        return self.cash + self.positions_value

    @property
    def exposure(self) -> Decimal:
        return self.positions_value + self.reserved_total

    @property
    def free_cash(self) -> Decimal:
        return self.cash - self.reserved_total * (1 + FEE_ALLOWANCE)

    def symbol_exposure(self, symbol: str) -> Decimal:
        stake = self.stakes.get(symbol)
        return (stake.notional if stake else ZERO) + self.reserved.get(symbol, ZERO)

    def reserve(self, symbol: str, amount: Decimal) -> None:
        """An entry was approved: set its worst cost aside."""
        self.reserved[symbol] = self.reserved.get(symbol, ZERO) + amount
        self.reserved_total += amount

    def start_exit(self, symbol: str, order_id: str) -> None:
        """An exit was approved: a second one joins it."""
        self.exiting[symbol] = order_id
