"""Walking a book: an order takes the levels it sees, best first, each at its price and no more than lies there.

    quantity of an execution = what is left or lies there, the smaller, down to the step
    price                    = the level's, to the tick against us: a BUY's up, a SELL's down
    fee                      = price × quantity × taker fee

It ends where the order is filled, where its limit is crossed, or where nothing more is shown. So it is never better
than what is shown and never more, and a larger order gets no better a price. The same walk goes over the moments at
which a resting order was reached. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from execution.rules.accounting import ceil_to_step, fee_of, floor_to_step, notional


class BookLevel(NamedTuple):
    """What is offered at one price: base units."""

    price: Decimal
    quantity: Decimal


class Rules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The instrument's rules at the venue. Fractions and base units; `min_notional` in the quote asset."""

    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    taker_fee: Decimal


class Execution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trade: price and quantity (base units), fee in the quote asset."""

    price: Decimal
    quantity: Decimal
    fee: Decimal


class Walked(NamedTuple):
    """The executions, the levels they were made at, and what found none."""

    executions: tuple[Execution, ...]
    taken: tuple[BookLevel, ...]
    left: Decimal


def walk(
    *, side: str, quantity: Decimal, limit_price: Decimal | None, levels: Iterable[BookLevel], rules: Rules
) -> Walked:
    """Take `levels`, which come best first, until the order is filled or its limit crossed."""
    executions: list[Execution] = []
    taken: list[BookLevel] = []
    left = quantity
    for level in levels:
        price = against_us(side, level.price, rules.price_tick)
        if limit_price is not None and beyond(side, price, limit_price):
            break
        part = floor_to_step(min(left, level.quantity), rules.quantity_step)
        if part <= 0:
            continue
        executions.append(execution(price, part, rules))
        taken.append(level)
        left -= part
        if not left:
            break
    return Walked(tuple(executions), tuple(taken), left)


def shown(levels: Sequence[BookLevel], *, side: str, best: Decimal, quoted: Decimal | None) -> tuple[BookLevel, ...]:
    """What of the levels counts beside a quote: none that is better than its best, and at that no more than is quoted.

    Quote and levels come by different ways, one before the other; what only the older of them shows may be gone.
    """
    gone = 0
    while gone < len(levels) and better(side, levels[gone].price, best):
        gone += 1
    standing = tuple(levels[gone:])
    if standing and standing[0].price == best and quoted is not None and quoted < standing[0].quantity:
        return BookLevel(best, quoted), *standing[1:]
    return standing


def execution(price: Decimal, quantity: Decimal, rules: Rules) -> Execution:
    return Execution(price=price, quantity=quantity, fee=fee_of(notional(price, quantity), rules.taker_fee))


def against_us(side: str, price: Decimal, tick: Decimal) -> Decimal:
    """The price on the grid that is no better for us: a tick at least."""
    return ceil_to_step(price, tick) if side == "BUY" else max(floor_to_step(price, tick), tick)


def better(side: str, price: Decimal, other: Decimal) -> bool:
    return price < other if side == "BUY" else price > other


def beyond(side: str, price: Decimal, limit: Decimal) -> bool:
    """Whether an order with this limit may not trade at this price."""
    return price > limit if side == "BUY" else price < limit
