"""What the paper venue answers an order that does not rest, apart from its memory: trades, a rejection, or nothing yet.

The same order against the same book by the same rules and parameters always gets the same answer (`fill_model.py`), and
the same name always draws the same lot. The venue remembers what it said (`execution/venues/journal.py`); a replay asks
here directly. Pure.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any

from execution.rules.fill_evidence import QUOTE, WALK, AskedOrder, evidence
from execution.rules.fill_model import Answer, Book, DepthUnknown, Model, Rules, fill
from execution.venues.protocol import Ticket, Trade

DRAWN_REJECT = "VENUE_DRAWN_REJECT"


def asked_by(ticket: Ticket) -> AskedOrder:
    """The order as far as its fills go by it."""
    return AskedOrder(
        side=ticket.side,
        quantity=ticket.quantity,
        limit_price=ticket.limit_price,
        reduce_only=ticket.reduce_only,
    )


def answer_to(asked: AskedOrder, book: Book, rules: Rules, model: Model) -> Answer | None:
    """What the order gets at this book; None while the book lacks what that is computed from."""
    try:
        return fill(
            side=asked.side,
            quantity=asked.quantity,
            limit_price=asked.limit_price,
            reduce_only=asked.reduce_only,
            book=book,
            rules=rules,
            model=model,
        )
    except DepthUnknown:
        return None


def model_of(asked: AskedOrder, answer: Answer, book: Book, rules: Rules, model: Model) -> dict[str, Any]:
    """What the answer follows from, as its fills are stored with it."""
    kind = WALK if answer.taken else QUOTE
    return evidence(kind, asked, book=book, rules=rules, model=model, levels=answer.taken)


def trades_of(name: str, answer: Answer, *, fee_asset: str, executed_at: datetime) -> tuple[Trade, ...]:
    """The answer's executions as the venue reports them: numbered from 1 within the order of that name."""
    return tuple(
        Trade(
            trade_id=f"{name}-{number}",
            price=one.price,
            quantity=one.quantity,
            fee=one.fee,
            fee_asset=fee_asset,
            executed_at=executed_at,
        )
        for number, one in enumerate(answer.executions, 1)
    )


def latency_s(name: str, latency_ms: int) -> float:
    """Seconds an order of that name is on its way: half of `latency_ms` to half as much again."""
    return latency_ms / 1000 * (0.5 + float(lot(f"latency {name}")))


def lot(text: str) -> Decimal:
    """A number in [0, 1) that belongs to the text."""
    return Decimal(int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])) / 2**32
