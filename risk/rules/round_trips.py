"""Round trips: one symbol from flat to flat, put together from its fills in the order they were booked.

    gross     what its sells realised, as the books have it: Σ (price − average entry) × quantity
    net       gross − fees
    slippage  Σ (price − decision price) × quantity of buys, the other way round of sells; above 0 is paid
    best      highest price while it lasted ÷ average entry − 1; worst: the lowest

Amounts are in the quote asset, fees as the books took them; dust that an exit left is part of its loss. The books' own
arithmetic is used, so that trips and ledger agree to the last digit. What is held at the end of the fills is no trip
yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from execution.rules.accounting import EXACT, MONEY, PRICE, ZERO, Holding, book, notional

WRITE_OFF = "WRITE_OFF"
EXITS = ("SIGNAL", "STOP", "HALT", "OPERATOR", WRITE_OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripFill:
    """One fill with what its order knows: why it was placed, at which price it was decided (None: nobody knows)."""

    fill_id: int
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    executed_at: datetime
    kind: str
    decision_id: UUID
    signal_id: UUID | None
    decision_price: Decimal | None
    limits_version: int | None
    base_fee: Decimal = ZERO
    dust: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One closed round trip. `quantity` is the most that was held."""

    symbol: str
    opened_at: datetime
    closed_at: datetime
    quantity: Decimal
    entry_notional: Decimal
    exit_notional: Decimal
    avg_entry_price: Decimal
    avg_exit_price: Decimal
    gross: Decimal
    fees: Decimal
    net: Decimal
    slippage: Decimal | None
    entry_decision_id: UUID
    exit_decision_id: UUID
    entry_signal_id: UUID | None
    exit_reason: str
    limits_version: int | None
    first_fill_id: int
    last_fill_id: int
    highest_fill: Decimal
    lowest_fill: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """How far the price went from the average entry while a trip lasted, as fractions."""

    best: Decimal
    worst: Decimal


def closed_trips(fills: Iterable[TripFill]) -> Iterator[Trip]:
    """The trips that these fills of one symbol close, of which the first begins flat. Raises Oversold."""
    holding, largest, gross = Holding(symbol=""), ZERO, ZERO
    taken: list[TripFill] = []
    for fill in fills:
        booking = book(
            holding,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            base_fee=fill.base_fee,
            dust=fill.dust,
        )
        holding = booking.holding
        taken.append(fill)
        largest, gross = max(largest, holding.quantity), gross + booking.realized_pnl
        if not holding.quantity:
            yield _trip(taken, largest, gross)
            taken, largest, gross = [], ZERO, ZERO


def _trip(fills: Sequence[TripFill], quantity: Decimal, gross: Decimal) -> Trip:
    first, last = fills[0], fills[-1]
    entry, bought = _sums(fill for fill in fills if fill.side == "BUY")
    leave, sold = _sums(fill for fill in fills if fill.side == "SELL")
    fees = sum((fill.fee for fill in fills), ZERO)
    prices = [fill.price for fill in fills if fill.price]
    return Trip(
        symbol=first.symbol,
        opened_at=first.executed_at,
        closed_at=last.executed_at,
        quantity=quantity,
        entry_notional=entry,
        exit_notional=leave,
        avg_entry_price=_quotient(entry, bought),
        avg_exit_price=_quotient(leave, sold),
        gross=gross,
        fees=fees,
        net=gross - fees,
        slippage=slippage(fills),
        entry_decision_id=first.decision_id,
        exit_decision_id=last.decision_id,
        entry_signal_id=first.signal_id,
        exit_reason=last.kind if last.price else WRITE_OFF,
        limits_version=first.limits_version,
        first_fill_id=first.fill_id,
        last_fill_id=last.fill_id,
        highest_fill=max(prices),
        lowest_fill=min(prices),
    )


def _sums(fills: Iterable[TripFill]) -> tuple[Decimal, Decimal]:
    """(notional, quantity) of all of them."""
    value, quantity = ZERO, ZERO
    for fill in fills:
        value += notional(fill.price, fill.quantity)
        quantity += fill.quantity
    return value, quantity


def _quotient(value: Decimal, quantity: Decimal) -> Decimal:
    return EXACT.divide(value, quantity).quantize(PRICE, None, EXACT)


def slippage(fills: Iterable[TripFill]) -> Decimal | None:
    """What these fills cost more than decided; None when one of them was decided at a price that nobody knows."""
    paid = ZERO
    for fill in fills:
        if fill.decision_price is None:
            return None
        worse = fill.price - fill.decision_price if fill.side == "BUY" else fill.decision_price - fill.price
        paid += EXACT.multiply(worse, fill.quantity).quantize(MONEY, None, EXACT)
    return paid


def whole_candles(trip: Trip, length: timedelta) -> tuple[datetime, int]:
    """(open time of the first, number) of the candles that lie in a trip with all of their length."""
    start = trip.opened_at.replace(hour=0, minute=0, second=0, microsecond=0)
    first = -((start - trip.opened_at) // length)
    last = (trip.closed_at - start) // length
    return start + first * length, max(0, last - first)


def excursion(trip: Trip, *, high: Decimal | None, low: Decimal | None) -> Excursion:
    """From the extremes of the candles within the trip, None when it is too short for one, and its own fills: what a
    candle at its edge showed may have been before or after it."""
    highest = max(trip.highest_fill, high or trip.highest_fill)
    lowest = min(trip.lowest_fill, low or trip.lowest_fill)
    return Excursion(best=_away(highest, trip), worst=_away(lowest, trip))


def _away(price: Decimal, trip: Trip) -> Decimal:
    return _quotient(price, trip.avg_entry_price) - 1
