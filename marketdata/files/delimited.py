"""Delimited text: one candle a line, with or without a header, separated by comma, semicolon, tab or bar.

Lines that are empty or begin with # are passed over. A cell may stand in double quotes. Every bad line costs just
itself: lines are split one by one, and one that is longer than any candle is refused, never cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TextIO

from marketdata.files.cells import FIELDS, UnusableCell, epoch_s, is_close_time
from marketdata.files.problems import FileProblem
from marketdata.files.tables import AUTO, TEXT_FORMATS, Row, Table, by_header, by_width

SEPARATORS = ",;\t|"
LINE_MAX = 512
LONG_REMEDY = f"a candle takes at most {LINE_MAX} characters; look for lost line ends"
DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")
TRIMMED = ' "\r\n'


def table(text: TextIO, wanted: str, where: str) -> Table:
    """Raises FileProblem."""
    if wanted not in (AUTO, *TEXT_FORMATS):
        raise FileProblem(f"{where}: is delimited text, and {wanted} is JSON. Use --format auto or csv.")
    lines = _lines(text)
    number, first = next(lines, (0, ""))
    if not number:
        raise FileProblem(f"{where}: nothing in it but empty lines. Export it again.")
    if isinstance(first, UnusableCell):
        raise FileProblem(f"{where} line {number}: {first}")
    separator = _separator(first, where)
    cells = _cells(first, separator)
    if "open" in [cell.lower() for cell in cells]:
        return Table(by_header(cells, where), _rows(lines, separator), "line")
    try:
        epoch_s(cells[0])
    except UnusableCell as problem:
        raise FileProblem(
            f"{where} line {number}: neither a header nor a candle: {first[:60].strip()!r}. The first line names "
            "open_time, open, high, low, close, volume, or is a candle in this order."
        ) from problem
    layout = by_width(len(cells), wanted, TEXT_FORMATS, where)
    if layout.quote_volume == len(FIELDS) and is_close_time(cells[0], cells[len(FIELDS)]):
        layout = layout._replace(quote_volume=None)
    return Table(layout, _with_first((number, cells), _rows(lines, separator)), "line")


def _separator(line: str, where: str) -> str:
    """Raises FileProblem where commas stand in numbers, not between them."""
    for separator in ";\t|":
        cells = line.split(separator)
        if len(cells) >= len(FIELDS) and any(DECIMAL_COMMA.fullmatch(cell) for cell in cells):
            raise FileProblem(
                f"{where}: its numbers have decimal commas ({line[:60].strip()!r}). Export it with decimal points, "
                "such as 24.97."
            )
    return max(SEPARATORS, key=line.count)


def _lines(text: TextIO) -> Iterator[tuple[int, str | UnusableCell]]:
    number, ended = 0, True
    for line in iter(partial(text.readline, LINE_MAX), ""):
        number += ended
        begins, ended = ended, line.endswith("\n")
        if not begins or not line.strip() or line.startswith("#"):
            continue
        if ended or len(line) < LINE_MAX:
            yield number, line
        else:
            yield number, UnusableCell("row", line, LONG_REMEDY)


def _rows(lines: Iterator[tuple[int, str | UnusableCell]], separator: str) -> Iterator[Row]:
    for number, line in lines:
        yield number, line if isinstance(line, UnusableCell) else _cells(line, separator)


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip(TRIMMED) for cell in line.split(separator)]


def _with_first(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest
