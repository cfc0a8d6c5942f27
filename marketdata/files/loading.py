"""Storing many closed candles of one symbol at once, as files bring them: never published, never evaluated.

They go in with COPY, twice as fast as the insertion that tells new rows from known ones. When one of them is stored
already, it is left out and the others are tried again. Nothing that is stored is changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, connection, transaction

from cdb_site.clock import SYSTEM
from cdb_site.db import execute
from marketdata import queries
from marketdata.intervals import moment
from marketdata.metrics import CANDLES_STORED
from marketdata.models import Candle
from marketdata.operations import ClosedCandle

COPY = (
    'COPY marketdata_candle (instrument_id, "interval", open_time, "open", high, low, "close", volume, quote_volume,'
    " source, revised, received_at, brought_by_id) FROM STDIN"
)
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
ATTEMPTS = 5
NULL = r"\N"


def add(symbol: str, interval: str, candles: Sequence[ClosedCandle], record: int | None = None) -> int:
    """Store those that are not stored. The symbol is a stored instrument; `record` is the import that brings them.

    Returns how many were new.
    """
    fresh = list(candles)
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                _copy(symbol, interval, fresh, record)
            break
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
            known = queries.stored_candles(symbol, interval, [candle.open_s for candle in candles])
            fresh = [candle for candle in candles if candle.open_s not in known]
    CANDLES_STORED.labels(Candle.Source.IMPORT).inc(len(fresh))
    return len(fresh)


def _copy(symbol: str, interval: str, candles: Sequence[ClosedCandle], record: int | None) -> None:
    execute("SET LOCAL synchronous_commit = off")
    begin = f"{symbol.translate(ESCAPES)}\t{interval}\t"
    brought_by = NULL if record is None else record
    end = f"\t{Candle.Source.IMPORT}\tf\t{SYSTEM.wall_now().isoformat()}\t{brought_by}\n"
    lines = [begin + _figures(candle) + end for candle in candles]
    with connection.wrap_database_errors, connection.connection.cursor().copy(COPY) as copy:
        copy.write("".join(lines))


def _figures(candle: ClosedCandle) -> str:
    _, open_s, opened, high, low, close, volume, quote_volume = candle
    return f"{moment(open_s).isoformat()}\t{opened}\t{high}\t{low}\t{close}\t{volume}\t{quote_volume}"
