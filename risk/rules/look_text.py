"""A look at the market as it is stored with what was done on it: numbers as text, null what was not known. Pure.

Levels are left out: they are stored with the fill that took them (`execution/rules/fill_evidence.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from execution.rules.fill_model import Book
from risk.rules.account_state import MarketLook

FIGURES = ("bid", "ask", "bid_quantity", "ask_quantity", "quote_volume_24h", "stored_volume_24h", "last")
_figures = attrgetter(*FIGURES)


def look_json(look: MarketLook, symbol: str) -> dict[str, Any]:
    """What was seen of a symbol that was asked for, and up to which entry of the stream of quotes."""
    return {"book": book_json(look.markets[symbol].book), "place": look.place or None}


def marks_json(look: MarketLook) -> dict[str, Any]:
    """What was seen of an account: the price of each position that was ever priced."""
    return {"marks": {symbol: str(mark.price) for symbol, mark in look.marks.items()}, "place": look.place or None}


def book_json(book: Book | None) -> dict[str, Any] | None:
    """As plain JSON values; None for a symbol that was never quoted."""
    if book is None:
        return None
    stored: dict[str, Any] = {
        name: None if value is None else str(value) for name, value in zip(FIGURES, _figures(book), strict=True)
    }
    stored["quoted_at"] = book.quoted_at.isoformat() if book.quoted_at else None
    return stored


def book_from(stored: Mapping[str, Any] | None) -> Book | None:
    """The book exactly as it was stored."""
    if stored is None:
        return None
    figures: dict[str, Any] = {name: _number(stored[name]) for name in FIGURES}
    quoted_at = stored["quoted_at"]
    return Book(**figures, quoted_at=datetime.fromisoformat(quoted_at) if quoted_at else None)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
