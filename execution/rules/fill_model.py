"""The paper venue's fill model: what an order gets against a book. Pure and deterministic.

With levels of the book (`execution/rules/book_walk.py`) an order takes them one after the other, an execution each; one
that is better than the best quoted price is not counted, and none beyond what is shown is filled. Without:

    visible depth D = depth_share × 24 h turnover                           (quote asset)
    level 1: the best price, up to its quoted quantity
    level 2: best × (1 ± impact_bps/10,000 × N/D), N the notional beyond level 1       (BUY +, SELL −)

A BUY never pays above its limit and never takes more than the visible depth: the rest of an immediate-or-cancel order
lapses. A market exit takes its whole quantity, at the price that costs; beyond the levels that is the last one's, less
the impact of the rest; where the depth is unknown the rest lapses. Prices are rounded to the tick against us.

What is not known is not zero: beyond level 1 nothing is filled without a known depth (`docs/unknown.md`). An exit may
go by the turnover of the last choosing of the universe, an entry only by the quote's own.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from execution.rules.accounting import ZERO, ceil_to_step, floor_to_step, notional
from execution.rules.book_walk import BookLevel, Execution, Rules, beyond, execution, shown, walk

__all__ = ["Answer", "Book", "DepthUnknown", "Execution", "Model", "Rules", "depth_of", "fill", "is_enough"]

BPS = Decimal(10_000)
WORST_EXIT = Decimal("0.5")


class Book(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Best bid and ask with their quantities (base units) and the 24 h turnover (quote asset); None is not known.

    `stored_volume_24h` is the turnover at the last choosing of the universe, `quoted_at` market time, `last` the price
    that was traded last. `bids` and `asks` are the levels, best first, where a young picture of them is there.
    """

    bid: Decimal
    ask: Decimal
    bid_quantity: Decimal | None
    ask_quantity: Decimal | None
    quote_volume_24h: Decimal | None
    stored_volume_24h: Decimal | None = None
    quoted_at: datetime | None = None
    last: Decimal | None = None
    bids: tuple[BookLevel, ...] = ()
    asks: tuple[BookLevel, ...] = ()

    def best(self, side: str) -> Decimal:
        return self.ask if side == "BUY" else self.bid

    def quoted(self, side: str) -> Decimal | None:
        """What is offered at the best price of an order's side."""
        return self.ask_quantity if side == "BUY" else self.bid_quantity

    def shown(self, side: str) -> tuple[BookLevel, ...]:
        """The levels an order of that side meets, best first; none where only the quote is known."""
        levels = self.asks if side == "BUY" else self.bids
        return shown(levels, side=side, best=self.best(side), quoted=self.quoted(side)) if levels else ()


