"""One part of a file as a table of candles, whatever its format."""

from __future__ import annotations

from typing import TextIO

from marketdata.files import delimited, listed
from marketdata.files.problems import FileProblem
from marketdata.files.tables import Table

LOOK = 4096


def table_of(text: TextIO, wanted: str, where: str) -> Table:
    """`wanted` is a format or auto. Raises FileProblem."""
    head = text.read(LOOK)
    text.seek(0)
    begins = head.lstrip()[:1]
    if not begins:
        raise FileProblem(f"{where}: nothing in it. Export it again.")
    if "\x00" in head:
        raise FileProblem(f"{where}: no text but binary data. Name a .csv, .json, .gz or .zip file.")
    kind = listed if begins in "[{" else delimited
    return kind.table(text, wanted, where)
