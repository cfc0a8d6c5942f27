"""The arithmetic of the books, in Decimal: what a fill does to a position and to each account of the ledger.

    BUY   avg_entry = (quantity·avg + filled·price) / (quantity + filled)        cash −= notional + fee
    SELL  realized += (price − avg_entry)·filled                                 cash += notional − fee

A fee that is taken in base units is worth price × units: of a buy so much less is held, and cash does not pay it.
Notional and fees are rounded to 12 decimals of the quote asset, half even; average entry to 18. The same functions
book live, rebuild and replay, so the same fills give the same books to the last digit (docs/books.md).
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from uuid import UUID

import msgspec
from msgspec.structs import replace

ZERO = Decimal(0)
MONEY = Decimal("1e-12")
PRICE = Decimal("1e-18")
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Holding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class Legs(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of the ledger: what moves on each account, in the quote asset, together nothing; a credit is below 0.

    `amount` is cash, `inventory` the entry value of what is held, `realized` minus the profit; `units` are the base
    units that inventory moves.
    """

    kind: str
    amount: Decimal = ZERO
    inventory: Decimal = ZERO
    fees: Decimal = ZERO
    realized: Decimal = ZERO
    units: Decimal = ZERO


class Booking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one fill changes: the position after it, the profit it realised, its entries: the trade's, the fee's, and
    that of the dust it left, if it did."""

    holding: Holding
    realized_pnl: Decimal
    entries: tuple[Legs, ...]

    @property
    def cash(self) -> Decimal:
        return sum((legs.amount for legs in self.entries), ZERO)

    @property
    def trade_amount(self) -> Decimal:
        return self.entries[0].amount

    @property
    def fee_amount(self) -> Decimal:
        return self.entries[1].amount


class Oversold(Exception):
    """More leaves than is held: long only."""


class UnknownFee(ValueError):
    """A fee in an asset that the books have no price of."""


def notional(price: Decimal, quantity: Decimal) -> Decimal:
    """price × quantity in the quote asset, to 12 decimals."""
    return EXACT.multiply(price, quantity).quantize(MONEY, None, EXACT)


def fee_of(amount: Decimal, rate: Decimal) -> Decimal:
    """Fee on a notional, to 12 decimals; `rate` is a fraction."""
    return EXACT.multiply(amount, rate).quantize(MONEY, None, EXACT)


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` not above `value`."""
    return value // step * step


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` not below `value`."""
    return (value / step).to_integral_value(ROUND_UP) * step


def begun(holding: Holding, *, episode_id: UUID, opened_at: datetime) -> Holding:
    """A flat position at the first fill of its next episode; one that is held goes on with its own."""
    return holding if holding.quantity else replace(holding, episode_id=episode_id, opened_at=opened_at)


def fee_taken(
    fee: Decimal, asset: str, *, price: Decimal, base_asset: str, quote_asset: str
) -> tuple[Decimal, Decimal]:
    """(value in the quote asset, base units) of a fee as the venue took it. Raises UnknownFee: it is never zero."""
    if not fee or asset == quote_asset:
        return fee, ZERO
    if asset == base_asset:
        return notional(price, fee), fee
    raise UnknownFee(
        f"a fee of {fee} {asset}, whose value in {quote_asset} is not known; switch the deduction in {asset} off at the"
        f" venue, so that fees are taken in {quote_asset} or {base_asset}"
    )


def book(
    holding: Holding,
    *,
    side: str,
    price: Decimal,
    quantity: Decimal,
    fee: Decimal,
    base_fee: Decimal = ZERO,
    dust: Decimal = ZERO,
) -> Booking:
    """Apply one fill. `fee` is in the quote asset, also where it was taken in base units, so many as `base_fee`; with
    it `dust` units are given up. Raises Oversold when more leaves than is held."""
    if side == "BUY":
        booking = _buy(holding, price, quantity, fee, base_fee)
    else:
        booking = _sell(holding, price, quantity, fee, base_fee)
    return without_dust(booking, dust) if dust else booking


def without_dust(booking: Booking, units: Decimal) -> Booking:
    """The same booking, after which so many units are no position any more: their entry value is realised as loss."""
    held = booking.holding
    cost = notional(held.avg_entry_price, units)
    legs = Legs(kind="DUST", inventory=-cost, realized=cost, units=-units)
    return Booking(
        holding=_left(held, units, gain=-cost),
        realized_pnl=booking.realized_pnl - cost,
        entries=(*booking.entries, legs),
    )


def _buy(holding: Holding, price: Decimal, quantity: Decimal, fee: Decimal, base_fee: Decimal) -> Booking:
    if base_fee >= quantity:
        raise Oversold(f"a fee of {base_fee} of a buy of {quantity}")
    value = notional(price, quantity)
    return Booking(
        holding=_bought(holding, price, quantity - base_fee),
        realized_pnl=ZERO,
        entries=(
            Legs(kind="TRADE", amount=-value, inventory=value, units=quantity),
            Legs(kind="FEE", inventory=-fee, fees=fee, units=-base_fee)
            if base_fee
            else Legs(kind="FEE", amount=-fee, fees=fee),
        ),
    )


def _sell(holding: Holding, price: Decimal, quantity: Decimal, fee: Decimal, base_fee: Decimal) -> Booking:
    """Base units that are taken as a fee are sold with the others, for what the fee is worth."""
    value, gain = notional(price, quantity), _gain(holding, price, quantity)
    of_fee = _gain(holding, price, base_fee)
    return Booking(
        holding=_left(holding, quantity + base_fee, gain=gain + of_fee),
        realized_pnl=gain + of_fee,
        entries=(
            Legs(kind="TRADE", amount=value, inventory=gain - value, realized=-gain, units=-quantity),
            Legs(kind="FEE", inventory=of_fee - fee, fees=fee, realized=-of_fee, units=-base_fee)
            if base_fee
            else Legs(kind="FEE", amount=-fee, fees=fee),
        ),
    )


def _gain(holding: Holding, price: Decimal, quantity: Decimal) -> Decimal:
    return EXACT.multiply(price - holding.avg_entry_price, quantity).quantize(MONEY, None, EXACT)


def _left(holding: Holding, units: Decimal, *, gain: Decimal) -> Holding:
    """After so many units have left. Raises Oversold."""
    if units > holding.quantity:
        raise Oversold(f"sell of {units} against a position of {holding.quantity}")
    left = holding.quantity - units
    return replace(
        holding,
        quantity=left,
        avg_entry_price=holding.avg_entry_price if left else ZERO,
        realized_pnl=holding.realized_pnl + gain,
        episode_id=holding.episode_id if left else None,
        opened_at=holding.opened_at if left else None,
    )


def _bought(holding: Holding, price: Decimal, quantity: Decimal) -> Holding:
    total = holding.quantity + quantity
    cost = EXACT.multiply(holding.quantity, holding.avg_entry_price) + EXACT.multiply(quantity, price)
    average = EXACT.divide(cost, total).quantize(PRICE, None, EXACT)
    return replace(holding, quantity=total, avg_entry_price=average)
