"""The books of a replay: cash, holdings, and the round trips that fills begin and end. Exact Decimal.

Each execution is booked by the arithmetic that books live (`execution.rules.accounting`); a trip is summed up as
`risk.rules.round_trips` does it, so that trips and books agree to the last digit. Pure.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from execution.rules.accounting import ZERO, Holding, book
from execution.rules.book_walk import Execution
from replay.rules.outcome import ReplayTrip


class TripSoFar(msgspec.Struct):
    """A round trip while it lasts. `entry` is the number of the decision that began it."""

    entry: int
    opened_at_s: int
    quantity: Decimal = ZERO
    entry_notional: Decimal = ZERO
    exit_notional: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO


class ReplayBooks:
    """`holdings` and what is summed up by symbol; only what is held is in it."""

    def __init__(self, cash: Decimal) -> None:
        self.cash, self.fees, self.turnover = cash, ZERO, ZERO
        self.holdings: dict[str, Holding] = {}
        self.trips: list[ReplayTrip] = []
        self._open: dict[str, TripSoFar] = {}

    def book(self, symbol: str, side: str, execution: Execution, *, kind: str, number: int, at_s: int) -> None:
        """Book one execution of the order that decision `number` placed. Raises Oversold."""
        before = self.holdings.get(symbol) or Holding(symbol=symbol)
        booking = book(before, side=side, price=execution.price, quantity=execution.quantity, fee=execution.fee)
        trade, fee = booking.entries
        amount, after = trade.amount, booking.holding
        self.cash += amount + fee.amount
        self.fees += execution.fee
        trip = self._open.get(symbol)
        if trip is None:
            trip = self._open[symbol] = TripSoFar(entry=number, opened_at_s=at_s)
        trip.fees += execution.fee
        if side == "BUY":
            self.turnover -= amount
            trip.entry_notional -= amount
            trip.quantity = max(trip.quantity, after.quantity)
        else:
            self.turnover += amount
            trip.exit_notional += amount
            trip.gross += booking.realized_pnl
        if after.quantity:
            self.holdings[symbol] = after
        else:
            del self.holdings[symbol]
            self._close(symbol, kind, number, at_s)

    def _close(self, symbol: str, kind: str, number: int, at_s: int) -> None:
        trip = self._open.pop(symbol)
        self.trips.append(
            ReplayTrip(
                symbol=symbol,
                opened_at_s=trip.opened_at_s,
                closed_at_s=at_s,
                quantity=trip.quantity,
                entry_notional=trip.entry_notional,
                exit_notional=trip.exit_notional,
                gross=trip.gross,
                fees=trip.fees,
                net=trip.gross - trip.fees,
                exit_reason=kind,
                entry=trip.entry,
                exit=number,
            )
        )
