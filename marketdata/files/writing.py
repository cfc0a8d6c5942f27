"""Candles as the text of a file, piece by piece: what the importer reads again to the same numbers. Pure.

freqtrade's rows have no place for the quote volume; csv and mexc keep everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cdb_site.units import plain


class Row(NamedTuple):
    """One stored candle."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal


def csv(rows: Iterable[Row], length_s: int) -> Iterator[str]:
    yield "open_time,open,high,low,close,volume,quote_volume\n"
    for row in rows:
        yield f"{row.open_time:%Y-%m-%dT%H:%M:%SZ},{','.join(map(plain, row[1:]))}\n"


def freqtrade(rows: Iterable[Row], length_s: int) -> Iterator[str]:
    yield from _list(f"[{_ms(row)}, {', '.join(map(plain, row[1:6]))}]" for row in rows)


def mexc(rows: Iterable[Row], length_s: int) -> Iterator[str]:
    yield from _list(_as_told(row, length_s) for row in rows)


WRITERS: dict[str, Callable[[Iterable[Row], int], Iterator[str]]] = {"csv": csv, "freqtrade": freqtrade, "mexc": mexc}


def _as_told(row: Row, length_s: int) -> str:
    """As the klines endpoint tells it: numbers as texts, the close time before the quote volume."""
    numbers = ", ".join(f'"{plain(value)}"' for value in row[1:6])
    return f'[{_ms(row)}, {numbers}, {_ms(row) + length_s * 1000}, "{plain(row.quote_volume)}"]'


def _list(rows: Iterable[str]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield before + row
        before = ",\n"
    yield "[]\n" if before == "[" else "]\n"


def _ms(row: Row) -> int:
    return int(row.open_time.timestamp()) * 1000
