"""Candles from PostgreSQL as a grid: one statement a symbol for what is not kept as a file.

PostgreSQL puts the numbers on each symbol's smallest unit and hands over whole arrays, which are read where they lie;
no row becomes a Python object. All symbols are read in one snapshot, together with the stamps of their months, so that
a month that is kept as a file is exactly what the table held when it had that stamp. A month that is not counted was
written past the trigger, if at all, and is read anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db import DataError, connection, transaction

from cdb_site.db import select, snapshot, take_time
from marketdata.files.cells import EXACT
from marketdata.intervals import interval_s, moment
from replay.candle_cache import CandleCache, KeptMonth
from replay.rules.columns import (
    FIELDS,
    PRICES,
    VOLUME,
    Columns,
    ColumnsError,
    Periods,
    coarsest,
    grid_of,
    held_places,
    too_large,
)
from replay.rules.grid import CandleGrid
from replay.rules.months import months_of
from signals_app.rules.momentum import INT64_MAX, Ints

TEN = Decimal(10)
SINCE_2000_S = 946_684_800
MICROSECOND = 1_000_000
SENT = np.dtype(">i8")
CANDLES = """(SELECT * FROM marketdata_candle WHERE instrument_id = %(symbol)s AND "interval" = %(interval)s
    AND open_time >= %(since)s AND open_time < %(until)s ORDER BY open_time) AS candle"""
# Each array is handed over as the bytes of its numbers, eight a number, one behind the other.
ARRAYS = f"""SELECT string_agg(timestamptz_send(open_time), ''),
    string_agg(int8send(("open" * %(price_unit)s)::bigint), ''),
    string_agg(int8send((high * %(price_unit)s)::bigint), ''),
    string_agg(int8send((low * %(price_unit)s)::bigint), ''),
    string_agg(int8send(("close" * %(price_unit)s)::bigint), ''),
    string_agg(int8send((quote_volume * %(volume_unit)s)::bigint), '')
    FROM {CANDLES}"""  # noqa: S608
PLACES = f"""SELECT max(greatest(min_scale("open"), min_scale(high), min_scale(low), min_scale("close"))), max(high),
    max(min_scale(quote_volume)), max(quote_volume) FROM {CANDLES}"""  # noqa: S608
CUT_ARRAYS = ARRAYS.replace("(quote_volume * %(volume_unit)s)", "trunc(quote_volume * %(volume_unit)s)")
MONTHS = """SELECT symbol, month, stamp, price_places, volume_places FROM marketdata_candlemonth
    WHERE symbol = ANY(%s) AND "interval" = %s AND month BETWEEN %s AND %s"""


class PlacesOf(NamedTuple):
    """Decimal places of prices and of quote volumes; `cut`: the volumes have more."""

    price: int
    volume: int
    cut: bool = False


def load(
    symbols: Sequence[str],
    interval: str,
    since_s: int,
    until_s: int,
    *,
    cache: CandleCache | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> CandleGrid:
    """Candles that open in [since_s, until_s), epoch seconds. `progress` is told how many symbols are done.

    Raises ColumnsError for prices beyond 64 bits.
    """
    length_s = interval_s(interval)
    span = Periods(-(-since_s // length_s), -(-until_s // length_s))
    if span.width <= 0:
        raise ColumnsError(f"--from, --to: no {interval} candle opens in between; let --to be later than --from.")
    with snapshot():
        loading = _Loading(symbols, interval, span, cache)
        return grid_of(symbols, length_s, span, _told(loading.parts, progress))


def _told(parts: Callable[[str], list[Columns]], progress: Callable[[int], object]) -> Callable[[str], list[Columns]]:
    done = 0

    def counting(symbol: str) -> list[Columns]:
        nonlocal done
        found = parts(symbol)
        done += 1
        progress(done)
        return found

    return counting


class CountedMonth(NamedTuple):
    """A month as the trigger of the candles' table counts it."""

    stamp: UUID
    places: PlacesOf


