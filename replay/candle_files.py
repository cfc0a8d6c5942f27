"""Candles of files as a grid, without a database: read row by row as the importer reads them, nothing stored.

Prices lose the noise of binary floats, volumes what 64 bits do not hold, which is told; a quote volume that a file
lacks is estimated, as an import does. A row that cannot be used is left out and told; a file that cannot be read ends
the reading. What an exchange would say of the instruments follows from the files: steps as fine as their numbers, no
smallest order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from execution.rules.fill_model import Rules
from marketdata.files.cells import EXACT, TWELVE_DIGITS, FileCandle, UnusableCell, decimals, turnover_of
from marketdata.files.coverage import Coverage
from marketdata.files.fitting import read_row, rows_of
from marketdata.files.importing import WantedImport, series_named
from marketdata.files.names import spellings, told_by
from marketdata.files.opening import Part, opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of
from marketdata.files.tables import AUTO
from marketdata.intervals import interval_s
from replay.rules.columns import (
    FIELDS,
    PRICES,
    VOLUME,
    Columns,
    Periods,
    coarsest,
    grid_of,
    held_places,
    in_units,
    is_cut,
    too_large,
)
from replay.rules.grid import CandleGrid
from signals_app.rules.momentum import INT64_MAX, Ints

PORTION = 20_000
ENDINGS = (".csv", ".json", ".gz", ".zip")


class FileCandles(NamedTuple):
    """What the files hold; `refused` rows were left out, of `estimated` ones the quote volume was not told."""

    grid: CandleGrid
    rules: Mapping[str, Rules]
    refused: int
    estimated: int


@dataclass(frozen=True, kw_only=True)
class WantedFiles:
    """Which candles of a folder: of one interval, that open in [since_s, until_s), of some symbols or of all."""

    folder: Path
    interval: str
    since_s: int | None = None
    until_s: int | None = None
    symbols: tuple[str, ...] = ()
    quote_units: bool = False


def read_files(
    wanted: WantedFiles,
    *,
    taker_fee: Decimal,
    refuse: Callable[[str], object],
    progress: Callable[[int, int], object] = lambda done, files: None,
) -> FileCandles:
    """`refuse` is told of every row that is left out; `progress` of the files read, and how many there are.

    Raises FileProblem for a file that cannot be read, or where no candle is found; ColumnsError beyond 64 bits.
    """
    paths = _files(wanted.folder)
    reading = _Reading(wanted, refuse)
    for done, path in enumerate(paths):
        progress(done, len(paths))
        with opened(path) as file:
            for part in file.parts():
                reading.part(path, part)
    progress(len(paths), len(paths))
    return reading.result(taker_fee)


def _files(folder: Path) -> list[Path]:
    """Raises FileProblem."""
    if not folder.is_dir():
        raise FileProblem(f"--files: {folder} is no folder. Name one that holds BTCUSDT-1m.csv and the like.")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )
    if not found:
        raise FileProblem(f"--files: {folder} holds no {', '.join(ENDINGS)}. Name a folder with BTCUSDT-1m.csv in it.")
    return found


class _Reading:
    """One pass over the files."""

    def __init__(self, wanted: WantedFiles, refuse: Callable[[str], object]) -> None:
        self.wanted, self.refuse = wanted, refuse
        self.length_s = interval_s(wanted.interval)
        self.symbols = {name for symbol in wanted.symbols for name in spellings(symbol)}
        self.series: dict[str, _FileSeries] = {}
        self.others: set[str] = set()
        self.refused = self.estimated = 0

    def part(self, path: Path, part: Part) -> None:
        """Raises FileProblem."""
        if told_by(part.name).symbol == "" and path.suffix.lower() != ".csv":
            part = part._replace(name=path.name)
        if not told_by(part.name).symbol:
            return
        where = f"{path}" if part.name in (path.name, path.stem) else f"{path}/{part.name}"
        typed, interval = series_named(where, part.name, WantedImport())
        symbol = spellings(typed)[-1]
        if interval != self.wanted.interval:
            self.others.add(interval)
            return
        if self.symbols and symbol not in self.symbols:
            return
        series = self.series.setdefault(symbol, _FileSeries(symbol, self.length_s))
        table = table_of(part.text, AUTO, where)
        for number, texts in rows_of(table, interval, where, quote_units=self.wanted.quote_units):
            try:
                row = read_row(
                    texts, table.layout, symbol=typed, interval=interval, quote_units=self.wanted.quote_units
                )
                self._take(series, row)
            except UnusableCell as problem:
                self.refused += 1
                self.refuse(f"{where} {table.counted} {number}: {problem}")

    def _take(self, series: _FileSeries, row: FileCandle) -> None:
        """Raises UnusableCell."""
        if row.open_s % self.length_s:
            raise UnusableCell("open_time", row.open_s, f"no {self.wanted.interval} candle opens then")
        since_s, until_s = self.wanted.since_s, self.wanted.until_s
        if (since_s is None or row.open_s >= since_s) and (until_s is None or row.open_s < until_s):
            self.estimated += series.take(row) and row.quote_volume is None

    def result(self, taker_fee: Decimal) -> FileCandles:
        """Raises FileProblem where nothing was found."""
        filled = {symbol: series for symbol, series in self.series.items() if series.parts()}
        if not filled:
            raise FileProblem(f"--files: {self._nothing()}")
        first = min(part.first_period for series in filled.values() for part in series.parts())
        end = max(part.end_period for series in filled.values() for part in series.parts())
        grid = grid_of(list(filled), self.length_s, Periods(first, end), lambda symbol: filled[symbol].parts())
        rules = {symbol: filled[symbol].rules(taker_fee) for symbol in grid.symbols}
        return FileCandles(grid, rules, self.refused, self.estimated)

    def _nothing(self) -> str:
        if self.others and not self.series:
            there = " and ".join(sorted(self.others))
            return f"{self.wanted.folder} holds candles of {there}, none of {self.wanted.interval}. Give --interval."
        if not self.series:
            return f"{self.wanted.folder} holds no file of these symbols. Look at --symbols, and at the files' names."
        return f"no candle of {', '.join(sorted(self.series))} opens in this time. Look at --from and --to."


class _FileSeries:
    """Rows of one symbol, from all its files, packed into whole numbers portion by portion."""

    def __init__(self, symbol: str, length_s: int) -> None:
        self.symbol, self.length_s = symbol, length_s
        self.coverage = Coverage(length_s)
        self.step_places = 0
        self._rows: list[FileCandle] = []
        self._packed: list[Columns] = []
        self._periods: list[Ints] = []
        self._whole: list[Columns] | None = None

    def take(self, row: FileCandle) -> bool:
        """False for a row that repeats another one. Raises UnusableCell."""
        alike = self.coverage.note(row.open_s, row[1:6])
        if alike is False:
            raise UnusableCell("open_time", row.open_s, "an earlier row says something else of it; keep one of them")
        if alike is None:
            self._rows.append(row)
            if len(self._rows) >= PORTION:
                self._pack()
        return alike is None

    def parts(self) -> list[Columns]:
        """All of it as one part, for files may tell of one time in turns; none without rows. Raises ColumnsError."""
        if self._whole is None:
            self._pack()
            self._whole = [self._joined()] if self._packed else []
            self._packed.clear()
        return self._whole

    def rules(self, taker_fee: Decimal) -> Rules:
        """What an instrument that only files know is traded by: steps as fine as their numbers."""
        (whole,) = self.parts()
        step = Decimal(1).scaleb(-self.step_places)
        return Rules(
            price_tick=Decimal(1).scaleb(-coarsest([row.copy() for row in whole.values[PRICES]], whole.price_places)),
            quantity_step=step,
            min_quantity=step,
            min_notional=Decimal(0),
            taker_fee=taker_fee,
        )

    def _pack(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        prices = [[TWELVE_DIGITS.create_decimal(price) for price in row.prices] for row in rows]
        turnovers = [turnover_of(row) for row in rows]
        price_places, told = max(_places(price) for four in prices for price in four), max(map(_places, turnovers))
        held = held_places(self.symbol, self.length_s, [(int(EXACT.scaleb(max(turnovers), told)), told)])
        self.step_places = max(self.step_places, *(decimals(row.volume) for row in rows))
        values = [
            *(self._units([four[number] for four in prices], price_places, FIELDS[number]) for number in range(VOLUME)),
            [int(EXACT.scaleb(turnover, held)) for turnover in turnovers],
        ]
        periods = np.array([row.open_s // self.length_s for row in rows], np.int64)
        self._periods.append(periods)
        self._packed.append(Columns(int(periods.min()), price_places, held, np.array(values, np.int64), held < told))

    def _units(self, numbers: Sequence[Decimal], places: int, field: str) -> list[int]:
        units = [int(EXACT.scaleb(number, places)) for number in numbers]
        if max(units) > INT64_MAX:
            raise too_large(self.symbol, field)
        return units

    def _joined(self) -> Columns:
        first = min(part.first_period for part in self._packed)
        end = max(int(periods.max()) for periods in self._periods) + 1
        price_places = max(part.price_places for part in self._packed)
        largest = [(int(part.values[VOLUME].max()), part.volume_places) for part in self._packed]
        volume_places = held_places(self.symbol, self.length_s, largest)
        values = np.zeros((len(FIELDS), end - first), np.int64)
        cut = False
        for part, periods in zip(self._packed, self._periods, strict=True):
            for number, field in enumerate(FIELDS):
                finer = volume_places - part.volume_places if number == VOLUME else price_places - part.price_places
                values[number, periods - first] = in_units(part.values[number], finer, self.symbol, field)
            cut = cut or part.cut or is_cut(part.values[VOLUME], part.volume_places - volume_places)
        return Columns(first, price_places, volume_places, values, cut)


def _places(number: Decimal) -> int:
    """Decimal places a number really has."""
    exponent = EXACT.normalize(number).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
