"""What a symbol is worth now: the middle of a fresh book, else the last close. Kept per process.

Quotes come from the quotes topic. Closes are read from PostgreSQL, and only while a symbol has no fresh book.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache

from django.conf import settings

from cdb_site.clock import SYSTEM, Clock
from cdb_site.limits_in_force import LimitInForce
from execution.quotes import Quote, QuoteBoard
from marketdata.queries import recent_candles
from risk.rules.account_state import MarketLook, SymbolMarket
from risk.rules.portfolio import Mark

TWO = Decimal(2)
CLOSE_LIFETIME_S = 2.0
AGE_TOLD_MAX_S = 1_000_000.0  # eleven days; what is older is told as this old


class Marks:
    """The marks of one process."""

    def __init__(self, *, board: QuoteBoard, interval: str) -> None:
        self.board, self.interval = board, interval
        self._closes: dict[str, tuple[float, Decimal | None]] = {}

    def mark(self, symbol: str) -> Mark | None:
        """The symbol's mark; None when it was never priced."""
        return self._mark(symbol, self.board.quote(symbol))

    def markets(self, symbols: Iterable[str]) -> dict[str, SymbolMarket]:
        """What these symbols are decided on: rules, and the latest book whatever its age."""
        return {symbol: self._market(symbol, self.board.quote(symbol)) for symbol in symbols}

    def look(self, market_now: datetime, *, asked: Collection[str] = (), held: Collection[str] = ()) -> MarketLook:
        """One look at the market: each symbol's quote is read once, for its mark and for what is decided on it."""
        (markets, marks), place = self.board.at_one_place(lambda: self._looked(asked, held))
        return MarketLook(market_now=market_now, markets=markets, marks=marks, place=place)

    def _looked(self, asked: Collection[str], held: Collection[str]) -> tuple[dict[str, SymbolMarket], dict[str, Mark]]:
        quotes = {symbol: self.board.quote(symbol) for symbol in (*asked, *held)}
        marks = ((symbol, self._mark(symbol, quotes[symbol])) for symbol in held)
        return {symbol: self._market(symbol, quotes[symbol]) for symbol in asked}, {
            symbol: mark for symbol, mark in marks if mark
        }

    def _mark(self, symbol: str, quote: Quote | None) -> Mark | None:
        if quote is not None and self.board.age_s(quote) <= self.board.max_age_s():
            return Mark(price=(quote.book.bid + quote.book.ask) / TWO, source="BOOK")
        close = self._last_close(symbol)
        return Mark(price=close, source="CANDLE") if close else None

    def _market(self, symbol: str, quote: Quote | None) -> SymbolMarket:
        rules = self.board.rules(symbol)
        if quote is None:
            return SymbolMarket(rules=rules)
        age_ms = int(min(self.board.age_s(quote), AGE_TOLD_MAX_S) * 1000)
        return SymbolMarket(rules=rules, book=quote.book, book_age_ms=age_ms)

    def _last_close(self, symbol: str) -> Decimal | None:
        """The last stored close, read again every few seconds while there is no fresh book."""
        now = self.board.clock.monotonic_s()
        read_at, close = self._closes.get(symbol, (float("-inf"), None))
        if now - read_at > CLOSE_LIFETIME_S:
            candles = recent_candles(symbol, self.interval, 1)
            close = candles[0].close if candles else None
            self._closes[symbol] = (now, close)
        return close


@cache
def process_marks(clock: Clock = SYSTEM) -> Marks:
    """The marks shared by the decisions and the watcher of this process."""
    board = QuoteBoard(clock=clock, max_age_s=LimitInForce("max_price_age_s", clock))
    return Marks(board=board, interval=settings.ENVIRONMENT.INTERVAL)
