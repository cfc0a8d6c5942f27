"""Quotes from REST for the symbols whose sockets are silent, until fresh ones come from there again.

Whether a socket is down is judged from the ages of the latest quotes that everybody reads, never by asking the process
that holds the sockets: it may be the one that is gone. A symbol without a fresh quote for five seconds is served; one
answer has the books of all symbols, another one the last prices. A quote from REST never replaces one that was received
after REST was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from cdb_site.bus import latest
from cdb_site.clock import Clock, age_s, iso, parse_iso
from cdb_site.units import plain
from marketdata import queries
from marketdata.metrics import FALLBACK_SYMBOLS, MALFORMED
from marketdata.mexc.errors import MexcProblem
from marketdata.mexc.rest import BookTop, MexcRest, Purpose
from marketdata.screeners.rest.fetching import InThread
from marketdata.ticks import snap

AFTER_S = 5.0
EVERY_S = 1.0
EVERY_FEW_S = 3.0
PRICES_EVERY_S = 5.0
FEW = 3
SHARE = 0.2
TICKS_EVERY_S = 30.0
KEPT = ("quote_volume_24h", "change_24h")
PRODUCER = "rest"

Quotes = Mapping[str, Mapping[str, Any]]


class Silence:
    """Which symbols are to be served. Pure: the caller brings the time, on both clocks.

    A silence lasts in monotonic seconds since the quote was first seen; how old it was then, its wall time says.
    """

    def __init__(self) -> None:
        self.served: set[str] = set()
        self.watched: dict[str, float] = {}
        self._seen: dict[str, tuple[str, float]] = {}
        self._ours: dict[str, str] = {}

    def judge(self, symbols: Collection[str], quotes: Quotes, *, wall_s: float, now_s: float) -> set[str]:
        """A quote that we sent ourselves does not end a silence."""
        self.watched = {symbol: self.watched.get(symbol, now_s) for symbol in symbols}
        self._ours = {symbol: text for symbol, text in self._ours.items() if symbol in self.watched}
        self._seen = {
            symbol: self._seen_at(symbol, quotes[symbol]["received_at"], wall_s, now_s)
            for symbol in symbols
            if symbol in quotes
        }
        self.served = {symbol for symbol in symbols if self._silent(symbol, now_s)}
        return self.served

    def sent(self, quotes: Sequence[Mapping[str, Any]]) -> None:
        self._ours |= {quote["symbol"]: quote["received_at"] for quote in quotes}

    @property
    def widespread(self) -> bool:
        """Many symbols at once, or all: the feed, not a quiet market."""
        return len(self.served) > max(FEW, SHARE * len(self.watched)) or 0 < len(self.watched) == len(self.served)

    def _seen_at(self, symbol: str, received_at: str, wall_s: float, now_s: float) -> tuple[str, float]:
        """The quote's wall time as text, and since when in monotonic seconds it is known."""
        known = self._seen.get(symbol)
        if known is not None and known[0] == received_at:
            return known
        return received_at, now_s - age_s(parse_iso(received_at).timestamp(), wall_s)

    def _silent(self, symbol: str, now_s: float) -> bool:
        received_at, heard_s = self._seen.get(symbol, ("", float("-inf")))
        if received_at and received_at == self._ours.get(symbol):
            return True
        self._ours.pop(symbol, None)
        return now_s - max(self.watched[symbol], heard_s) > AFTER_S


class QuoteFallback:
    """`symbols` tells the watched ones."""

    def __init__(self, clock: Clock, rest: MexcRest, in_thread: InThread, symbols: Callable[[], Sequence[str]]) -> None:
        self.clock, self.in_thread, self.symbols = clock, in_thread, symbols
        self.rest = rest.with_purpose(Purpose.QUOTES)
        self.silence = Silence()
        self._ticks: dict[str, Decimal] = {}
        self._prices: dict[str, Decimal] = {}
        self._asked_at = self._prices_at = self._ticks_at = float("-inf")

    async def turn(self) -> None:
        """Look, and serve what is due. Raises MexcProblem, DatabaseError, or what Redis raises."""
        quotes = await asyncio.to_thread(latest.read_quotes)
        now = self.clock.monotonic_s()
        served = self.silence.judge(self.symbols(), quotes, wall_s=self.clock.wall_s(), now_s=now)
        FALLBACK_SYMBOLS.set(len(served))
        every_s = EVERY_S if self.silence.widespread else EVERY_FEW_S
        # A little early is better than a whole look late.
        if served and now - self._asked_at > every_s - EVERY_S / 2:
            self._asked_at = now
            await self._serve(sorted(served), quotes)

    async def _serve(self, symbols: Sequence[str], quotes: Quotes) -> None:
        await self._know_ticks(symbols)
        asked_at = self.clock.wall_now()
        tops = await self.rest.book_tickers(attempts=1)
        event_at, received_at = iso(self.clock.market_now()), iso(self.clock.wall_now())
        now = self.clock.monotonic_s()
        if now - self._prices_at >= PRICES_EVERY_S:
            self._prices_at = now
            with suppress(MexcProblem):
                self._prices = await self.rest.prices(attempts=1)
        found = []
        for symbol in symbols:
            top, tick = tops.get(symbol), self._ticks.get(symbol)
            if top is not None and tick is not None and not _below_tick(top, tick):
                quote = _quote(symbol, top, tick, self._prices.get(symbol), quotes.get(symbol))
                found.append(quote | {"event_at": event_at, "received_at": received_at})
        sent = await asyncio.to_thread(self._send, found, asked_at)
        self.silence.sent(sent)

    def _send(self, quotes: list[dict[str, Any]], asked_at: datetime) -> list[dict[str, Any]]:
        sent = latest.store_quotes_over_older(quotes, asked_at)
        if sent:
            occurred_at = self.clock.market_now()
            latest.publish("market_data.quotes", {"quotes": sent}, producer=PRODUCER, occurred_at=occurred_at)
        return sent

    async def _know_ticks(self, symbols: Sequence[str]) -> None:
        """The exchange may make a tick coarser, so they are read again once in a while."""
        now = self.clock.monotonic_s()
        if now - self._ticks_at >= TICKS_EVERY_S or not self._ticks.keys() >= set(symbols):
            instruments = await self.in_thread(lambda: queries.instruments(symbols))
            self._ticks |= {symbol: item.price_tick for symbol, item in instruments.items()}
            self._ticks_at = now


def _below_tick(top: BookTop, tick: Decimal) -> bool:
    """Whether the bid would be snapped to nothing; counted. The ask lies above it."""
    if top.bid >= tick:
        return False
    MALFORMED.labels("quotes", "below_tick").inc()
    return True


def _quote(
    symbol: str, top: BookTop, tick: Decimal, price: Decimal | None, known: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The quote without its times. Without a last price on the tick the known one counts, or the middle of the book."""
    if price is None or price < tick:
        price = Decimal(known["last"] if known else (top.bid + top.ask) / 2)
    payload = {
        "symbol": symbol,
        "bid": plain(snap(top.bid, tick)),
        "ask": plain(snap(top.ask, tick)),
        "bid_quantity": plain(top.bid_quantity),
        "ask_quantity": plain(top.ask_quantity),
        "last": plain(snap(price, tick)),
    }
    return payload | {name: known[name] for name in KEPT if known and name in known}
