"""The portfolio a decision sees: cash, holdings with their marks, and what open buys reserve. Pure arithmetic.

    equity    = cash + Σ quantity × mark
    exposure  = Σ quantity × mark + Σ open buys at worst price
    free cash = cash − Σ open buys at worst price × (1 + fee), the instrument's taker fee, at least the allowance
    stop      = average entry × (1 − stop_loss_pct)

Totals are kept running, so that one more order costs no new sum over all positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from execution.rules.accounting import ZERO, Holding

FEE_ALLOWANCE = Decimal("0.002")


def stop_price(avg_entry_price: Decimal, stop_loss_pct: Decimal) -> Decimal:
    """The bid at which layer 5 sells a position, in quote per base unit."""
    return avg_entry_price * (1 - stop_loss_pct)


def fee_set_aside(amount: Decimal, taker_fee: Decimal) -> Decimal:
    """What an open buy of this worst cost may cost in fees, in the quote asset."""
    return amount * max(taker_fee, FEE_ALLOWANCE)


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A price in quote per base unit, and where it is from: BOOK or CANDLE."""

    price: Decimal
    source: str


class Portfolio(msgspec.Struct, kw_only=True):
    """An account at one moment; `reserve` and `start_exit` move it on while a batch is decided. `marks` has one for
    every holding; `exiting` holds the exit order under way of a symbol, `leaving` the symbols with an exit intent,
    `taker_fees` the fee on its open buys. The totals at the end are its own, and are not given."""

    cash: Decimal
    holdings: Mapping[str, Holding]
    marks: Mapping[str, Mark]
    reserved: dict[str, Decimal] = msgspec.field(default_factory=dict)
    exiting: dict[str, str] = msgspec.field(default_factory=dict)
    leaving: set[str] = msgspec.field(default_factory=set)
    taker_fees: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    positions_value: Decimal = ZERO
    reserved_total: Decimal = ZERO
    reserved_fees: Decimal = ZERO

    def __post_init__(self) -> None:
        self.positions_value = sum(map(self.notional, self.holdings), ZERO)
        if self.reserved:
            self._sum_reserved()

    def _sum_reserved(self) -> None:
        self.reserved_total = sum(self.reserved.values(), ZERO)
        fees = {symbol: self.taker_fees.get(symbol, FEE_ALLOWANCE) for symbol in self.reserved}
        self.reserved_fees = sum((fee_set_aside(self.reserved[name], fee) for name, fee in fees.items()), ZERO)

    @property
    def equity(self) -> Decimal:
        return self.cash + self.positions_value

    @property
    def exposure(self) -> Decimal:
        return self.positions_value + self.reserved_total

    @property
    def free_cash(self) -> Decimal:
        return self.cash - self.reserved_total - self.reserved_fees

    def notional(self, symbol: str) -> Decimal:
        """What is held of a symbol at its mark, in the quote asset; 0 when nothing is held."""
        holding = self.holdings.get(symbol)
        return holding.quantity * self.marks[symbol].price if holding else ZERO

    def unrealized_pnl(self, symbol: str) -> Decimal:
        """What a held symbol would earn if it were sold at its mark."""
        holding = self.holdings[symbol]
        return (self.marks[symbol].price - holding.avg_entry_price) * holding.quantity

    def symbol_exposure(self, symbol: str) -> Decimal:
        return self.notional(symbol) + self.reserved.get(symbol, ZERO)

    def reserve(self, symbol: str, amount: Decimal, taker_fee: Decimal) -> None:
        """An entry was approved: set its worst cost aside, and the fee on it."""
        self.reserved_fees += fee_set_aside(amount, taker_fee)
        self.reserved[symbol] = self.reserved.get(symbol, ZERO) + amount
        self.reserved_total += amount

    def start_exit(self, symbol: str, order_id: str) -> None:
        """An exit was approved: a second one joins it."""
        self.exiting[symbol] = order_id

    def must_leave(self, symbol: str) -> bool:
        """Whether the symbol is to be flat and is not yet."""
        return symbol in self.leaving and (symbol in self.holdings or symbol in self.reserved)
