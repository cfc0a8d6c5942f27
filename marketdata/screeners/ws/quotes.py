"""The newest quote of every watched symbol, and which ones changed since the last flush.

Fed by book tickers (bid, ask), candle pushes (last price) and 24-hour tickers. Taking one in only remembers it:
texts are made and prices snapped to the tick when quotes leave, so a flood costs nothing but detail. A symbol has a
quote once both sides and a last price are known. A book older than the known one never replaces it; an older version
is believed again once the known one has aged, because an exchange that restarted counts from the beginning.
A price below one tick would be snapped to nothing: it is counted as malformed, and what was known stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cdb_site.clock import from_seconds, iso
from cdb_site.units import plain
from marketdata.metrics import MALFORMED
from marketdata.mexc.wire import BookTicker, CandlePush, MiniTicker
from marketdata.ticks import snap

BELIEVED_S = 30.0
LIVING_S = 5.0


@dataclass(slots=True)
class WatchedQuote:
    """What is known of one symbol. `heard_at`: monotonic seconds of its last book, or since when it is watched."""

    tick: Decimal
    heard_at: float
    book: BookTicker | None = None
    received_s: float = 0.0
    last: Decimal | None = None
    day: MiniTicker | None = None


class OutgoingQuotes:
    """Wall seconds say when a book was received, monotonic ones how old it is."""

    def __init__(self, ticks: Mapping[str, Decimal], now_s: float = 0.0) -> None:
        self._watched: dict[str, WatchedQuote] = {}
        self._changed: set[str] = set()
        self.watch(ticks, now_s)

    def watch(self, ticks: Mapping[str, Decimal], now_s: float) -> None:
        """These symbols with their price ticks from now on; others are ignored."""
        known, self._watched = self._watched, {}
        for symbol, tick in ticks.items():
            watched = known.get(symbol) or WatchedQuote(tick, now_s)
            if tick != watched.tick:
                _regrid(watched, tick)
            self._watched[symbol] = watched
        self._changed &= self._watched.keys()

    def book(self, ticker: BookTicker, wall_s: float, now_s: float) -> bool:
        """Whether it is newer than the known one. The ask needs no look of its own: it is never below the bid."""
        watched = self._watched.get(ticker.symbol)
        if watched is None:
            return True
        if not _on_grid(ticker.bid, watched):
            return True
        known = watched.book
        if known is not None and now_s - watched.heard_at < BELIEVED_S and not _newer(ticker, known):
            return False
        watched.book, watched.received_s, watched.heard_at = ticker, wall_s, now_s
        self._changed.add(ticker.symbol)
        return True

    def last(self, push: CandlePush, now_s: float) -> None:
        """A new last price leaves with a living book only: a silent one must not cover what REST says meanwhile."""
        watched = self._watched.get(push.symbol)
        if watched is not None and _on_grid(push.close, watched):
            watched.last = push.close
            if now_s - watched.heard_at < LIVING_S:
                self._changed.add(push.symbol)

    def day(self, ticker: MiniTicker) -> None:
        watched = self._watched.get(ticker.symbol)
        if watched is not None and _on_grid(ticker.price, watched):
            watched.day = ticker
            watched.last = watched.last or ticker.price

    def ages(self, now_s: float) -> dict[str, float]:
        """Seconds since each symbol's last book, or since it is watched."""
        return {symbol: now_s - watched.heard_at for symbol, watched in self._watched.items()}

    def lasts(self) -> dict[str, Decimal]:
        """The last price of every watched symbol that has one."""
        return {symbol: watched.last for symbol, watched in self._watched.items() if watched.last is not None}

    def unheard(self) -> set[str]:
        """Symbols of which no book came yet."""
        return {symbol for symbol, watched in self._watched.items() if watched.book is None}

    def take_changed(self) -> tuple[list[dict[str, Any]], int]:
        """Payloads of the complete quotes that changed, in order of symbol, and the oldest event time among them in ms.

        Then nothing counts as changed.
        """
        changed, self._changed = self._changed, set()
        quotes: list[dict[str, Any]] = []
        times_ms: list[int] = []
        for symbol in sorted(changed):
            watched = self._watched[symbol]
            if watched.book is not None and watched.last is not None:
                quotes.append(_payload(symbol, watched, watched.book, watched.last))
                times_ms.append(watched.book.sent_ms)
        return quotes, min(times_ms, default=0)

    def put_back(self, symbols: Iterable[str]) -> None:
        """These could not be sent: they leave with the next flush, as they are then."""
        self._changed |= self._watched.keys() & set(symbols)


def _regrid(watched: WatchedQuote, tick: Decimal) -> None:
    """The exchange made the tick another one: what is known and lies below it is forgotten."""
    watched.tick = tick
    if watched.book is not None and watched.book.bid < tick:
        watched.book = None
    if watched.last is not None and watched.last < tick:
        watched.last = None


def _on_grid(price: Decimal, watched: WatchedQuote) -> bool:
    if price >= watched.tick:
        return True
    MALFORMED.labels("quotes", "below_tick").inc()
    return False


def _newer(ticker: BookTicker, known: BookTicker) -> bool:
    if ticker.version and known.version:
        return ticker.version > known.version
    return ticker.sent_ms >= known.sent_ms


def _payload(symbol: str, watched: WatchedQuote, book: BookTicker, last: Decimal) -> dict[str, Any]:
    tick = watched.tick
    payload = {
        "symbol": symbol,
        "bid": plain(snap(book.bid, tick)),
        "ask": plain(snap(book.ask, tick)),
        "bid_quantity": plain(book.bid_quantity),
        "ask_quantity": plain(book.ask_quantity),
        "last": plain(snap(last, tick)),
        "event_at": iso(from_seconds(book.sent_ms / 1000)),
        "received_at": iso(from_seconds(watched.received_s)),
    }
    if watched.day is not None:
        payload["quote_volume_24h"] = plain(watched.day.quote_volume)
        payload["change_24h"] = plain(watched.day.change)
    return payload
