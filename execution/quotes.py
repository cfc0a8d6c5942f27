"""The quote board of a process: the latest book of every symbol, its age, and the instruments' rules.

Fed by the quotes topic and, at start, by the stored latest quotes. Age is how old a quote was on arrival here, plus
what passed since on the monotonic clock; one from the future is stale, whatever the wall clock was set to. What is
older than the limit, asked for anew each time, is no price for a trade. Levels of the book come by the depth topic, of
the few symbols that are near an order; those older than the limit are none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import replace

from cdb_site.bus import latest
from cdb_site.clock import Clock, age_s, parse_iso
from execution.rules.book_walk import BookLevel
from execution.rules.fill_model import Book, Rules
from marketdata import queries as market
from marketdata.models import Instrument, InstrumentRules

Found = TypeVar("Found")
LOAD_AGAIN_S = 5.0
RULES_LIFETIME_S = 60.0
# Quotes come ten times a second and are taken within microseconds.
TRIES = 3


class Arrival(NamedTuple):
    """When a quote came in here, on both clocks."""

    wall_s: float
    monotonic_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One symbol's quote; `received_at` is when the screener received it, in our monotonic seconds."""

    symbol: str
    book: Book
    last: Decimal
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The levels of one symbol's book, best first; `received_at` as of a quote."""

    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    received_at: float


class QuoteBoard:
    """Latest quotes and rules. Replaced values are whole objects, so readers need no lock but for the first reading."""

    def __init__(self, *, clock: Clock, max_age_s: float | Callable[[], float]) -> None:
        self.clock = clock
        self.max_age_s = max_age_s if callable(max_age_s) else lambda: max_age_s
        self.place = ""
        """The id of the newest entry of the stream that is on the board; empty while one is being taken, or unknown."""
        self._raw: dict[str, tuple[dict[str, Any], Arrival]] = {}
        self._quotes: dict[str, Quote] = {}
        self._raw_depths: dict[str, tuple[dict[str, Any], Arrival]] = {}
        self._depths: dict[str, Depth] = {}
        self._rules: dict[str, Rules] = {}
        self._turnover: dict[str, Decimal] = {}
        self._rules_read_at = self._turnover_read_at = self._load_at = float("-inf")
        self._loaded, self._loading = False, threading.Lock()

    def take(self, quotes: Iterable[dict[str, Any]], place: str = "") -> None:
        """Take over quotes as they stand in a quotes event; they are parsed when first asked for. `place`: the id of
        the newest entry of the stream that they come from."""
        arrival = self._now()
        new = {quote["symbol"]: (quote, arrival) for quote in quotes}
        self.place = ""
        self._raw.update(new)
        self.place = place

    def at_one_place(self, read: Callable[[], Found]) -> tuple[Found, str]:
        """What `read` finds on the board, and the place in the stream at which the board stood the whole time; empty
        where that is not known, or quotes came in between at every try."""
        for _ in range(TRIES):
            place, found = self.place, read()
            if place == self.place:
                return found, place
        return found, ""

    def take_depth(self, books: Iterable[dict[str, Any]]) -> None:
        """Take over levels as they stand in a depth event."""
        arrival = self._now()
        for book in books:
            self._raw_depths[book["symbol"]] = book, arrival

    def quote(self, symbol: str) -> Quote | None:
        """The latest quote of a symbol, whatever its age."""
        self._load_stored()
        raw = self._raw.pop(symbol, None)
        if raw is not None:
            self._quotes[symbol] = parsed(*raw)
        return self._quotes.get(symbol)

    def age_s(self, quote: Quote) -> float:
        """Seconds since the quote was received."""
        return self.clock.monotonic_s() - quote.received_at

    def fresh_book(self, symbol: str) -> Book | None:
        """The book of a symbol if its quote is young enough to trade on."""
        quote = self.quote(symbol)
        if quote is None:
            return None
        limit_s = self.max_age_s()
        if self.age_s(quote) > limit_s:
            return None
        book = quote.book
        if book.quote_volume_24h is None:
            book = replace(book, stored_volume_24h=self._stored_turnover(symbol))
        depth = self._depth(symbol) if self._depths or self._raw_depths else None
        if depth is None or self.clock.monotonic_s() - depth.received_at > limit_s:
            return book
        return replace(book, bids=depth.bids, asks=depth.asks)

    def symbols(self) -> set[str]:
        self._load_stored()
        return set(self._quotes) | set(self._raw)

    def rules(self, symbol: str) -> Rules | None:
        """The instrument's rules, read again once a minute."""
        now = self.clock.monotonic_s()
        if symbol not in self._rules or now - self._rules_read_at > RULES_LIFETIME_S:
            self._rules_read_at = now
            self._rules = {row.symbol: rules_of(row) for row in Instrument.objects.all()}
        return self._rules.get(symbol)

    def _depth(self, symbol: str) -> Depth | None:
        raw = self._raw_depths.pop(symbol, None)
        if raw is not None:
            self._depths[symbol] = _parsed_depth(*raw)
        return self._depths.get(symbol)

    def _stored_turnover(self, symbol: str) -> Decimal | None:
        """The 24 h turnover at the last choosing of the universe, read again once a minute."""
        now = self.clock.monotonic_s()
        if now - self._turnover_read_at > RULES_LIFETIME_S:
            self._turnover_read_at = now
            self._turnover = {name: turnover for name, turnover in market.turnover().items() if turnover > 0}
        return self._turnover.get(symbol)

    def _load_stored(self) -> None:
        """Once; who asks meanwhile waits, for a price that is about to be read is not a missing one.

        An error of Redis is raised, and nothing is stored for us until it is asked again, LOAD_AGAIN_S later.
        """
        if self._loaded:
            return
        with self._loading:
            if self._loaded or self.clock.monotonic_s() < self._load_at:
                return
            self._load_at = self.clock.monotonic_s() + LOAD_AGAIN_S
            stored, arrival = latest.read_quotes(), self._now()
            for symbol in stored.keys() - self._quotes.keys():
                self._raw.setdefault(symbol, (stored[symbol], arrival))
            self._loaded = True

    def _now(self) -> Arrival:
        return Arrival(self.clock.wall_s(), self.clock.monotonic_s())


