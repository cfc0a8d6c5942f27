"""What a block of the tape holds, as bytes: quotes events as they were taken, and where looks at them ended. Pure.

Quotes are grouped by symbol, so that each column is one symbol's way after the other: the bid, what the ask and the
last price are above it, sizes, turnover, and when the exchange said and the screener received it. A block that is not
spelled as our screeners spell it is kept as JSON: what was written is what is read, field by field.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import orjson

from risk.tape.columns import LENGTH, ColumnProblem, Reader, Whole, all_match, packed, text_of, units_of, unpacked

QuoteRow = dict[str, str]
PRICES = ("bid", "ask", "last")
TIMES = ("event_at", "received_at")
OPTIONAL = ("bid_quantity", "ask_quantity", "quote_volume_24h", "change_24h")
REQUIRED = frozenset(("symbol", *PRICES, *TIMES))
KNOWN = REQUIRED | frozenset(OPTIONAL)
COLUMNS, PLAIN = b"C", b"P"
HEAD = struct.Struct("<cI")
PLACE = re.compile(r"(0|[1-9][0-9]{0,17})-(0|[1-9][0-9]{0,17})")
MOMENTS = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\n)*")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class TapedEvent(NamedTuple):
    """One quotes event: its entry in the stream, who sent it and when in market time, its quotes as they stood."""

    place: str
    producer: str
    occurred_at: str
    quotes: tuple[QuoteRow, ...]


class LookEnd(NamedTuple):
    """Somebody looked: the newest entry that it had seen, when by the wall in microseconds, and what for."""

    place: str
    at_us: int
    what: str


class _Grouped(NamedTuple):
    """One quote in order of symbol: its event, its place in it."""

    symbol: str
    event: int
    position: int
    quote: QuoteRow


class NotOurs(Exception):
    """Spelled otherwise than our screeners spell it."""


def pack(events: Sequence[TapedEvent], looks: Sequence[LookEnd]) -> bytes:
    """Events in order of their entries, and looks in order of their time."""
    try:
        kind, body = COLUMNS, _columns(events)
    except (NotOurs, KeyError):
        kind, body = PLAIN, _as_json(events)
    return HEAD.pack(kind, len(body)) + body + (_as_json(looks) if looks else b"")


def unpack(block: bytes) -> tuple[list[TapedEvent], list[LookEnd]]:
    """What `pack` was given. Raises ColumnProblem for anything else."""
    head, reader = Reader(block).take(HEAD.size)
    kind, length = HEAD.unpack(head)
    body, reader = reader.take(length)
    rest = block[reader.at :]
    try:
        events = _events(Reader(body)) if kind == COLUMNS else [_event(row) for row in _json(body)]
        return events, [LookEnd(*row) for row in _json(rest)] if rest else []
    except (zlib.error, TypeError, IndexError, orjson.JSONDecodeError) as problem:
        raise ColumnProblem(f"this is no block: {problem}") from problem


def _as_json(rows: Sequence[tuple[Any, ...]]) -> bytes:
    return zlib.compress(orjson.dumps([[*row] for row in rows]))


def _json(body: bytes) -> Any:
    return orjson.loads(zlib.decompress(body))


def _event(row: Sequence[Any]) -> TapedEvent:
    place, producer, occurred_at, quotes = row
    return TapedEvent(place, producer, occurred_at, tuple(quotes))


def _columns(events: Sequence[TapedEvent]) -> bytes:
    """Words, then the columns of events, then those of quotes."""
    places = [_place_numbers(event.place) for event in events]
    occurred = _moments([event.occurred_at for event in events])
    producers = sorted({event.producer for event in events})
    rows = _in_order_of_symbol(events)
    symbols = sorted({row.symbol for row in rows})
    words = _as_json([tuple(producers), tuple(symbols)])
    of_events = (
        [ms for ms, _ in places],
        [number for _, number in places],
        occurred,
        [producers.index(event.producer) for event in events],
        [len(event.quotes) for event in events],
    )
    arrived = np.array([ms for ms, _ in places], dtype=np.int64) * 1000
    of_quotes = _quote_columns(rows, np.array(occurred, dtype=np.int64), arrived)
    columns = packed([np.array(column, dtype=np.int64) for column in (*of_events, *of_quotes)])
    return LENGTH.pack(len(words)) + words + columns


def _in_order_of_symbol(events: Sequence[TapedEvent]) -> list[_Grouped]:
    rows = [
        _Grouped(quote["symbol"], number, position, quote)
        for number, event in enumerate(events)
        for position, quote in enumerate(event.quotes)
    ]
    if any(not REQUIRED <= row.quote.keys() <= KNOWN for row in rows):
        raise NotOurs
    return sorted(rows, key=lambda row: row[:3])


def _quote_columns(rows: Sequence[_Grouped], occurred_us: Whole, arrived_us: Whole) -> list[Sequence[int] | Whole]:
    """By quote, in order of symbol: its event, its place there beside the one by symbol, times, prices, the rest."""
    of_event = np.array([row.event for row in rows], dtype=np.int64)
    said, received = (np.array(_moments([row.quote[name] for row in rows]), dtype=np.int64) for name in TIMES)
    places, (bid, ask, last) = _decimals(rows, PRICES)
    columns: list[Sequence[int] | Whole] = [
        [len(list(group)) for _, group in groupby(rows, key=lambda row: row.symbol)],
        of_event,
        np.array([row.position for row in rows], dtype=np.int64) - _positions(of_event),
        said - occurred_us[of_event],
        received - arrived_us[of_event],
        places,
        bid,
        ask - bid,
        last - bid,
    ]
    for name in OPTIONAL:
        told = [row for row in rows if name in row.quote]
        places, [numbers] = _decimals(told, (name,))
        columns += [[int(name in row.quote) for row in rows], places, numbers]
    return columns


def _positions(of_event: Whole) -> Whole:
    """The place of each quote in its event, where every event has its quotes in order of symbol."""
    order = np.argsort(of_event, kind="stable")
    ordered = of_event[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    lengths = np.diff(np.append(starts, ordered.size))
    positions = np.empty_like(of_event)
    positions[order] = np.arange(ordered.size) - np.repeat(starts, lengths)
    return positions


def _decimals(rows: Sequence[_Grouped], names: Sequence[str]) -> tuple[list[int], list[Whole]]:
    """Decimal places by symbol, and a column of whole numbers for each of these fields."""
    places: list[int] = []
    columns: list[list[int]] = [[] for _ in names]
    for _, group in groupby(rows, key=lambda row: row.symbol):
        same = list(group)
        found = units_of([row.quote[name] for name in names for row in same])
        if found is None:
            raise NotOurs
        places.append(found[0])
        for number, column in enumerate(columns):
            column += found[1][number * len(same) : (number + 1) * len(same)]
    return places, [np.array(column, dtype=np.int64) for column in columns]


def _events(reader: Reader) -> list[TapedEvent]:
    length, reader = reader.take(LENGTH.size)
    words, reader = reader.take(LENGTH.unpack(length)[0])
    producers, symbols = _json(words)
    columns = unpacked(reader.body[reader.at :])
    (ms, numbers, occurred, producer, counts), of_quotes = columns[:5], columns[5:]
    quotes = _quotes(symbols, of_quotes, occurred, ms * 1000)
    ends = np.cumsum(counts).tolist()
    return [
        TapedEvent(
            f"{ms[row]}-{numbers[row]}",
            producers[producer[row]],
            _moment_text(int(occurred[row])),
            tuple(quotes[end - int(counts[row]) : end]),
        )
        for row, end in enumerate(ends)
    ]


def _quotes(symbols: Sequence[str], columns: list[Whole], occurred_us: Whole, arrived_us: Whole) -> list[QuoteRow]:
    """All quotes, in order of their events and of their places there."""
    counts, of_event, beside, said, received, places, bid, above, last_above = columns[:9]
    of_symbol = np.repeat(np.arange(len(symbols)), counts)
    price_places = places[of_symbol].tolist()
    fields: dict[str, list[str]] = {
        "symbol": [symbols[number] for number in of_symbol.tolist()],
        "bid": _texts(bid, price_places),
        "ask": _texts(bid + above, price_places),
        "last": _texts(bid + last_above, price_places),
        "event_at": [_moment_text(us) for us in (said + occurred_us[of_event]).tolist()],
        "received_at": [_moment_text(us) for us in (received + arrived_us[of_event]).tolist()],
    }
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    for number, name in enumerate(OPTIONAL):
        told, places, units = columns[9 + 3 * number : 12 + 3 * number]
        _add(rows, name, np.flatnonzero(told), of_symbol, places, units)
    order = np.lexsort((beside + _positions(of_event), of_event))
    return [rows[row] for row in order.tolist()]


def _add(rows: list[QuoteRow], name: str, where: Whole, of_symbol: Whole, places: Whole, units: Whole) -> None:
    """The field `name` of those rows that have it; `places` of those symbols that have one."""
    _, of_told = np.unique(of_symbol[where], return_inverse=True)
    texts = _texts(units, places[of_told].tolist() if where.size else [])
    for row, text in zip(where.tolist(), texts, strict=True):
        rows[row][name] = text


def _texts(units: Whole, places: Sequence[int]) -> list[str]:
    return [text_of(number, place) for number, place in zip(units.tolist(), places, strict=True)]


def place_order(place: str) -> tuple[int, int]:
    """By which entries of a stream follow one another: the milliseconds at which Redis took it, and a number."""
    milliseconds, _, number = place.partition("-")
    return int(milliseconds), int(number or 0)


def _place_numbers(place: str) -> tuple[int, int]:
    found = PLACE.fullmatch(place)
    if found is None:
        raise NotOurs
    return int(found[1]), int(found[2])


def _moments(texts: Sequence[str]) -> list[int]:
    """Microseconds since the epoch."""
    if not all_match(MOMENTS, texts):
        raise NotOurs
    try:
        seconds = {text: datetime.fromisoformat(text) for text in {text[:19] for text in texts}}
    except ValueError as problem:
        raise NotOurs from problem
    begun = {text: (moment.replace(tzinfo=UTC) - EPOCH) // MICROSECOND for text, moment in seconds.items()}
    return [begun[text[:19]] + int(text[20:26]) for text in texts]


def _moment_text(us: int) -> str:
    return f"{(EPOCH + timedelta(microseconds=us)).isoformat(timespec='microseconds')[:-6]}Z"