class _Loading:
    """One snapshot's candles of some symbols."""

    def __init__(self, symbols: Sequence[str], interval: str, span: Periods, cache: CandleCache | None) -> None:
        self.interval, self.length_s, self.span, self.cache = interval, interval_s(interval), span, cache
        self.months = dict(months_of(span, self.length_s))
        rows = select(MONTHS, [list(symbols), interval, min(self.months), max(self.months)])
        self.counted = {(symbol, month): CountedMonth(stamp, PlacesOf(*each)) for symbol, month, stamp, *each in rows}

    def parts(self, symbol: str) -> list[Columns]:
        if self.cache is None:
            return [self._read(symbol, self.span)]
        found = {month: self._kept(self.cache, symbol, month) for month in self.months}
        missing = [self.months[month] for month, columns in found.items() if columns is None]
        parts = [columns for columns in found.values() if columns is not None]
        if missing:
            read = self._read(symbol, Periods(missing[0].first, missing[-1].end))
            parts += [self._keep(self.cache, symbol, month, read) for month, kept in found.items() if kept is None]
        return parts

    def _kept(self, cache: CandleCache, symbol: str, month: date) -> Columns | None:
        counted = self.counted.get((symbol, month))
        return None if counted is None else cache.read(self._name(symbol, month, counted.stamp))

    def _keep(self, cache: CandleCache, symbol: str, month: date, read: Columns) -> Columns:
        """The month's part of what was read, kept as a file where the month is counted. Where volumes had to be cut it
        is read by itself: what a file holds must not depend on the months beside it."""
        periods = self.months[month]
        if read.cut:
            read = self._read(symbol, periods)
        values = read.values[:, periods.first - read.first_period : periods.end - read.first_period].copy()
        price_places = coarsest(list(values[PRICES]), read.price_places)
        volume_places = coarsest(list(values[VOLUME:]), read.volume_places)
        part = Columns(periods.first, price_places, volume_places, values, read.cut)
        counted = self.counted.get((symbol, month))
        if counted is not None:
            cache.write(self._name(symbol, month, counted.stamp), part)
        return part

    def _name(self, symbol: str, month: date, stamp: UUID) -> KeptMonth:
        return KeptMonth(symbol, self.interval, month, self.months[month], stamp)

    def _read(self, symbol: str, span: Periods) -> Columns:
        take_time()
        asked = self._asked(symbol, span)
        places = self._places(symbol, span)
        arrays = _arrays(asked, places)
        if arrays is None:
            places = _true_places(asked, self.length_s)
            arrays = _arrays(asked, places)
        if arrays is None:
            raise ColumnsError(f"{symbol}: its candles changed while they were read. Run it again.")
        return Columns(span.first, places.price, places.volume, self._dense(symbol, span, arrays), places.cut)

    def _asked(self, symbol: str, span: Periods) -> dict[str, Any]:
        since, until = moment(span.first * self.length_s), moment(span.end * self.length_s)
        return {"symbol": symbol, "interval": self.interval, "since": since, "until": until}

    def _places(self, symbol: str, span: Periods) -> PlacesOf:
        """PlacesOf that hold every number of these months; where a month is not counted, they are looked for."""
        within = [month for month, each in self.months.items() if each.end > span.first and each.first < span.end]
        known = [
            self.counted[symbol, month].places
            if (symbol, month) in self.counted
            else _true_places(self._asked(symbol, self.months[month]), self.length_s)
            for month in within
        ]
        price, volume, cut = (max(each) for each in zip(*known, strict=True))
        return PlacesOf(price, volume, cut)

    def _dense(self, symbol: str, span: Periods, arrays: Sequence[bytes]) -> Ints:
        """FIELDS × periods out of arrays with a number for each stored candle."""
        values = np.zeros((len(FIELDS), span.width), np.int64)
        sent, *fields = (np.frombuffer(each, SENT) for each in arrays)
        periods, rest = np.divmod(sent.astype(np.int64) + SINCE_2000_S * MICROSECOND, self.length_s * MICROSECOND)
        if rest.any():
            raise ColumnsError(f"{symbol} open_time: a candle does not open on the grid of {self.interval}. Delete it.")
        columns = periods - span.first
        for row, field in zip(values, fields, strict=True):
            row[columns] = field
        return values


def _arrays(asked: dict[str, Any], places: PlacesOf) -> Sequence[bytes] | None:
    """Open times and FIELDS in units of these places; None where one of them is beyond 64 bits."""
    units = {"price_unit": TEN**places.price, "volume_unit": TEN**places.volume}
    try:
        with transaction.atomic(), connection.wrap_database_errors:
            cursor = connection.connection.cursor(binary=True)
            row = cursor.execute(CUT_ARRAYS if places.cut else ARRAYS, asked | units).fetchone()
    except DataError:
        return None
    return [each or b"" for each in row]


def _true_places(asked: dict[str, Any], length_s: int) -> PlacesOf:
    """How many places prices really have, and how many of their volumes' are held. Raises ColumnsError where no int64
    holds the prices."""
    ((price_places, highest, volume_places, most),) = select(PLACES, asked)
    if highest is None:
        return PlacesOf(0, 0)
    symbol = asked["symbol"]
    if highest * TEN**price_places > INT64_MAX:
        raise too_large(symbol, "high")
    held = held_places(symbol, length_s, [(int(EXACT.scaleb(most, volume_places)), volume_places)])
    return PlacesOf(price_places, held, held < volume_places)
