"""One part of a file as a table of candles, whatever its format."""

from __future__ import annotations

import io
from typing import TextIO

from marketdata.files import delimited, listed
from marketdata.files.problems import FileProblem
from marketdata.files.tables import Table

LOOK = 4096


class Rewound(io.TextIOBase):
    """A stream that begins again with what was read of it to look at it."""

    def __init__(self, head: str, rest: TextIO) -> None:
        self._head, self._rest = io.StringIO(head), rest

    def read(self, size: int | None = -1, /) -> str:
        wanted = -1 if size is None else size
        return self._head.read(wanted) or self._rest.read(wanted)

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        line = self._head.readline(size)
        if line.endswith("\n") or (0 <= size <= len(line)):
            return line
        return line + self._rest.readline(size - len(line) if size >= 0 else size)


def table_of(text: TextIO, wanted: str, where: str) -> Table:
    """`wanted` is a format or auto. Raises FileProblem."""
    head = text.read(LOOK)
    begins = head.lstrip()[:1]
    if not begins:
        raise FileProblem(f"{where}: nothing in it. Export it again.")
    if "\x00" in head:
        raise FileProblem(f"{where}: no text but binary data. Name a .csv, .json, .gz or .zip file.")
    kind = listed if begins in "[{" else delimited
    return kind.table(Rewound(head, text), wanted, where)
