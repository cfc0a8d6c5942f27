"""Reading market data: the universe, instruments, candles. Rows come as tuples, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cdb_site.db import select
from marketdata.intervals import interval_s, moment
from marketdata.models import Instrument, UniverseMember


class StoredCandle(NamedTuple):
    symbol: str
    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal


COLUMNS = 'instrument_id, open_time, "open", high, low, "close", volume, quote_volume'


def universe() -> list[str]:
    """The watched symbols, sorted. Empty until the REST screener has chosen them."""
    return sorted(UniverseMember.objects.values_list("instrument_id", flat=True))


def universe_settings() -> set[str]:
    """The settings under which the stored universe was chosen."""
    return set(UniverseMember.objects.values_list("chosen_by", flat=True))


def instruments(symbols: Sequence[str] | None = None) -> dict[str, Instrument]:
    """Instruments by symbol; all of them without `symbols`."""
    rows = Instrument.objects.all() if symbols is None else Instrument.objects.filter(symbol__in=symbols)
    return {row.symbol: row for row in rows}


def candles_since(symbols: Sequence[str], interval: str, since: datetime) -> list[StoredCandle]:
    """Candles of the symbols that open at or after `since`, by open_time then symbol."""
    rows = select(
        f'SELECT {COLUMNS} FROM marketdata_candle WHERE instrument_id = ANY(%s) AND "interval" = %s'  # noqa: S608
        " AND open_time >= %s ORDER BY open_time, instrument_id",
        [list(symbols), interval, since],
    )
    return [StoredCandle(*row) for row in rows]


def recent_candles(symbol: str, interval: str, limit: int) -> list[StoredCandle]:
    """The newest `limit` candles of one symbol, oldest first."""
    rows = select(
        f'SELECT {COLUMNS} FROM marketdata_candle WHERE instrument_id = %s AND "interval" = %s'  # noqa: S608
        " ORDER BY open_time DESC LIMIT %s",
        [symbol, interval, limit],
    )
    return [StoredCandle(*row) for row in reversed(rows)]


def last_open_times(symbols: Sequence[str], interval: str) -> dict[str, datetime]:
    """The newest stored open_time of each symbol that has any candle."""
    rows = select(
        "SELECT wanted.symbol, newest.open_time FROM unnest(%s::text[]) AS wanted(symbol) CROSS JOIN LATERAL ("
        ' SELECT open_time FROM marketdata_candle WHERE instrument_id = wanted.symbol AND "interval" = %s'
        " ORDER BY open_time DESC LIMIT 1) AS newest",
        [list(symbols), interval],
    )
    return dict(rows)


def missing_opens(symbols: Sequence[str], interval: str, first_s: int, last_s: int) -> dict[str, list[int]]:
    """Epoch seconds of open times in [first_s, last_s] without a stored candle, by symbol, ascending."""
    length_s = interval_s(interval)
    rows = select(
        "SELECT instrument_id, extract(epoch FROM open_time)::bigint FROM marketdata_candle"
        ' WHERE instrument_id = ANY(%s) AND "interval" = %s AND open_time BETWEEN %s AND %s',
        [list(symbols), interval, moment(first_s), moment(last_s)],
    )
    stored = set(rows)
    wanted = range(first_s, last_s + 1, length_s)
    gaps = {symbol: [open_s for open_s in wanted if (symbol, open_s) not in stored] for symbol in symbols}
    return {symbol: opens for symbol, opens in gaps.items() if opens}
