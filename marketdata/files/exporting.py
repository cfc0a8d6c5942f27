"""Stored candles into files, a symbol and interval each. Read through a cursor of the server, so memory stays level.

A file takes its name when it is whole; what is interrupted leaves none behind.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TextIO

from marketdata import queries
from marketdata.files.names import file_name
from marketdata.files.problems import FileProblem
from marketdata.files.writing import WRITERS, Row
from marketdata.intervals import interval_s
from marketdata.models import Instrument

GZIP = ".gz"


class Chosen(NamedTuple):
    """Candles that open in [since, until); None: without bound."""

    interval: str
    since: datetime | None
    until: datetime | None


def write(output: TextIO, instrument: Instrument, chosen: Chosen, kind: str) -> int:
    """Returns how many candles were written."""
    counted = _Counted(queries.stream_candles(instrument.symbol, *chosen))
    for text in WRITERS[kind](counted, interval_s(chosen.interval)):
        output.write(text)
    return counted.count


def path_in(folder: Path, instrument: Instrument, interval: str, kind: str) -> Path:
    return folder / file_name(
        kind,
        interval,
        symbol=instrument.symbol,
        base_asset=instrument.base_asset,
        quote_asset=instrument.quote_asset,
    )


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """A file that appears when it is whole; packed if its name ends in .gz. Raises FileProblem."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opener = gzip.open if path.suffix == GZIP else open
        with opener(part, "wt", encoding="utf-8", newline="") as output:
            yield output
        part.replace(path)
    except OSError as problem:
        raise FileProblem(
            f"{path}: cannot be written ({problem.strerror or problem}). Choose another --output."
        ) from problem
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


class _Counted:
    def __init__(self, rows: Iterable[queries.StoredCandle]) -> None:
        self.rows, self.count = rows, 0

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            self.count += 1
            yield Row(*row[1:])
