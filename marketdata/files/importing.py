"""Candles from files into PostgreSQL: read row by row, checked, put on the tick, compared with what is stored.

A row that cannot be used is refused with its place, field, value and remedy, and the others go in. Refused are also
candles off the interval's grid, candles that are not closed yet in market time, and a second row for a candle that says
something else. What is stored already stays as it is, unless it is to be replaced; a file without quote volumes is
compared, and replaces, without them. Gaps and repetitions are those of all files of a symbol and interval together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from marketdata import queries
from marketdata.files.cells import FileCandle, Layout, Unusable, candle, from_turnover
from marketdata.files.coverage import Coverage
from marketdata.files.file_rows import Background, Series, Tally
from marketdata.files.names import known_interval, spellings, told_by
from marketdata.files.opening import OpenFile, Part, opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of
from marketdata.files.tables import AUTO
from marketdata.intervals import SECONDS, interval_s
from marketdata.pausing import unknown

TOLD_EVERY = 1000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How to read the files. `symbol` and `interval` are empty where the files' names tell them."""

    format: str = AUTO
    symbol: str = ""
    interval: str = ""
    quote_units: bool = False
    replace: bool = False
    store: bool = True


class Importing:
    """A context: it has a thread of its own. `ticks`: of instruments that are not stored. `refuse` is told of every row
    that does not go in; `progress` of the rows read and the share of the file that is read, now and then."""

    def __init__(
        self,
        wanted: Wanted,
        *,
        market_s: float,
        refuse: Callable[[str], None],
        progress: Callable[[int, float], None] = lambda rows, share: None,
        ticks: Mapping[str, Decimal] | None = None,
    ) -> None:
        self.wanted, self.market_s, self.refuse, self.progress = wanted, market_s, refuse, progress
        self.ticks = ticks or {}
        self.series: dict[tuple[str, str], Series] = {}
        self.rows = 0
        self._background = Background()

    def __enter__(self) -> Importing:
        return self

    def __exit__(self, *_: object) -> None:
        self._background.close()

    def file(self, path: Path) -> None:
        """Raises FileProblem; the rows before the problem are in."""
        try:
            with opened(path) as file:
                for part in file.parts():
                    self._part(path, file, part)
        finally:
            self._flush()

    def tallies(self) -> list[Tally]:
        return [series.tally for _, series in sorted(self.series.items())]

    def _part(self, path: Path, file: OpenFile, part: Part) -> None:
        where = str(path) if part.name in (path.name, path.stem) else f"{path}/{part.name}"
        table = table_of(part.text, self.wanted.format, where)
        series = self._series_of(where, part.name)
        tally = series.tally
        for number, texts in table.rows:
            tally.rows += 1
            try:
                series.take(read_row(texts, table.layout, quote_units=self.wanted.quote_units))
            except Unusable as problem:
                tally.refused += 1
                self.refuse(f"{where} {table.counted} {number}: {problem}")
            self.rows += 1
            if not self.rows % TOLD_EVERY:
                self.progress(self.rows, file.share())
        self.progress(self.rows, file.share())

    def _series_of(self, where: str, name: str) -> Series:
        typed, interval = series_named(where, name, self.wanted)
        symbol, tick = self._instrument(where, typed)
        series = self.series.get((symbol, interval))
        if series is None:
            tally = Tally(symbol=symbol, interval=interval, coverage=Coverage(interval_s(interval)))
            series = self.series[symbol, interval] = Series(
                tally,
                tick=tick,
                market_s=self.market_s,
                background=self._background,
                store=self.wanted.store,
                replace=self.wanted.replace,
            )
        return series

    def _instrument(self, where: str, typed: str) -> tuple[str, Decimal]:
        known = queries.instruments(spellings(typed))
        for symbol in spellings(typed):
            if symbol in known:
                return symbol, known[symbol].price_tick
            if symbol in self.ticks:
                return symbol, self.ticks[symbol]
        raise FileProblem(f"{where}: {unknown(typed)} Or store it with --create-instrument.")

    def _flush(self) -> None:
        for series in self.series.values():
            series.flush()
        self._background.settle()


def series_named(where: str, name: str, wanted: Wanted) -> tuple[str, str]:
    """(symbol as it is written, interval) of a part of a file. Raises FileProblem."""
    told = told_by(name)
    symbol = wanted.symbol or told.symbol
    interval = known_interval(wanted.interval or told.interval)
    if not symbol:
        raise FileProblem(f"{where}: the name does not tell the symbol. Give --symbol, or name it BTCUSDT-1m.csv.")
    if not interval:
        raise FileProblem(f"{where}: the name does not tell the interval. Give --interval, or name it BTCUSDT-1m.csv.")
    if interval not in SECONDS:
        raise FileProblem(f"{where}: interval {interval} is not known; there are {', '.join(SECONDS)}.")
    return symbol, interval


def read_row(texts: list[str], layout: Layout, *, quote_units: bool) -> FileCandle:
    """Raises Unusable."""
    row = candle(texts, layout)
    return from_turnover(row) if quote_units else row
