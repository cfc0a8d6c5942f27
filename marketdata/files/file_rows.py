"""Rows of files on their way into PostgreSQL: checked, put on the tick, compared with what is stored, stored.

Checking is done row by row. Ten thousand rows that passed are handed to a thread of their own, which stores them while
the next ones are read: PostgreSQL's work is more than half of all.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from django.db import connections

from cdb_site.clock import iso
from cdb_site.units import plain
from marketdata import operations, queries
from marketdata.files import loading
from marketdata.files.cells import FileCandle, UnusableCell, decimals, turnover_of
from marketdata.files.coverage import Coverage
from marketdata.intervals import interval_s, moment
from marketdata.models import Candle, CandleImport
from marketdata.operations import ClosedCandle
from marketdata.queries import StoredCandle
from marketdata.ticks import snap

BATCH = 10_000
PRODUCER = "import"
NOISE = Decimal("1e-9")
PLACES_MAX = 12


class Grid(NamedTuple):
    """Where prices may lie. `refinable`: only files know the instrument, so finer prices make the tick finer."""

    tick: Decimal
    refinable: bool


class Background:
    """One thread that stores batch after batch; at most one waits. Errors come up at the next `store` or at the end."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._last: Future[None] | None = None

    def store(self, work: Callable[[], None]) -> None:
        self.settle()
        self._last = self._thread.submit(work)

    def settle(self) -> None:
        """Wait until everything is stored."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        """What was begun is finished."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown()


def no_opens() -> array[int]:
    return array("q")


@dataclass(kw_only=True)
class RowTally:
    """What came of the rows of one symbol and interval; open times are epoch seconds."""

    symbol: str
    interval: str
    coverage: Coverage
    rows: int = 0
    refused: int = 0
    new: int = 0
    corrected: int = 0
    snapped: int = 0
    refined: Decimal | None = None
    estimated: int = 0
    repeated: array[int] = field(default_factory=no_opens)
    contradicted: array[int] = field(default_factory=no_opens)
    alike: array[int] = field(default_factory=no_opens)
    different: array[int] = field(default_factory=no_opens)


class Series:
    """Rows of one symbol and interval. Without `store` they are only compared with what is stored.

    `record`: the import that the rows taken from now on belong to.
    """

    def __init__(
        self,
        tally: RowTally,
        *,
        grid: Grid,
        market_s: float,
        background: Background,
        store: bool = True,
        replace: bool = False,
    ) -> None:
        self.tally, self.market_s, self.background = tally, market_s, background
        self.tick, self.refinable = grid
        self.record: CandleImport | None = None
        self.store, self.replace = store, replace
        self.length_s = interval_s(tally.interval)
        self._waiting: dict[int, FileCandle] = {}

    def take(self, row: FileCandle) -> None:
        """Raises UnusableCell."""
        open_s = row.open_s
        if open_s % self.length_s:
            raise UnusableCell("open_time", _iso(open_s), f"no {self.tally.interval} candle opens then; see --interval")
        if open_s + self.length_s > self.market_s:
            raise UnusableCell("open_time", _iso(open_s), "it is not closed yet; leave it out")
        row = self._on_tick(row)
        alike = self.tally.coverage.note(open_s, row[1:6])
        if alike is None:
            self._waiting[open_s] = row
            if len(self._waiting) >= BATCH:
                self.flush()
        elif alike:
            self.tally.repeated.append(open_s)
        else:
            self.tally.contradicted.append(open_s)
            raise UnusableCell("open_time", _iso(open_s), "an earlier row says something else of it; keep one of them")

    def flush(self) -> None:
        """Hand over what waits."""
        rows, self._waiting = self._waiting, {}
        if not rows:
            return
        if self.store and self.tally.refined is not None:
            operations.refine_tick(self.tally.symbol, self.tally.refined)
        record = self.record.pk if self.record is not None else None
        self.background.store(
            partial(store_batch, self.tally, rows, store=self.store, replace=self.replace, record=record)
        )

    def _on_tick(self, row: FileCandle) -> FileCandle:
        tick, (open_s, opened, high, low, close, volume, turnover) = self.tick, row
        if not (opened % tick or high % tick or low % tick or close % tick):
            return row
        if self.refinable:
            tick = self._refined(row)
        snapped = FileCandle(
            open_s, snap(opened, tick), snap(high, tick), snap(low, tick), snap(close, tick), volume, turnover
        )
        if snapped.low <= 0:
            raise UnusableCell("low", low, f"it is below half the price tick of {self.tally.symbol}, {plain(tick)}")
        moved = zip(row.prices, snapped.prices, strict=True)
        self.tally.snapped += any(abs(after - before) > before * NOISE for before, after in moved)
        return snapped

    def _refined(self, row: FileCandle) -> Decimal:
        """The tick on which this row's prices lie, which is the series' own from now on."""
        places = min(PLACES_MAX, max(decimals(price) for price in row.prices))
        finer = min(self.tick, Decimal(1).scaleb(-places))
        if finer < self.tick:
            self.tick = self.tally.refined = finer
        return finer


def store_batch(
    tally: RowTally, rows: dict[int, FileCandle], *, store: bool, replace: bool, record: int | None = None
) -> None:
    """Compare with what is stored; add what is not, and correct what differs if it is to be replaced."""
    different = []
    for open_s, known in queries.stored_candles(tally.symbol, tally.interval, list(rows)).items():
        corrected = _corrected(rows.pop(open_s), known)
        (tally.different if corrected else tally.alike).append(open_s)
        if corrected:
            different.append(_closed(tally.symbol, corrected))
    fresh = [_closed(tally.symbol, rows[open_s]) for open_s in sorted(rows)]
    tally.estimated += sum(row.quote_volume is None for row in rows.values())
    tally.new += loading.add(tally.symbol, tally.interval, fresh, record) if store and fresh else len(fresh)
    if store and replace:
        tally.corrected += len(different)
        operations.store_closed_candles(tally.interval, different, Candle.Source.IMPORT, PRODUCER)


def _corrected(row: FileCandle, known: StoredCandle) -> FileCandle | None:
    """The row, if it says anything else than what is stored. It says nothing of a quote volume that it lacks."""
    if row[1:6] == known[2:7] and row.quote_volume in (None, known.quote_volume):
        return None
    if row.quote_volume is None and row.volume == known.volume:
        return row._replace(quote_volume=known.quote_volume)
    return row


def _closed(symbol: str, row: FileCandle) -> ClosedCandle:
    return ClosedCandle(symbol, *row[:6], turnover_of(row))


def _iso(open_s: int) -> str:
    return iso(moment(open_s))[:19] + "Z"
