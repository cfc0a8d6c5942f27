"""The exchange's WebSocket frames as plain values, both ways.

`decode` turns one binary frame into a CandlePush, BookTicker or list of MiniTickers with Decimal prices, or
raises BadFrame with a short reason; nothing half-read gets out. `encode_*` are what the simulated exchange
sends. Times are epoch seconds (`_s`) or milliseconds (`_ms`) of the exchange's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from google.protobuf.message import DecodeError

from marketdata.intervals import NAMES_OF_CHANNELS
from marketdata.mexc.errors import BadFrame
from marketdata.mexc.proto import cdb_mexc_pb2 as pb

MINI_TICKERS = "spot@public.miniTickers.v3.api.pb@UTC+8"
ZERO = Decimal(0)


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


class MiniTicker(NamedTuple):
    """24-hour figures of one symbol; `change` is a fraction."""

    symbol: str
    price: Decimal
    change: Decimal
    quote_volume: Decimal
    sent_ms: int


Frame = CandlePush | BookTicker | list[MiniTicker] | None


def kline_channel(symbol: str, channel_interval: str) -> str:
    return f"spot@public.kline.v3.api.pb@{symbol}@{channel_interval}"


def book_channel(symbol: str) -> str:
    return f"spot@public.aggre.bookTicker.v3.api.pb@100ms@{symbol}"


def decode(body: bytes) -> Frame:
    """One frame; None for a kind that nobody here asked for. Raises BadFrame."""
    try:
        wrapper = pb.PushDataV3ApiWrapper.FromString(body)
    except DecodeError as problem:
        raise BadFrame("protobuf", str(problem)) from problem
    kind = wrapper.WhichOneof("body")
    if kind == "publicSpotKline":
        return _candle(wrapper)
    if kind == "publicAggreBookTicker":
        return _book(wrapper)
    if kind == "publicMiniTickers":
        return _mini_tickers(wrapper)
    if kind is None:
        raise BadFrame("empty", wrapper.channel[:80])
    return None


def _decimal(text: str, *, positive: bool = False) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as problem:
        raise BadFrame("number", text[:40]) from problem
    if not value.is_finite() or value < ZERO or (positive and value == ZERO) or value.adjusted() > 30:
        raise BadFrame("number", text[:40])
    return value


def _candle(wrapper: pb.PushDataV3ApiWrapper) -> CandlePush:
    body = wrapper.publicSpotKline
    interval = NAMES_OF_CHANNELS.get(body.interval)
    if interval is None or not wrapper.symbol:
        raise BadFrame("kline", f"{wrapper.symbol} {body.interval}"[:80])
    push = CandlePush(
        wrapper.symbol,
        interval,
        body.windowStart,
        body.windowEnd,
        _decimal(body.openingPrice, positive=True),
        _decimal(body.highestPrice, positive=True),
        _decimal(body.lowestPrice, positive=True),
        _decimal(body.closingPrice, positive=True),
        _decimal(body.volume),
        _decimal(body.amount),
        wrapper.sendTime or wrapper.createTime,
    )
    if not push.low <= min(push.open, push.close) or not push.high >= max(push.open, push.close):
        raise BadFrame("candle_shape", push.symbol)
    if not 0 < push.start_s < push.end_s < 1 << 33:
        raise BadFrame("candle_window", push.symbol)
    return push


def _book(wrapper: pb.PushDataV3ApiWrapper) -> BookTicker:
    body = wrapper.publicAggreBookTicker
    book = BookTicker(
        wrapper.symbol,
        _decimal(body.bidPrice, positive=True),
        _decimal(body.bidQuantity),
        _decimal(body.askPrice, positive=True),
        _decimal(body.askQuantity),
        wrapper.sendTime or wrapper.createTime,
    )
    if not book.symbol or book.bid > book.ask:
        raise BadFrame("crossed_book", book.symbol)
    return book


def _mini_tickers(wrapper: pb.PushDataV3ApiWrapper) -> list[MiniTicker]:
    sent_ms = wrapper.sendTime or wrapper.createTime
    return [
        MiniTicker(item.symbol, _decimal(item.price), _signed(item.rate), _decimal(item.volume), sent_ms)
        for item in wrapper.publicMiniTickers.items
    ]


def _signed(text: str) -> Decimal:
    return -_decimal(text[1:]) if text.startswith("-") else _decimal(text)


def encode_candle(
    symbol: str, channel_interval: str, start_s: int, end_s: int, texts: Sequence[str], at_ms: int
) -> bytes:
    """A kline frame; `texts` are open, high, low, close, base volume, quote volume."""
    opened, high, low, close, volume, quote_volume = texts
    return pb.PushDataV3ApiWrapper(
        channel=kline_channel(symbol, channel_interval),
        symbol=symbol,
        symbolId=f"sim-{symbol}",
        createTime=at_ms,
        publicSpotKline=pb.SpotKline(
            interval=channel_interval,
            windowStart=start_s,
            openingPrice=opened,
            closingPrice=close,
            highestPrice=high,
            lowestPrice=low,
            volume=volume,
            amount=quote_volume,
            windowEnd=end_s,
        ),
    ).SerializeToString()


def encode_book(symbol: str, channel: str, texts: Sequence[str], version: int, at_ms: int) -> bytes:
    """A book ticker frame; `texts` are bid, bid quantity, ask, ask quantity."""
    bid, bid_quantity, ask, ask_quantity = texts
    return pb.PushDataV3ApiWrapper(
        channel=channel,
        symbol=symbol,
        sendTime=at_ms,
        publicAggreBookTicker=pb.AggreBookTicker(
            bidPrice=bid,
            bidQuantity=bid_quantity,
            askPrice=ask,
            askQuantity=ask_quantity,
            version=str(version),
            lastOrderCreateTime=at_ms,
        ),
    ).SerializeToString()


def encode_mini_tickers(channel: str, rows: Sequence[dict[str, str]], at_ms: int) -> bytes:
    """A frame of all symbols' 24-hour figures; rows are fields of MiniTicker in the exchange's spelling."""
    items = [pb.MiniTicker(**row) for row in rows]
    return pb.PushDataV3ApiWrapper(
        channel=channel, sendTime=at_ms, publicMiniTickers=pb.MiniTickers(items=items)
    ).SerializeToString()
