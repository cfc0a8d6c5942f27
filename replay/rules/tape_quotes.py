"""The quotes of a day as whoever plays it is given them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from execution.rules.fill_model import Book


class TapeQuote(NamedTuple):
    """A quote as it was taken: wall time, symbol, book."""

    at: datetime
    symbol: str
    book: Book


class DayTape(Protocol):
    """The quotes of a day, in the order they were taken."""

    def quotes(self, begun: datetime, ended: datetime) -> Iterator[TapeQuote]:
        """After one wall time, up to another."""
        ...


class NoTape:
    """A day of which no quotes are kept: what is modelled is filled on the look it was decided on."""

    def quotes(self, begun: datetime, ended: datetime) -> Iterator[TapeQuote]:
        return iter(())