def parsed(raw: dict[str, Any], arrival: Arrival) -> Quote:
    book = Book(
        bid=Decimal(raw["bid"]),
        ask=Decimal(raw["ask"]),
        bid_quantity=_known(raw.get("bid_quantity")),
        ask_quantity=_known(raw.get("ask_quantity")),
        quote_volume_24h=_known(raw.get("quote_volume_24h")),
        quoted_at=parse_iso(raw["event_at"]),
        last=Decimal(raw["last"]),
    )
    return Quote(symbol=raw["symbol"], book=book, last=Decimal(raw["last"]), received_at=_received(raw, arrival))


def _parsed_depth(raw: dict[str, Any], arrival: Arrival) -> Depth:
    bids, asks = (
        tuple(BookLevel(Decimal(level["price"]), Decimal(level["quantity"])) for level in raw[side])
        for side in ("bids", "asks")
    )
    return Depth(bids=bids, asks=asks, received_at=_received(raw, arrival))


def _received(raw: dict[str, Any], arrival: Arrival) -> float:
    """When the screener received it, in our monotonic seconds."""
    return arrival.monotonic_s - age_s(parse_iso(raw["received_at"]).timestamp(), arrival.wall_s)


def _known(text: str | None) -> Decimal | None:
    """A figure the exchange may not have told yet."""
    return None if text is None else Decimal(text)


def rules_of(row: Instrument | InstrumentRules) -> Rules:
    """What an order must keep to, as the exchange has it, or had it."""
    return Rules(
        price_tick=row.price_tick,
        quantity_step=row.quantity_step,
        min_quantity=row.min_quantity,
        min_notional=row.min_notional,
        taker_fee=row.taker_fee,
    )
