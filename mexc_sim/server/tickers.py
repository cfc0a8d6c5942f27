"""24-hour figures of every symbol, as REST's ticker/24hr and the mini ticker channels tell them.

Changes are fractions, `rate` over the last 24 hours, `zonedRate` since midnight of the channel's time zone. Of the
mini tickers `volume` is the turnover in the quote asset and `quantity` the base volume; what they call the last
close is told as the figures of now. Numbers are texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from marketdata.intervals import window_start_s
from marketdata.ticks import grid_text
from mexc_sim.market.exchange import DAY_S, Exchange, SimQuote
from mexc_sim.market.source import Listing
from mexc_sim.server import frames
from mexc_sim.server.candle_pushes import Moment, Push
from mexc_sim.server.channels import Channel

CHANGE_PLACES = 4


def tickers(exchange: Exchange, now_s: float) -> list[dict[str, Any]]:
    """Rows of all symbols that have traded."""
    at_ms = int(now_s * 1000)
    day = list(zip(*(column.tolist() for column in exchange.day(now_s)), strict=True))
    return [
        _ticker(exchange.source.listings[row], day[row], quote, at_ms)
        for quote in exchange.quotes(now_s)
        for row in (exchange.rows[quote.symbol],)
    ]


def _ticker(listing: Listing, numbers: Sequence[int], quote: SimQuote, at_ms: int) -> dict[str, Any]:
    opened, high, low, last, volume, quote_volume = numbers
    opened = opened or last
    places = listing.price_places
    return {
        "symbol": listing.symbol,
        "priceChange": grid_text(last - opened, places),
        "priceChangePercent": _change(last, opened),
        "prevClosePrice": grid_text(opened, places),
        "lastPrice": grid_text(last, places),
        "bidPrice": quote.bid,
        "bidQty": quote.bid_quantity,
        "askPrice": quote.ask,
        "askQty": quote.ask_quantity,
        "openPrice": grid_text(opened, places),
        "highPrice": grid_text(max(high, last), places),
        "lowPrice": grid_text(min(low or last, last), places),
        "volume": grid_text(volume, listing.quantity_places),
        "quoteVolume": grid_text(quote_volume, listing.quote_places),
        "openTime": at_ms,
        "closeTime": at_ms,
        "count": None,
    }


def _change(last: int, base: int) -> str:
    return grid_text(round((last - base) * 10**CHANGE_PLACES / base), CHANGE_PLACES)


class MiniTickerPushes:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._opens: dict[int, list[int]] = {}

    def between(self, channels: Sequence[Channel], moment: Moment) -> Iterator[Push]:
        """Every channel's figures, changed or not."""
        rows = tickers(self.exchange, moment.at_s) if channels else []
        for channel in channels:
            if channel.kind == "mini_tickers":
                items = self._items(rows, channel, moment.at_s)
                yield Push(channel, frames.encode_mini_tickers(channel.name, items, moment.said_ms))
                continue
            for item in self._items((row for row in rows if row["symbol"] == channel.symbol), channel, moment.at_s):
                yield Push(channel, frames.encode_mini_ticker(channel.name, item, moment.said_ms))

    def _items(self, rows: Iterable[dict[str, Any]], channel: Channel, at_s: float) -> Iterator[dict[str, str]]:
        opens = None if channel.zone_s is None else self._since_midnight(at_s, channel.zone_s)
        for row in rows:
            place = self.exchange.rows[row["symbol"]]
            rate = row["priceChangePercent"]
            zoned = _zoned(row, self.exchange.source.listings[place], opens[place]) if opens else rate
            yield {
                "symbol": row["symbol"],
                "price": row["lastPrice"],
                "rate": rate,
                "zonedRate": zoned,
                "high": row["highPrice"],
                "low": row["lowPrice"],
                "volume": row["quoteVolume"],
                "quantity": row["volume"],
                "lastCloseRate": rate,
                "lastCloseZonedRate": zoned,
                "lastCloseHigh": row["highPrice"],
                "lastCloseLow": row["lowPrice"],
            }

    def _since_midnight(self, at_s: float, zone_s: int) -> list[int]:
        """Prices at the zone's midnight in ticks, kept for the day; 0 where nothing traded then."""
        midnight_s = window_start_s(at_s + zone_s, DAY_S) - zone_s
        if midnight_s not in self._opens:
            self._opens = {start_s: kept for start_s, kept in self._opens.items() if start_s > at_s - 2 * DAY_S}
            base_s = self.exchange.source.interval_s
            start_s = window_start_s(midnight_s, base_s)
            self._opens[midnight_s] = self.exchange.window(start_s, base_s, at_s).open[:, 0].tolist()
        return self._opens[midnight_s]


def _zoned(row: dict[str, Any], listing: Listing, opened: int) -> str:
    """The change since midnight; over 24 hours where no price is known."""
    if not opened:
        return str(row["priceChangePercent"])
    last = int(Decimal(row["lastPrice"]).scaleb(listing.price_places))
    return _change(last, opened)