class Model(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Parameters of the model: impact of taking the whole depth (bps), depth as a share of 24 h turnover."""

    impact_bps: Decimal
    depth_share: Decimal


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the venue says to an order: trades, or the code of a rejection. `taken` are the levels they were made at,
    where there were any."""

    executions: tuple[Execution, ...] = ()
    rejected: str = ""
    taken: tuple[BookLevel, ...] = ()


class DepthUnknown(Exception):
    """An order goes beyond the best level of a book whose depth nobody knows."""


def depth_of(book: Book, side: str, model: Model) -> tuple[Decimal, str] | None:
    """(visible depth in the quote asset, where its turnover is from: QUOTE or CHOICE); None when it is not known.

    A symbol of which nothing was traded in a day tells no depth either.
    """
    if book.quote_volume_24h:
        return book.quote_volume_24h * model.depth_share, "QUOTE"
    if side == "SELL" and book.stored_volume_24h:
        return book.stored_volume_24h * model.depth_share, "CHOICE"
    return None


def is_enough(book: Book, *, side: str, quantity: Decimal) -> bool:
    """Whether the book has what the fill of such an order is computed from."""
    if book.shown(side):
        return True
    quoted = book.quoted(side)
    within_best = quoted is not None and quoted >= quantity
    return within_best or bool(book.quote_volume_24h) or (side == "SELL" and bool(book.stored_volume_24h))


def fill(
    *,
    side: str,
    quantity: Decimal,
    limit_price: Decimal | None,
    reduce_only: bool,
    book: Book,
    rules: Rules,
    model: Model,
) -> Answer:
    """Execute one order against `book`. Raises DepthUnknown when the book lacks what that needs."""
    levels = book.shown(side)
    best = levels[0].price if levels else book.best(side)
    if reduce_only:
        quantity = floor_to_step(quantity, rules.quantity_step) or quantity
    refusal = refused(quantity, best, reduce_only, rules)
    if refusal:
        return Answer(rejected=refusal)
    if limit_price is not None and beyond(side, best, limit_price):
        return Answer()
    if levels:
        return _walked(side, quantity, limit_price, reduce_only, levels, book, rules, model)
    quoted = book.quoted(side)
    first = floor_to_step(min(quantity, quoted), rules.quantity_step) if quoted else ZERO
    executions = [execution(best, first, rules)] if first else []
    rest = quantity - first
    if rest:
        second = _second_level(side, best, rest, limit_price, book, rules, model)
        executions += [second] if second else []
    return Answer(executions=tuple(executions))


def refused(quantity: Decimal, best: Decimal, reduce_only: bool, rules: Rules) -> str:
    """Why the instrument's rules do not let the venue take an order; empty when they do."""
    if quantity % rules.quantity_step:
        return "VENUE_QUANTITY_STEP"
    if reduce_only:
        return ""
    if quantity < rules.min_quantity:
        return "VENUE_MINIMUM_QUANTITY"
    if notional(best, quantity) < rules.min_notional:
        return "VENUE_MINIMUM_NOTIONAL"
    return ""


def _walked(
    side: str,
    quantity: Decimal,
    limit_price: Decimal | None,
    reduce_only: bool,
    levels: tuple[BookLevel, ...],
    book: Book,
    rules: Rules,
    model: Model,
) -> Answer:
    """Over the levels; what is left of a market exit goes on below them, if a depth is known."""
    executions, taken, left = walk(side=side, quantity=quantity, limit_price=limit_price, levels=levels, rules=rules)
    known = depth_of(book, side, model) if left and reduce_only and side == "SELL" and limit_price is None else None
    if known is None:
        return Answer(executions=executions, taken=taken or levels[:1])
    deeper = _sold_deeper(levels[-1].price, left, known[0], rules, model)
    return Answer(executions=(*executions, deeper), taken=levels)


def _sold_deeper(best: Decimal, rest: Decimal, depth: Decimal, rules: Rules, model: Model) -> Execution:
    """All of a market exit's rest, at a price that is less by its impact: half of `best` is the worst."""
    price = best * (1 - min(model.impact_bps / BPS * notional(best, rest) / depth, WORST_EXIT))
    return execution(max(floor_to_step(price, rules.price_tick), rules.price_tick), rest, rules)


def _second_level(
    side: str, best: Decimal, rest: Decimal, limit_price: Decimal | None, book: Book, rules: Rules, model: Model
) -> Execution | None:
    if side == "SELL" and limit_price is not None:
        return None
    known = depth_of(book, side, model)
    if known is None:
        raise DepthUnknown(f"{side} of {rest} beyond the best level")
    depth, _ = known
    if side == "SELL":
        return _sold_deeper(best, rest, depth, rules, model)
    impact = model.impact_bps / BPS
    takeable = depth
    if limit_price is not None and impact:
        takeable = min(depth, depth * (limit_price / best - 1) / impact)
    quantity = min(rest, floor_to_step(takeable / best, rules.quantity_step))
    if quantity <= 0:
        return None
    price = ceil_to_step(best * (1 + impact * notional(best, quantity) / depth), rules.price_tick)
    return execution(min(price, limit_price) if limit_price is not None else price, quantity, rules)
