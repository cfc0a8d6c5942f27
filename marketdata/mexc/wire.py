"""The exchange's WebSocket frames as plain values.

`decode` turns one binary frame into a CandlePush, BookTicker, DepthPush or list of MiniTickers with Decimal prices, or
raises BadFrame with a short reason; nothing half-read gets out. A number has digits, at most one point and perhaps a
short exponent, and is below LIMIT: what Decimal takes besides (1_000, Arabic digits, spaces, NaN) is refused. Times
are epoch seconds (`_s`) or milliseconds (`_ms`) of the exchange's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import NamedTuple

from google.protobuf.message import DecodeError

from marketdata.intervals import NAMES_OF_CHANNELS
from marketdata.mexc.errors import BadFrame
from marketdata.mexc.proto import cdb_mexc_pb2 as pb

MINI_TICKERS = "spot@public.miniTickers.v3.api.pb@UTC+8"
ZERO = Decimal(0)
LIMIT = Decimal(10**20)
TEXTS_MAX = 200
DEPTH_LEVELS = 20
DEPTH_TEXTS_MAX = 4000
PLAIN = b"0123456789."
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?")
EPOCH_MAX_S, EPOCH_MAX_MS = 1 << 33, 1 << 42


class CandlePush(NamedTuple):
    """The state of one candle, forming or just closed: the frame does not say which."""

    symbol: str
    interval: str
    start_s: int
    end_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    sent_ms: int


class BookTicker(NamedTuple):
    symbol: str
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal
    sent_ms: int
    version: int = 0


Side = tuple[tuple[Decimal, Decimal], ...]


class DepthPush(NamedTuple):
    """The best levels of both sides, whole: (price, quantity), best first; what is empty is left out."""

    symbol: str
    bids: Side
    asks: Side
    sent_ms: int
    version: int = 0


class MiniTicker(NamedTuple):
    """24-hour figures of one symbol; `change` is a fraction."""

    symbol: str
    price: Decimal
    change: Decimal
    quote_volume: Decimal
    sent_ms: int


Frame = CandlePush | BookTicker | DepthPush | list[MiniTicker] | None


def kline_channel(symbol: str, channel_interval: str) -> str:
    return f"spot@public.kline.v3.api.pb@{symbol}@{channel_interval}"


def book_channel(symbol: str) -> str:
    return f"spot@public.aggre.bookTicker.v3.api.pb@100ms@{symbol}"


def depth_channel(symbol: str) -> str:
    return f"spot@public.limit.depth.v3.api.pb@{symbol}@{DEPTH_LEVELS}"


def decode(body: bytes) -> Frame:
    """One frame; None for a kind that nobody here asked for. Raises BadFrame."""
    try:
        wrapper = pb.PushDataV3ApiWrapper.FromString(body)
    except DecodeError as problem:
        raise BadFrame("protobuf", str(problem)[:80]) from problem
    kind = wrapper.WhichOneof("body")
    if kind == "publicAggreBookTicker":
        return _book(wrapper)
    if kind == "publicSpotKline":
        return _candle(wrapper)
    if kind == "publicMiniTickers":
        return _mini_tickers(wrapper)
    if kind == "publicLimitDepths":
        return _depth(wrapper)
    if kind is None:
        raise BadFrame("empty", wrapper.channel[:80])
    return None


def _candle(wrapper: pb.PushDataV3ApiWrapper) -> CandlePush:
    body = wrapper.publicSpotKline
    interval, symbol = NAMES_OF_CHANNELS.get(body.interval), wrapper.symbol
    if interval is None or not symbol:
        raise BadFrame("kline", f"{symbol[:40]} {body.interval[:40]}")
    opened, high, low, close, volume, quote_volume = _numbers(
        (body.openingPrice, body.highestPrice, body.lowestPrice, body.closingPrice, body.volume, body.amount)
    )
    if not (low > ZERO and high < LIMIT and volume < LIMIT and quote_volume < LIMIT):
        raise BadFrame("number", symbol[:40])
    if not (low <= opened <= high and low <= close <= high):
        raise BadFrame("candle_shape", symbol[:40])
    start_s, end_s = body.windowStart, body.windowEnd
    if not 0 < start_s < end_s < EPOCH_MAX_S:
        raise BadFrame("candle_window", symbol[:40])
    sent_ms = _sent_ms(wrapper)
    return CandlePush(symbol, interval, start_s, end_s, opened, high, low, close, volume, quote_volume, sent_ms)


def _book(wrapper: pb.PushDataV3ApiWrapper) -> BookTicker:
    body, symbol = wrapper.publicAggreBookTicker, wrapper.symbol
    bid, bid_quantity, ask, ask_quantity = _numbers((body.bidPrice, body.bidQuantity, body.askPrice, body.askQuantity))
    if not (bid > ZERO and ZERO < ask < LIMIT and bid_quantity < LIMIT and ask_quantity < LIMIT):
        raise BadFrame("number", symbol[:40])
    if not symbol or bid > ask:
        raise BadFrame("crossed_book" if symbol else "symbol", symbol[:40])
    return BookTicker(symbol, bid, bid_quantity, ask, ask_quantity, _sent_ms(wrapper), _version(body.version))


def _depth(wrapper: pb.PushDataV3ApiWrapper) -> DepthPush:
    body, symbol = wrapper.publicLimitDepths, wrapper.symbol
    if len(body.bids) > DEPTH_LEVELS or len(body.asks) > DEPTH_LEVELS or not symbol:
        raise BadFrame("depth_levels", symbol[:40])
    bids, asks = _side(body.bids, symbol), _side(body.asks, symbol)
    rising, falling = [price for price, _ in asks], [price for price, _ in reversed(bids)]
    if any(one >= other for prices in (rising, falling) for one, other in pairwise(prices)):
        raise BadFrame("depth_order", symbol[:40])
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise BadFrame("crossed_book", symbol[:40])
    return DepthPush(symbol, bids, asks, _sent_ms(wrapper), _version(body.version))


def _side(levels: Iterable[pb.DepthLevel], symbol: str) -> Side:
    numbers = _numbers(tuple(text for level in levels for text in (level.price, level.quantity)), DEPTH_TEXTS_MAX)
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    if not all(ZERO < price < LIMIT and quantity < LIMIT for price, quantity in pairs):
        raise BadFrame("number", symbol[:40])
    return tuple(pair for pair in pairs if pair[1])


def _mini_tickers(wrapper: pb.PushDataV3ApiWrapper) -> list[MiniTicker]:
    """A pair that never traded has no figures yet and is left out."""
    sent_ms = _sent_ms(wrapper)
    items = wrapper.publicMiniTickers.items
    return [_mini_ticker(item, sent_ms) for item in items if item.price and item.rate and item.volume]


def _mini_ticker(item: pb.MiniTicker, sent_ms: int) -> MiniTicker:
    rate, symbol = item.rate, item.symbol
    falling = rate.startswith("-")
    price, change, quote_volume = _numbers((item.price, rate[1:] if falling else rate, item.volume))
    if not (price < LIMIT and change < LIMIT and quote_volume < LIMIT):
        raise BadFrame("number", symbol[:40])
    if not symbol:
        raise BadFrame("symbol")
    return MiniTicker(symbol, price, -change if falling else change, quote_volume, sent_ms)


def _numbers(texts: tuple[str, ...], longest: int = TEXTS_MAX) -> list[Decimal]:
    """Numbers without a sign. Digits and points together are looked at once: this runs for every frame."""
    together = "".join(texts)
    if len(together) > longest:
        raise BadFrame("number", f"{len(together)} characters")
    if together.encode().translate(None, PLAIN):
        for text in texts:
            if not NUMBER.fullmatch(text):
                raise BadFrame("number", text[:40])
    try:
        return [*map(Decimal, texts)]
    except InvalidOperation as problem:
        raise BadFrame("number", " ".join(texts)[:80]) from problem


def _sent_ms(wrapper: pb.PushDataV3ApiWrapper) -> int:
    sent_ms = wrapper.sendTime or wrapper.createTime
    if not 0 < sent_ms < EPOCH_MAX_MS:
        raise BadFrame("time", wrapper.symbol[:40])
    return sent_ms


def _version(text: str) -> int:
    """Books count up; 0 where the exchange names no usable number."""
    return int(text) if text.isdecimal() and len(text) < 20 else 0
