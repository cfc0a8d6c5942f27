"""Inputs for `proofs.hostile.properties`: bytes at random, valid frames with bytes changed, frames with hostile fields.

Most fields are as the exchange writes them, so that a hostile one is not hidden behind another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import orjson
from hypothesis import strategies as st

from marketdata.mexc import wire
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.server import frames

CANDLE = ("100.1", "101", "99.99", "100", "1.5", "150.2")
NUMBERS = (
    "", " ", "0", "-0", "0.0", "-1", "+1", " 1", "1 ", "1\n", "1_000", "١٢٣", "１２", "²", "0x10", "1e5", "1E-7",
    "1e+5", "1e", "e5", "1e99", "1e999999", "1e-999999", "-1e999999", "NaN", "nan", "sNaN", "-NaN", "NaN123",
    "Infinity", "-Inf", "inf", ".", "..", "1.", ".5", "1.2.3", "1,5", "--1", "-", "\x00", "1\x00", "null", "None",
    "9" * 19, "9" * 40, "9" * 300, "0." + "0" * 150 + "1", "1e-30", "0E-99", "true", "84300.14",
)  # fmt: skip


def valid_frames() -> list[bytes]:
    """One of each kind, as the exchange sends them."""
    symbol = "BTCUSDT"
    channel = wire.book_channel(symbol)
    row = {"symbol": symbol, "price": "100", "rate": "-0.01", "volume": "1000.5", "quantity": "10"}
    return [
        frames.encode_candle(symbol, "Min1", 1_790_281_200, 1_790_281_260, CANDLE, 1_790_281_249_008),
        frames.encode_book(symbol, channel, ("100.01", "5", "100.02", "0.5"), 77, 1_790_281_249_008),
        frames.encode_mini_tickers(wire.MINI_TICKERS, [row, row | {"symbol": "ETHUSDT"}], 1_790_281_249_008),
    ]


TEXTS = st.one_of(
    st.sampled_from(NUMBERS),
    st.decimals(min_value=0, max_value=10**12, places=6).map(str),
    st.floats().map(str),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
WORDS = ("PONG", "spot@a@b", "Not Subscribed successfully! [spot@a@b].  Reason\uff1a Blocked! ")
WHOLE = st.integers(-(1 << 63), (1 << 63) - 1)

VALUES = st.one_of(
    TEXTS,
    WHOLE,
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([[], {}, [1], {"a": 1}, [[[[]]]]]),
)


def random_bytes() -> st.SearchStrategy[bytes]:
    return st.binary(max_size=300)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("overwrite", "insert", "remove", "cut", "repeat")), st.integers(0, 255), st.integers(0, 255)
    ),
    min_size=1,
    max_size=4,
)


def changed_frames() -> st.SearchStrategy[bytes]:
    """A valid frame with some bytes overwritten, put in, taken out or repeated."""
    return st.builds(_with_changes, st.sampled_from(valid_frames()), CHANGES)


def text_frames() -> st.SearchStrategy[bytes]:
    """Answers on a socket: as the exchange words them, with some bytes changed, and with anything as their words."""
    usual = [orjson.dumps({"id": 0, "code": 0, "msg": words}) for words in WORDS]
    return st.one_of(
        st.builds(_with_changes, st.sampled_from(usual), CHANGES),
        st.one_of(VALUES, st.sampled_from(WORDS)).map(lambda words: orjson.dumps({"id": 0, "code": 0, "msg": words})),
        random_bytes(),
    )


def _with_changes(body: bytes, changes: Sequence[tuple[str, int, int]]) -> bytes:
    changed = bytearray(body)
    for change, number, byte in changes:
        place = number % (len(changed) or 1)
        if change == "overwrite" and changed:
            changed[place] = byte
        elif change == "insert":
            changed.insert(place, byte)
        elif change == "remove":
            del changed[place : place + 1 + byte % 8]
        elif change == "cut":
            del changed[place:]
        else:
            changed += changed[place : place + byte]
    return bytes(changed)


CANDLE_FIELDS = ("openingPrice", "highestPrice", "lowestPrice", "closingPrice", "volume", "amount")
USUAL_BODIES: Mapping[str, Mapping[str, Any]] = {
    "publicSpotKline": {
        "interval": "Min1",
        "windowStart": 1_790_281_200,
        "windowEnd": 1_790_281_260,
        **dict(zip(CANDLE_FIELDS, CANDLE, strict=True)),
    },
    "publicAggreBookTicker": {
        "bidPrice": "100.01",
        "bidQuantity": "5",
        "askPrice": "100.02",
        "askQuantity": "0.5",
        "version": "77",
    },
    "publicMiniTickers": {"symbol": "BTCUSDT", "price": "100", "rate": "-0.01", "volume": "9"},
    "publicLimitDepths": {"version": "77"},
}
WRAPPER: Mapping[str, Any] = {"symbol": "BTCUSDT", "createTime": 1_790_281_249_008, "sendTime": 0, "channel": "spot"}
REPLACED = st.lists(st.tuples(st.integers(0, 40), TEXTS, WHOLE), max_size=3)


def hostile_frames() -> st.SearchStrategy[bytes]:
    """A well-formed frame of which up to three fields are anything."""
    return st.builds(with_fields, st.sampled_from(sorted(USUAL_BODIES)), REPLACED)


def with_fields(kind: str, replaced: Sequence[tuple[int, str, int]]) -> bytes:
    body, wrapper = dict(USUAL_BODIES[kind]), dict(WRAPPER)
    for place, text, whole in replaced:
        part = body if place % 4 else wrapper
        name = sorted(part)[place % len(part)]
        part[name] = whole if isinstance(part[name], int) else text
    message: Any = {
        "publicSpotKline": pb.SpotKline,
        "publicAggreBookTicker": pb.AggreBookTicker,
        "publicMiniTickers": lambda **fields: pb.MiniTickers(items=[pb.MiniTicker(**fields)]),
        "publicLimitDepths": pb.LimitDepths,
    }[kind](**body)
    return pb.PushDataV3ApiWrapper(**wrapper, **{kind: message}).SerializeToString()


INSTRUMENT: Mapping[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "1",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "baseAssetPrecision": 8,
    "quoteAssetPrecision": 2,
    "baseSizePrecision": "0.0001",
    "quoteAmountPrecision": "1",
    "takerCommission": "0.0005",
    "isSpotTradingAllowed": True,
}
TICKER: Mapping[str, Any] = {
    "symbol": "BTCUSDT",
    "lastPrice": "100",
    "priceChangePercent": "-0.01",
    "quoteVolume": "1000",
    "bidPrice": "99.9",
    "askPrice": "100.1",
    "bidQty": "1",
    "askQty": "2",
    "price": "100",
}
KLINE = (1_790_281_200_000, *CANDLE[:5], 1_790_281_260_000, CANDLE[5])
USUAL: Mapping[str, Any] = {
    "time": {"serverTime": 1_790_281_200_000},
    "exchangeInfo": {"symbols": [dict(INSTRUMENT)]},
    "klines": [list(KLINE)],
    "ticker24hr": [dict(TICKER)],
    "bookTicker": [dict(TICKER)],
    "tickerPrice": [dict(TICKER)],
}
MISSING = object()
REPLACEMENTS = st.lists(st.tuples(st.integers(0, 255), st.one_of(VALUES, VALUES, st.just(MISSING))), max_size=3)


def answers() -> st.SearchStrategy[tuple[str, bytes]]:
    """(Call, JSON): the usual answer with some of its values, at any depth, replaced or left out."""
    return st.builds(with_values, st.sampled_from(sorted(USUAL)), REPLACEMENTS)


def with_values(call: str, replacements: Sequence[tuple[int, Any]]) -> tuple[str, bytes]:
    answer = orjson.loads(orjson.dumps({"": USUAL[call]}))
    for number, value in replacements:
        found = list(places(answer))
        place, key = found[number % len(found)]
        if value is not MISSING:
            place[key] = deepcopy(value)
        elif place is not answer:
            del place[key]
    return call, orjson.dumps(answer[""])


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below a value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])
