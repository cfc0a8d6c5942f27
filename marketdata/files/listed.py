"""JSON: a list of rows, each a flat list of numbers or texts. Read piece by piece, however long the list is.

Numbers are taken as they are written, not through binary floats. A row that is not a flat list ends the reading, as
what follows cannot be trusted; so does a file that ends in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from marketdata.files.problems import FileProblem
from marketdata.files.tables import AUTO, JSON_FORMATS, Table, by_width

PIECE = 64 * 1024
ROW_MAX = 512
Cells = tuple[int, list[str]]
BEGIN = re.compile(r"\s*\[")
ROW = re.compile(r"\s*\[([^\[\]{}]*)\]\s*(,|\])")
TRIMMED = ' "\r\n\t'


def table(text: TextIO, wanted: str, where: str) -> Table:
    """Raises FileProblem, also while the rows are read."""
    if wanted not in (AUTO, *JSON_FORMATS):
        raise FileProblem(f"{where}: is JSON, and {wanted} is delimited text. Use --format auto.")
    rows = _rows(text, where)
    first = next(rows, None)
    if first is None:
        raise FileProblem(f"{where}: an empty list. Export it again.")
    return Table(by_width(len(first[1]), wanted, JSON_FORMATS, where), _with_first(first, rows), "row")


def _rows(text: TextIO, where: str) -> Iterator[Cells]:
    held = text.read(PIECE)
    begin = BEGIN.match(held)
    if begin is None:
        raise FileProblem(f"{where}: JSON, but no list of candles: {held[:60].strip()!r}. {_wanted()}")
    place, number = begin.end(), 0
    if re.compile(r"\s*\]\s*$").match(held, place):
        return
    while True:
        row = ROW.match(held, place)
        if row is not None and len(row[1]) <= ROW_MAX:
            number += 1
            yield number, [cell.strip(TRIMMED) for cell in row[1].split(",")]
            place = row.end()
            if row[2] == "]":
                return
            continue
        more = "" if len(held) - place > 2 * ROW_MAX else text.read(PIECE)
        rest = held[place:].strip()
        if not more and (len(rest) > ROW_MAX or rest[:1] not in ("", "[")):
            raise FileProblem(f"{where} row {number + 1}: {rest[:60]!r}. {_wanted()}")
        if not more:
            raise FileProblem(f"{where}: ends in the middle, after row {number}. Export or download it again.")
        held, place = held[place:] + more, 0


def _wanted() -> str:
    return "Candles are a list of lists, such as [[1767225600000, 1, 2, 0.5, 1.5, 10], …]."


def _with_first(first: Cells, rest: Iterator[Cells]) -> Iterator[Cells]:
    yield first
    yield from rest
