"""The binary frames that the simulated exchange pushes, one function per channel.

Each takes what a channel shows as texts on the instrument's grid and gives the serialized protobuf wrapper.
Times `at_ms` are the exchange's milliseconds: kline frames carry them as createTime with a symbolId, all others
as sendTime, as the captured frames do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from marketdata.mexc import wire
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.market.exchange import Deal

BUY, SELL = 1, 2
LIMIT_DEPTH = "spot@public.limit.depth.v3.api.pb"

Levels = Iterable[tuple[str, str]]


@lru_cache(maxsize=4096)
def symbol_id(symbol: str) -> str:
    """The exchange's own id of a symbol: 32 hexadecimal digits that say nothing."""
    return hashlib.blake2b(symbol.encode(), digest_size=16).hexdigest()


def encode_candle(
    symbol: str, channel_interval: str, start_s: int, end_s: int, texts: Sequence[str], at_ms: int
) -> bytes:
    """A kline frame; `texts` are open, high, low, close, base volume, quote volume."""
    opened, high, low, close, volume, quote_volume = texts
    return pb.PushDataV3ApiWrapper(
        channel=wire.kline_channel(symbol, channel_interval),
        symbol=symbol,
        symbolId=symbol_id(symbol),
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


def encode_mini_ticker(channel: str, row: Mapping[str, str], at_ms: int) -> bytes:
    """One symbol's 24-hour figures; `row` has MiniTicker's fields in the exchange's spelling."""
    return pb.PushDataV3ApiWrapper(
        channel=channel, symbol=row["symbol"], sendTime=at_ms, publicMiniTicker=pb.MiniTicker(**row)
    ).SerializeToString()


def encode_mini_tickers(channel: str, rows: Iterable[Mapping[str, str]], at_ms: int) -> bytes:
    """All symbols' 24-hour figures in one frame without a symbol of its own."""
    items = [pb.MiniTicker(**row) for row in rows]
    return pb.PushDataV3ApiWrapper(
        channel=channel, sendTime=at_ms, publicMiniTickers=pb.MiniTickers(items=items)
    ).SerializeToString()


def encode_deals(symbol: str, channel: str, deals: Iterable[Deal], at_ms: int) -> bytes:
    """The deals since the last frame, oldest first."""
    items = [
        pb.AggreDeal(
            price=deal.price,
            quantity=deal.quantity,
            tradeType=BUY if deal.buyer else SELL,
            time=deal.at_ms,
            tradeId=deal.trade_id,
        )
        for deal in deals
    ]
    return pb.PushDataV3ApiWrapper(
        channel=channel,
        symbol=symbol,
        sendTime=at_ms,
        publicAggreDeals=pb.AggreDeals(deals=items, eventType=_event_type(channel)),
    ).SerializeToString()


def encode_depth(symbol: str, channel: str, bids: Levels, asks: Levels, versions: tuple[int, int], at_ms: int) -> bytes:
    """Levels that changed with their new quantities, "0" for those that are gone; from and to version inclusive."""
    first, last = versions
    return pb.PushDataV3ApiWrapper(
        channel=channel,
        symbol=symbol,
        sendTime=at_ms,
        publicAggreDepths=pb.AggreDepths(
            asks=_levels(asks),
            bids=_levels(bids),
            eventType=_event_type(channel),
            fromVersion=str(first),
            toVersion=str(last),
        ),
    ).SerializeToString()


def encode_limit_depth(symbol: str, channel: str, bids: Levels, asks: Levels, version: int, at_ms: int) -> bytes:
    """The best levels of both sides, whole."""
    return pb.PushDataV3ApiWrapper(
        channel=channel,
        symbol=symbol,
        sendTime=at_ms,
        publicLimitDepths=pb.LimitDepths(
            asks=_levels(asks),
            bids=_levels(bids),
            eventType=LIMIT_DEPTH,
            version=str(version),
            lastOrderCreateTime=at_ms,
        ),
    ).SerializeToString()


def _event_type(channel: str) -> str:
    """The channel's name without its symbol."""
    return channel.rsplit("@", 1)[0]


def _levels(levels: Levels) -> list[pb.DepthLevel]:
    return [pb.DepthLevel(price=price, quantity=quantity) for price, quantity in levels]
