"""The flood: book tickers or candle pushes of 30 symbols, each one a little later than the one before.

Frames are made once, before anything is measured, in the simulated exchange's own encoding, and are wrapped for the
WebSocket (RFC 6455, server to client, unmasked) so that sending them costs a write.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice

from cdb_site.clock import SYSTEM
from marketdata.mexc import wire
from mexc_sim.server import frames

KINDS = ("book", "kline")
SYMBOLS = tuple(f"F{number:02d}USDT" for number in range(30))
START_S = int(SYSTEM.market_s()) // 60 * 60
BINARY_FINAL = 0x82
BLOB_BYTES = 60_000


def channels(kind: str) -> list[str]:
    """The 30 channels of a flood."""
    if kind == "book":
        return [wire.book_channel(symbol) for symbol in SYMBOLS]
    return [wire.kline_channel(symbol, "Min1") for symbol in SYMBOLS]


def flood(kind: str, count: int) -> list[bytes]:
    """`count` frames, symbols in turn. Versions, volumes and times grow, prices walk; one candle forms throughout."""
    steps = random.Random(7)
    prices = {symbol: 100 * 1.5**place for place, symbol in enumerate(SYMBOLS)}
    made = []
    for number in range(count):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        price = prices[symbol] = prices[symbol] * steps.uniform(0.9999, 1.0001)
        make = _book if kind == "book" else _kline
        made.append(make(symbol, price, number, steps))
    return made


def blobs(bodies: Sequence[bytes]) -> list[bytes]:
    """WebSocket messages joined to what is written at once."""
    per_blob = max(1, BLOB_BYTES // (len(bodies[0]) + 4))
    messages = iter(bodies)
    return [b"".join(map(message, some)) for some in iter(lambda: list(islice(messages, per_blob)), [])]


def message(body: bytes) -> bytes:
    """A frame as the server writes it."""
    if len(body) < 126:
        return bytes((BINARY_FINAL, len(body))) + body
    return bytes((BINARY_FINAL, 126)) + len(body).to_bytes(2) + body


def _book(symbol: str, price: float, number: int, steps: random.Random) -> bytes:
    texts = (_text(price, 2), _text(steps.uniform(0, 5), 6), _text(price + 0.02, 2), _text(steps.uniform(0, 5), 6))
    return frames.encode_book(symbol, wire.book_channel(symbol), texts, 10**9 + number, START_S * 1000 + number)


def _kline(symbol: str, price: float, number: int, steps: random.Random) -> bytes:
    opened = 100 * 1.5 ** SYMBOLS.index(symbol)
    texts = (
        _text(opened, 2),
        _text(max(opened, price) * 1.05, 2),
        _text(min(opened, price) * 0.95, 2),
        _text(price, 2),
        _text(number + steps.random(), 8),
        _text((number + 1) * price, 2),
    )
    return frames.encode_candle(symbol, "Min1", START_S, START_S + 60, texts, START_S * 1000 + number)


def _text(value: float, places: int) -> str:
    return f"{value:.{places}f}".rstrip("0").rstrip(".")
