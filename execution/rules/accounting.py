"""The arithmetic of the books, in Decimal: what a fill does to a position, to cash and to profit.

    BUY   avg_entry = (quantity·avg + filled·price) / (quantity + filled)        cash −= notional + fee
    SELL  realized += (price − avg_entry)·filled                                 cash += notional − fee

Notional and fees are rounded to 12 decimals of the quote asset, half even; average entry to 18. The same functions
book live, rebuild and replay, so the same fills give the same books to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from uuid import UUID

ZERO = Decimal(0)
MONEY = Decimal("1e-12")
PRICE = Decimal("1e-18")
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One symbol's position as plain values, the one type of it beside the database's row.

    Base units, average entry in quote per base unit, profit realised since ever. The episode is the time from flat to
    flat, with the market time of its first fill; a flat position has none.
    """

    symbol: str
    quantity: Decimal = ZERO
    avg_entry_price: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    episode_id: UUID | None = None
    opened_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What one fill changes: the position after it, the profit it realised, the signed changes of cash."""

    holding: Holding
    realized_pnl: Decimal
    trade_amount: Decimal
    fee_amount: Decimal


class Oversold(Exception):
    """A sell of more than is held: long only."""


def notional(price: Decimal, quantity: Decimal) -> Decimal:
    """price × quantity in the quote asset, to 12 decimals."""
    return EXACT.multiply(price, quantity).quantize(MONEY, context=EXACT)


def fee_of(amount: Decimal, rate: Decimal) -> Decimal:
    """Fee on a notional, to 12 decimals; `rate` is a fraction."""
    return EXACT.multiply(amount, rate).quantize(MONEY, context=EXACT)


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` not above `value`."""
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` not below `value`."""
    return (value / step).to_integral_value(rounding=ROUND_UP) * step


def begun(holding: Holding, *, episode_id: UUID, opened_at: datetime) -> Holding:
    """A flat position at the first fill of its next episode; one that is held goes on with its own."""
    return holding if holding.quantity else replace(holding, episode_id=episode_id, opened_at=opened_at)


def book(holding: Holding, *, side: str, price: Decimal, quantity: Decimal, fee: Decimal) -> Booking:
    """Apply one fill. Raises Oversold when a SELL exceeds the position."""
    value = notional(price, quantity)
    if side == "BUY":
        return Booking(
            holding=_bought(holding, price, quantity), realized_pnl=ZERO, trade_amount=-value, fee_amount=-fee
        )
    if quantity > holding.quantity:
        raise Oversold(f"sell of {quantity} against a position of {holding.quantity}")
    gain = EXACT.multiply(price - holding.avg_entry_price, quantity).quantize(MONEY, context=EXACT)
    left = holding.quantity - quantity
    after = replace(
        holding,
        quantity=left,
        avg_entry_price=holding.avg_entry_price if left else ZERO,
        realized_pnl=holding.realized_pnl + gain,
        episode_id=holding.episode_id if left else None,
        opened_at=holding.opened_at if left else None,
    )
    return Booking(holding=after, realized_pnl=gain, trade_amount=value, fee_amount=-fee)


def _bought(holding: Holding, price: Decimal, quantity: Decimal) -> Holding:
    total = holding.quantity + quantity
    cost = EXACT.multiply(holding.quantity, holding.avg_entry_price) + EXACT.multiply(quantity, price)
    average = EXACT.divide(cost, total).quantize(PRICE, context=EXACT)
    return replace(holding, quantity=total, avg_entry_price=average)
