"""The paper venue's fill model: what an order gets against a quoted book. Pure and deterministic.

    visible depth D = depth_share × 24 h turnover                           (quote asset)
    level 1: the best price, up to its quoted quantity
    level 2: best × (1 ± impact × N/D), N the notional beyond level 1       (BUY +, SELL −)

A BUY never pays above its limit and never takes more than the visible depth: the rest of an immediate-or-cancel order
lapses. A market exit takes its whole quantity, at the price that costs; what a step that became coarser on its way
leaves of it lapses. Prices are rounded to the tick against us.

What is not known is not zero: beyond level 1 nothing is filled without a known depth (`docs/unknown.md`). An exit may
go by the turnover of the last choosing of the universe, an entry only by the quote's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from execution.rules.accounting import ZERO, ceil_to_step, fee_of, floor_to_step, notional

BPS = Decimal(10_000)
WORST_EXIT = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Best bid and ask with their quantities (base units) and the 24 h turnover (quote asset); None is not known.

    `stored_volume_24h` is the turnover at the last choosing of the universe, `quoted_at` market time.
    """

    bid: Decimal
    ask: Decimal
    bid_quantity: Decimal | None
    ask_quantity: Decimal | None
    quote_volume_24h: Decimal | None
    stored_volume_24h: Decimal | None = None
    quoted_at: datetime | None = None

    def best(self, side: str) -> Decimal:
        return self.ask if side == "BUY" else self.bid

    def quoted(self, side: str) -> Decimal | None:
        """What is offered at the best price of an order's side."""
        return self.ask_quantity if side == "BUY" else self.bid_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The instrument's rules at the venue. Fractions and base units; `min_notional` in the quote asset."""

    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    taker_fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Parameters of the model: impact of taking the whole depth (bps), depth as a share of 24 h turnover."""

    impact_bps: Decimal
    depth_share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One trade: price and quantity (base units), fee in the quote asset."""

    price: Decimal
    quantity: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the venue says to an order: trades, or the code of a rejection."""

    executions: tuple[Execution, ...] = ()
    rejected: str = ""


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
    best = book.best(side)
    if reduce_only:
        quantity = floor_to_step(quantity, rules.quantity_step) or quantity
    refusal = _refusal(quantity, best, reduce_only, rules)
    if refusal:
        return Answer(rejected=refusal)
    if limit_price is not None and side == "BUY" and best > limit_price:
        return Answer()
    quoted = book.quoted(side)
    first = floor_to_step(min(quantity, quoted), rules.quantity_step) if quoted else ZERO
    executions = [_execution(best, first, rules)] if first else []
    rest = quantity - first
    if rest:
        second = _second_level(side, best, rest, limit_price, book, rules, model)
        executions += [second] if second else []
    return Answer(executions=tuple(executions))


def _refusal(quantity: Decimal, best: Decimal, reduce_only: bool, rules: Rules) -> str:
    if quantity % rules.quantity_step:
        return "VENUE_QUANTITY_STEP"
    if reduce_only:
        return ""
    if quantity < rules.min_quantity:
        return "VENUE_MINIMUM_QUANTITY"
    if notional(best, quantity) < rules.min_notional:
        return "VENUE_MINIMUM_NOTIONAL"
    return ""


def _second_level(
    side: str, best: Decimal, rest: Decimal, limit_price: Decimal | None, book: Book, rules: Rules, model: Model
) -> Execution | None:
    known = depth_of(book, side, model)
    if known is None:
        raise DepthUnknown(f"{side} of {rest} beyond the best level")
    depth, _ = known
    impact = model.impact_bps / BPS
    if side == "SELL":
        price = best * (1 - min(impact * notional(best, rest) / depth, WORST_EXIT))
        return _execution(max(floor_to_step(price, rules.price_tick), rules.price_tick), rest, rules)
    takeable = depth
    if limit_price is not None and impact:
        takeable = min(depth, depth * (limit_price / best - 1) / impact)
    quantity = min(rest, floor_to_step(takeable / best, rules.quantity_step))
    if quantity <= 0:
        return None
    price = ceil_to_step(best * (1 + impact * notional(best, quantity) / depth), rules.price_tick)
    return _execution(min(price, limit_price) if limit_price is not None else price, quantity, rules)


def _execution(price: Decimal, quantity: Decimal, rules: Rules) -> Execution:
    return Execution(price=price, quantity=quantity, fee=fee_of(notional(price, quantity), rules.taker_fee))
