"""What a paper fill is stored with, and the fill derived from that again (`fill.model`). Pure.

    QUOTE  by the best price and the depth that turnover gives       WALK  over levels of a book
    REST   over the moments at which a resting order was reached: each a level of its limit price and what was there

Stored are order, rules, parameters and of the book what was needed, the levels only as far as they were taken: from
these the very functions that filled must give the same price, quantity and fee, to the last digit. VERSION counts the
model's changes; a fill of another version, or from before there were any, lacks what is needed and is not derivable.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from execution.rules.accounting import ZERO
from execution.rules.book_walk import BookLevel, Execution, Rules, walk
from execution.rules.fill_model import Book, DepthUnknown, Model, depth_of, fill

VERSION = 2
QUOTE, WALK, REST = "QUOTE", "WALK", "REST"
BOOK = ("bid", "ask", "bid_quantity", "ask_quantity", "quote_volume_24h", "stored_volume_24h")
PARAMETERS = ("impact_bps", "depth_share")
RULES = ("price_tick", "quantity_step", "taker_fee")


class AskedOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as far as its fills go by it."""

    side: str
    quantity: Decimal
    limit_price: Decimal | None
    reduce_only: bool


class NotDerivable(Exception):
    """What a fill was stored with does not give it again. The text is a code: why."""


def evidence(
    kind: str, asked: AskedOrder, *, book: Book, rules: Rules, model: Model, levels: tuple[BookLevel, ...]
) -> dict[str, Any]:
    """The model of an order's fills as JSON: numbers as text, null what was not known, and not needed."""
    depth, source = depth_of(book, asked.side, model) or (None, None)
    stated: dict[str, Any] = {
        "kind": kind,
        "version": VERSION,
        "side": asked.side,
        "quantity": str(asked.quantity),
        "limit_price": _text(asked.limit_price),
        "reduce_only": asked.reduce_only,
        "bid": str(book.bid),
        "ask": str(book.ask),
        "bid_quantity": _text(book.bid_quantity),
        "ask_quantity": _text(book.ask_quantity),
        "quote_volume_24h": _text(book.quote_volume_24h),
        "stored_volume_24h": _text(book.stored_volume_24h),
        "depth": _text(depth),
        "depth_source": source,
        "impact_bps": str(model.impact_bps),
        "depth_share": str(model.depth_share),
        "price_tick": str(rules.price_tick),
        "quantity_step": str(rules.quantity_step),
        "taker_fee": str(rules.taker_fee),
    }
    if levels:
        stated["levels"] = [[str(level.price), str(level.quantity)] for level in levels]
    return stated


def derived(stated: Mapping[str, Any]) -> tuple[Execution, ...]:
    """All trades that follow from a model, in the order of their numbers. Raises NotDerivable."""
    if "version" not in stated:
        raise NotDerivable("OLDER_MODEL" if stated else "NO_MODEL")
    if stated["version"] != VERSION or stated.get("kind") not in (QUOTE, WALK, REST):
        raise NotDerivable("OTHER_MODEL")
    try:
        return _derived(stated)
    except (DepthUnknown, KeyError, TypeError, ValueError, ArithmeticError) as problem:
        raise NotDerivable("UNREADABLE_MODEL") from problem


def asked_of(stated: Mapping[str, Any]) -> AskedOrder:
    """The order as its model states it."""
    return AskedOrder(
        side=stated["side"],
        quantity=Decimal(stated["quantity"]),
        limit_price=_number(stated["limit_price"]),
        reduce_only=stated["reduce_only"],
    )


def rules_of(stated: Mapping[str, Any]) -> Rules:
    """The rules that fills go by; the minimums, which an order had to meet before, are left at 0."""
    values = {name: Decimal(stated[name]) for name in RULES}
    return Rules(min_quantity=ZERO, min_notional=ZERO, **values)


def levels_of(stated: Mapping[str, Any]) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(Decimal(price), Decimal(quantity)) for price, quantity in stated.get("levels", ()))


def _derived(stated: Mapping[str, Any]) -> tuple[Execution, ...]:
    asked, rules, levels = asked_of(stated), rules_of(stated), levels_of(stated)
    if stated["kind"] == REST:
        walked = walk(
            side=asked.side,
            quantity=asked.quantity,
            limit_price=asked.limit_price,
            levels=levels,
            rules=rules,
        )
        return walked.executions
    figures: dict[str, Any] = {name: _number(stated[name]) for name in BOOK}
    book = Book(**figures, asks=levels) if asked.side == "BUY" else Book(**figures, bids=levels)
    return fill(
        side=asked.side,
        quantity=asked.quantity,
        limit_price=asked.limit_price,
        reduce_only=asked.reduce_only,
        book=book,
        rules=rules,
        model=Model(**{name: Decimal(stated[name]) for name in PARAMETERS}),
    ).executions


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
