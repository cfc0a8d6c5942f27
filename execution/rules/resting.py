"""A limit order that rests: when the market reaches it, and how much of it may fill then. Pure.

    the other side's best price is at its limit, or past it    what is shown up to the limit, as far as it is new
    a trade past its limit since it was looked at last         what is quoted at the best price of the other side

Where it stands in the queue at its price nobody knows: a trade *at* its limit is somebody else's. It trades at its
limit, never better. What is shown at a price counts once, and again only by what it grew: our fills take nothing out of
the book, and what stands there still was taken before. A quantity that is not known fills nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from execution.rules.accounting import ZERO, ceil_to_step, floor_to_step
from execution.rules.book_walk import BookLevel, better, beyond
from execution.rules.fill_model import Book


class Counted(NamedTuple):
    """What was counted of the book last: levels of the other side up to the limit, and the price traded last."""

    levels: tuple[BookLevel, ...] = ()
    last: Decimal | None = None


def within(side: str, limit_price: Decimal, book: Book) -> tuple[BookLevel, ...]:
    """What an order of that side meets up to its limit; of a quote alone, its best price if its quantity is known."""
    quoted = book.quoted(side)
    levels = book.shown(side) or ((BookLevel(book.best(side), quoted),) if quoted else ())
    return tuple(level for level in levels if not beyond(side, level.price, limit_price))


def reached(side: str, limit_price: Decimal, book: Book, before: Counted) -> tuple[Decimal, Counted]:
    """(Base units that may fill now, what is counted from now on)."""
    met = within(side, limit_price, book)
    now = Counted(met, book.last if book.last is not None else before.last)
    if met:
        known = dict(before.levels)
        return sum((max(ZERO, level.quantity - known.get(level.price, ZERO)) for level in met), ZERO), now
    through = book.last is not None and book.last != before.last and better(side, book.last, limit_price)
    quoted = book.quoted(side)
    return quoted if through and quoted is not None else ZERO, now


def price_of(side: str, limit_price: Decimal, tick: Decimal) -> Decimal:
    """The price it trades at: its limit, on the grid and never past it."""
    return floor_to_step(limit_price, tick) if side == "BUY" else ceil_to_step(limit_price, tick)
