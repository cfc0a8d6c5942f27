"""The latest quote of every watched symbol, and which ones changed since the last flush.

Fed by book tickers (bid, ask), candle pushes (last price) and 24-hour tickers. Between two flushes only the
newest values count, so a slow reader costs nothing but detail. A symbol has a quote once both sides and a last
price are known.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from cdb_site.clock import from_seconds, iso
from marketdata.mexc.wire import BookTicker, CandlePush, MiniTicker
from marketdata.ticks import plain, snap


class QuoteBoard:
    """`ticks` holds the price tick of each watched symbol; others are ignored."""

    def __init__(self, ticks: dict[str, Decimal]) -> None:
        self.ticks = ticks
        self._fields: dict[str, dict[str, Any]] = {symbol: {"symbol": symbol} for symbol in ticks}
        self._changed: set[str] = set()

    def book(self, ticker: BookTicker, received_at: datetime) -> None:
        tick = self.ticks.get(ticker.symbol)
        if tick is None:
            return
        self._fields[ticker.symbol].update(
            bid=plain(snap(ticker.bid, tick)),
            ask=plain(snap(ticker.ask, tick)),
            bid_quantity=plain(ticker.bid_quantity),
            ask_quantity=plain(ticker.ask_quantity),
            event_at=iso(from_seconds(ticker.sent_ms / 1000)),
            received_at=iso(received_at),
        )
        self._changed.add(ticker.symbol)

    def last(self, push: CandlePush) -> None:
        if push.symbol in self.ticks:
            self._fields[push.symbol]["last"] = plain(snap(push.close, self.ticks[push.symbol]))
            self._changed.add(push.symbol)

    def day(self, ticker: MiniTicker) -> None:
        if ticker.symbol in self.ticks:
            values = self._fields[ticker.symbol]
            values.update(quote_volume_24h=plain(ticker.quote_volume), change_24h=plain(ticker.change))
            values.setdefault("last", plain(snap(ticker.price, self.ticks[ticker.symbol])))

    def take_changed(self) -> list[dict[str, Any]]:
        """Payloads of the complete quotes that changed, in order of symbol; then nothing counts as changed."""
        changed, self._changed = self._changed, set()
        whole = (self._fields[symbol] for symbol in sorted(changed))
        return [dict(values) for values in whole if "bid" in values and "last" in values]
