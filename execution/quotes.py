"""The quote board of a process: the latest book of every symbol, its age, and the instruments' rules.

Fed by the quotes topic and, at start, by the stored latest quotes. Age is wall time since the screener received the
quote. What is older than the limit is no price for a trade.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cdb_site.bus import latest
from cdb_site.clock import Clock, parse_iso
from execution.rules.fill_model import Book, Rules
from marketdata import queries as market
from marketdata.models import Instrument

RULES_LIFETIME_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One symbol's quote; `received_s` is wall time in seconds since the epoch."""

    symbol: str
    book: Book
    last: Decimal
    received_s: float


class QuoteBoard:
    """Latest quotes and rules. Replaced values are whole objects, so readers need no lock."""

    def __init__(self, *, clock: Clock, max_age_s: float) -> None:
        self.clock, self.max_age_s = clock, max_age_s
        self._raw: dict[str, dict[str, Any]] = {}
        self._quotes: dict[str, Quote] = {}
        self._rules: dict[str, Rules] = {}
        self._turnover: dict[str, Decimal] = {}
        self._rules_read_at = self._turnover_read_at = float("-inf")
        self._loaded = False

    def take(self, quotes: Iterable[dict[str, Any]]) -> None:
        """Take over quotes as they stand in a quotes event; they are parsed when first asked for."""
        for quote in quotes:
            self._raw[quote["symbol"]] = quote

    def quote(self, symbol: str) -> Quote | None:
        """The latest quote of a symbol, whatever its age."""
        self._load_stored()
        raw = self._raw.pop(symbol, None)
        if raw is not None:
            self._quotes[symbol] = parsed(raw)
        return self._quotes.get(symbol)

    def age_s(self, quote: Quote) -> float:
        """Wall seconds since the quote was received."""
        return max(0.0, self.clock.wall_s() - quote.received_s)

    def fresh_book(self, symbol: str) -> Book | None:
        """The book of a symbol if its quote is young enough to trade on."""
        quote = self.quote(symbol)
        if quote is None or self.age_s(quote) > self.max_age_s:
            return None
        if quote.book.quote_volume_24h is not None:
            return quote.book
        return replace(quote.book, stored_volume_24h=self._stored_turnover(symbol))

    def symbols(self) -> set[str]:
        self._load_stored()
        return set(self._quotes) | set(self._raw)

    def rules(self, symbol: str) -> Rules | None:
        """The instrument's rules, read again once a minute."""
        now = self.clock.monotonic_s()
        if symbol not in self._rules or now - self._rules_read_at > RULES_LIFETIME_S:
            self._rules_read_at = now
            self._rules = {row.symbol: _rules(row) for row in Instrument.objects.all()}
        return self._rules.get(symbol)

    def _stored_turnover(self, symbol: str) -> Decimal | None:
        """The 24 h turnover at the last choosing of the universe, read again once a minute."""
        now = self.clock.monotonic_s()
        if now - self._turnover_read_at > RULES_LIFETIME_S:
            self._turnover_read_at = now
            self._turnover = {name: turnover for name, turnover in market.turnover().items() if turnover > 0}
        return self._turnover.get(symbol)

    def _load_stored(self) -> None:
        if not self._loaded:
            self._loaded = True
            for symbol, raw in latest.read_quotes().items():
                self._raw.setdefault(symbol, raw)


def parsed(raw: dict[str, Any]) -> Quote:
    book = Book(
        bid=Decimal(raw["bid"]),
        ask=Decimal(raw["ask"]),
        bid_quantity=_known(raw.get("bid_quantity")),
        ask_quantity=_known(raw.get("ask_quantity")),
        quote_volume_24h=_known(raw.get("quote_volume_24h")),
        quoted_at=parse_iso(raw["event_at"]),
    )
    received_s = parse_iso(raw["received_at"]).timestamp()
    return Quote(symbol=raw["symbol"], book=book, last=Decimal(raw["last"]), received_s=received_s)


def _known(text: str | None) -> Decimal | None:
    """A figure the exchange may not have told yet."""
    return None if text is None else Decimal(text)


def _rules(row: Instrument) -> Rules:
    return Rules(
        price_tick=row.price_tick,
        quantity_step=row.quantity_step,
        min_quantity=row.min_quantity,
        min_notional=row.min_notional,
        taker_fee=row.taker_fee,
    )
