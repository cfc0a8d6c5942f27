"""What kinds of tables there are, and which layout a table has.

    csv        delimited text with a header naming open_time, open, high, low, close, volume and maybe quote_volume, or
               without one in this order
    freqtrade  JSON, [[ms, open, high, low, close, volume], …]
    mexc       JSON, rows of 8: …, volume, close time, quote volume; what the klines endpoint answers
    binance    rows of 12, as JSON or as delimited text with or without header; quote volume is the eighth

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from marketdata.files.cells import FIELDS, Layout, UnusableCell
from marketdata.files.problems import FileProblem

AUTO = "auto"
FORMATS = ("csv", "freqtrade", "mexc", "binance")
JSON_FORMATS = ("freqtrade", "mexc", "binance")
TEXT_FORMATS = ("csv", "mexc", "binance")
WIDTHS = {"csv": (6, 7), "freqtrade": (6,), "mexc": (8,), "binance": (12,)}
IN_ORDER = (0, 1, 2, 3, 4, 5)
ALIASES = {
    "opentime": "open_time",
    "open_time_ms": "open_time",
    "time": "open_time",
    "timestamp": "open_time",
    "date": "open_time",
    "datetime": "open_time",
    "quote_asset_volume": "quote_volume",
    "quotevolume": "quote_volume",
    "turnover": "quote_volume",
    "pair": "symbol",
    "ticker": "symbol",
    "instrument": "symbol",
    "timeframe": "interval",
}

# A row that cannot even be split says why.
Row = tuple[int, list[str] | UnusableCell]


class Table(NamedTuple):
    """`rows` are (number, cells); `counted` is what their numbers count: line or row."""

    layout: Layout
    rows: Iterator[Row]
    counted: str


def by_width(width: int, wanted: str, possible: Sequence[str], where: str) -> Layout:
    """The layout of rows without a header. Raises FileProblem."""
    kinds = [kind for kind in possible if width in WIDTHS[kind]]
    if not kinds:
        known = ", ".join(f"{kind} {' or '.join(map(str, WIDTHS[kind]))}" for kind in possible)
        raise FileProblem(f"{where}: its rows have {width} values, which is no format known here ({known}).")
    if wanted not in (AUTO, *kinds):
        raise FileProblem(f"{where}: its rows have {width} values, which is {kinds[0]} and not {wanted}. {remedy()}")
    return Layout(IN_ORDER, 6 if width == 7 else 7 if width > 7 else None, width)


def by_header(names: Sequence[str], where: str) -> Layout:
    """The layout of a table whose first line is `names`. Raises FileProblem."""
    plain = [name.lower().replace(" ", "_") for name in names]
    known = [ALIASES.get(name, name) for name in plain]
    missing = [field for field in FIELDS if field not in known]
    if missing:
        raise FileProblem(f"{where}: no column {', '.join(missing)}; there are {', '.join(names)}. Name them so.")
    twice = [field for field in (*FIELDS, "quote_volume", "symbol", "interval") if known.count(field) > 1]
    if twice:
        raise FileProblem(f"{where}: two columns could be {twice[0]}: {', '.join(names)}. Rename one.")
    turnover, symbol, interval = (
        known.index(name) if name in known else None for name in ("quote_volume", "symbol", "interval")
    )
    return Layout(tuple(known.index(field) for field in FIELDS), turnover, len(names), symbol, interval)


def remedy() -> str:
    return "Use --format auto, or the format it has."
