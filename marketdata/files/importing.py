"""Candles from files into PostgreSQL: read row by row, checked, put on the tick, compared with what is stored.

A file is looked through to its end before anything of it is stored: of one that is refused as a whole nothing goes in.
What goes in is marked with the import that brought it, one for each file, so that it can be undone.

A row that cannot be used is refused with its place, field, value and remedy, and the others go in. Refused are also
candles off the interval's grid, candles that are not closed yet in market time, and a second row for a candle that says
something else. What is stored already stays as it is, unless it is to be replaced; a file without quote volumes is
compared, and replaces, without them. Gaps and repetitions are those of all files of a symbol and interval together.
An instrument that only files know is put on a finer grid when a later file has finer prices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from marketdata import queries
from marketdata.files import records
from marketdata.files.cells import UnusableCell
from marketdata.files.coverage import Coverage
from marketdata.files.file_rows import Background, Grid, RowTally, Series
from marketdata.files.fitting import read_row, rows_of
from marketdata.files.names import known_interval, spellings, told_by
from marketdata.files.opening import OpenFile, Part, opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of
from marketdata.files.tables import AUTO
from marketdata.intervals import SECONDS, interval_s
from marketdata.models import CandleImport, Instrument
from marketdata.pausing import unknown

TOLD_EVERY = 1000


@dataclass(frozen=True, kw_only=True)
class WantedImport:
    """How to read the files. `symbol` and `interval` are empty where the files' names tell them."""

    format: str = AUTO
    symbol: str = ""
    interval: str = ""
    quote_units: bool = False
    replace: bool = False
    store: bool = True


class Importing:
    """A context: it has a thread of its own. `ticks`: of instruments that are not stored; `spoilt`: symbols that shall
    not be stored as instruments, and why. `refuse` is told of every row that does not go in, `note` of what is passed
    over; `progress` of the rows read and the share of the file that is read, now and then."""

    def __init__(
        self,
        wanted: WantedImport,
        *,
        market_s: float,
        refuse: Callable[[str], None],
        note: Callable[[str], None] = lambda text: None,
        progress: Callable[[int, float], None] = lambda rows, share: None,
        ticks: Mapping[str, Decimal] | None = None,
        spoilt: Mapping[str, str] | None = None,
    ) -> None:
        self.wanted, self.market_s, self.refuse, self.note, self.progress = wanted, market_s, refuse, note, progress
        self.ticks, self.spoilt = ticks or {}, spoilt or {}
        self.series: dict[tuple[str, str], Series] = {}
        self.rows = 0
        self._background = Background()

    def __enter__(self) -> Importing:
        return self

    def __exit__(self, *_: object) -> None:
        self._background.close()

    def file(self, path: Path) -> None:
        """Raises FileProblem; nothing of the file is in then, unless it is a pipe, which cannot be read twice."""
        if path.is_file():
            self._look_through(path)
        record = records.begun(path.name) if self.wanted.store else None
        before = self._done()
        try:
            with opened(path) as file:
                for part in file.parts():
                    self._part(path, file, part, record)
        finally:
            self._flush()
            if record is not None:
                stored, corrected = self._done()
                records.ended(record, stored=stored - before[0], corrected=corrected - before[1])
        if file.passed_over:
            self.note(f"{path}: passed over what a packer left for itself: {', '.join(file.passed_over)}")

    def tallies(self) -> list[RowTally]:
        return [series.tally for _, series in sorted(self.series.items())]

    def _look_through(self, path: Path) -> None:
        """Raises FileProblem for whatever would end the reading of this file."""
        with opened(path) as file:
            for part in file.parts():
                where = _where(path, part)
                typed, interval = series_named(where, part.name, self.wanted)
                self._instrument(where, typed)
                table = table_of(part.text, self.wanted.format, where)
                for _ in rows_of(table, interval, where, quote_units=self.wanted.quote_units):
                    pass

    def _done(self) -> tuple[int, int]:
        """How many candles were stored and corrected so far."""
        tallies = self.tallies()
        return sum(tally.new for tally in tallies), sum(tally.corrected for tally in tallies)

    def _part(self, path: Path, file: OpenFile, part: Part, record: CandleImport | None) -> None:
        where = _where(path, part)
        table = table_of(part.text, self.wanted.format, where)
        typed, interval = series_named(where, part.name, self.wanted)
        rows = rows_of(table, interval, where, quote_units=self.wanted.quote_units)
        series = self._series_of(where, typed, interval)
        series.record, tally = record, series.tally
        for number, texts in rows:
            tally.rows += 1
            try:
                row = read_row(
                    texts, table.layout, symbol=typed, interval=interval, quote_units=self.wanted.quote_units
                )
                series.take(row)
            except UnusableCell as problem:
                tally.refused += 1
                self.refuse(f"{where} {table.counted} {number}: {problem}")
            self.rows += 1
            if not self.rows % TOLD_EVERY:
                self.progress(self.rows, file.share())
        self.progress(self.rows, file.share())

    def _series_of(self, where: str, typed: str, interval: str) -> Series:
        symbol, grid = self._instrument(where, typed)
        series = self.series.get((symbol, interval))
        if series is None:
            tally = RowTally(symbol=symbol, interval=interval, coverage=Coverage(interval_s(interval)))
            series = self.series[symbol, interval] = Series(
                tally,
                grid=grid,
                market_s=self.market_s,
                background=self._background,
                store=self.wanted.store,
                replace=self.wanted.replace,
            )
        return series

    def _instrument(self, where: str, typed: str) -> tuple[str, Grid]:
        known = queries.instruments(spellings(typed))
        for symbol in spellings(typed):
            if symbol in self.spoilt:
                raise FileProblem(f"{where}: {self.spoilt[symbol]}")
            if symbol in known:
                halted = known[symbol].status == Instrument.Status.HALTED
                return symbol, Grid(known[symbol].price_tick, refinable=halted)
            if symbol in self.ticks:
                return symbol, Grid(self.ticks[symbol], refinable=False)
        raise FileProblem(f"{where}: {unknown(typed)} Or store it with --create-instrument.")

    def _flush(self) -> None:
        for series in self.series.values():
            series.flush()
        self._background.settle()


def _where(path: Path, part: Part) -> str:
    return str(path) if part.name in (path.name, path.stem) else f"{path}/{part.name}"


def series_named(where: str, name: str, wanted: WantedImport) -> tuple[str, str]:
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
