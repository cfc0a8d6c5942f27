"""What the channels of deals and orders push between two market moments.

Deals come as they were dealt, best bid and ask whenever they changed. The depth stream sends what changed between
two books, and its versions form a chain: each frame begins one after the last one's end. A snapshot from REST
joins the chain, because while a symbol's depth is followed REST tells the book that was streamed last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mexc_sim.market.exchange import DepthBook, Exchange, SimQuote
from mexc_sim.server import frames
from mexc_sim.server.candle_pushes import Moment, Push
from mexc_sim.server.channels import Channel

LEVELS_MAX = 200

Level = tuple[str, str]


class BookPushes:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._quotes: dict[str, SimQuote] = {}
        self._versions: dict[str, int] = {}
        self._books: dict[Channel, DepthBook] = {}

    def forget(self, channel: Channel) -> None:
        """The next pulse shows this channel's state, changed or not; a running chain of depths goes on."""
        self._quotes.pop(channel.name, None)
        self._versions.pop(channel.name, None)

    def left(self, channel: Channel) -> None:
        """Nobody follows the channel any more."""
        self._books.pop(channel, None)

    def followed(self, symbol: str) -> DepthBook | None:
        """The book that was streamed last; of two streams the slower, whose books are on both chains."""
        books = [(channel.every_ms, book) for channel, book in self._books.items() if channel.symbol == symbol]
        return max(books)[1] if books else None

    def between(self, channels: Sequence[Channel], moment: Moment) -> Iterator[Push]:
        for channel in channels:
            if channel.kind == "deals":
                yield from self._deals(channel, moment)
            elif channel.kind == "depth":
                yield from self._depth(channel, moment)
            elif channel.kind == "limit_depth":
                yield from self._limit_depth(channel, moment)
        yield from self._book_tickers([channel for channel in channels if channel.kind == "book_ticker"], moment)

    def _deals(self, channel: Channel, moment: Moment) -> Iterator[Push]:
        deals = self.exchange.deals(channel.symbol, moment.before_s, moment.at_s)
        if deals:
            yield Push(channel, frames.encode_deals(channel.symbol, channel.name, deals, moment.said_ms))

    def _depth(self, channel: Channel, moment: Moment) -> Iterator[Push]:
        former = self._books.get(channel)
        if former is not None and former.version == self.exchange.version(channel.symbol, moment.at_s):
            return
        book = self._books[channel] = self.exchange.book(channel.symbol, moment.at_s, LEVELS_MAX)
        if former is None:
            return
        bids, asks = changes(former.bids, book.bids), changes(former.asks, book.asks)
        versions = (former.version + 1, book.version)
        yield Push(channel, frames.encode_depth(channel.symbol, channel.name, bids, asks, versions, moment.said_ms))

    def _limit_depth(self, channel: Channel, moment: Moment) -> Iterator[Push]:
        version = self.exchange.version(channel.symbol, moment.at_s)
        if self._versions.get(channel.name) == version:
            return
        self._versions[channel.name] = version
        book = self.exchange.book(channel.symbol, moment.at_s, channel.levels)
        yield Push(
            channel,
            frames.encode_limit_depth(channel.symbol, channel.name, book.bids, book.asks, book.version, moment.said_ms),
        )

    def _book_tickers(self, channels: Sequence[Channel], moment: Moment) -> Iterator[Push]:
        quotes = {quote.symbol: quote for quote in self.exchange.quotes(moment.at_s)} if channels else {}
        for channel in channels:
            quote = quotes.get(channel.symbol)
            if quote is None or self._quotes.get(channel.name) == quote:
                continue
            self._quotes[channel.name] = quote
            version = self.exchange.version(channel.symbol, moment.at_s)
            frame = frames.encode_book(channel.symbol, channel.name, quote[1:], version, moment.said_ms)
            yield Push(channel, frame)


def changes(former: Sequence[Level], now: Sequence[Level]) -> list[Level]:
    """Levels that are new or have another quantity, then those that are gone with quantity "0"."""
    before, after = dict(former), dict(now)
    changed = [level for level in now if before.get(level[0]) != level[1]]
    return changed + [(price, "0") for price in before if price not in after]
