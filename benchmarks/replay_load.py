"""How fast candles come out of PostgreSQL as columns, and out of files that were kept of them.

Half a year of minutes of two symbols, all five columns of a candle a row. Told is rows per second of processor time,
that of this process and of the database's together, the best of several; of the kept files this process's alone.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from proofs.rig.crowd import Crowd, names
from proofs.rig.waiting import expect
from replay.candle_cache import CandleCache
from replay.candles import load

SYMBOLS, MINUTES, TIMES = 2, 262_800, 5
FIRST_S = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
UNTIL_S = FIRST_S + MINUTES * 60
ROWS = SYMBOLS * MINUTES
PLANT = """INSERT INTO marketdata_candle (instrument_id, "interval", open_time, "open", high, low, "close", volume,
    quote_volume, source, revised, received_at)
    SELECT %s, '1m', to_timestamp(%s + minute * 60), price, price + 10.25, price - 10.5, price + 1.01, 1.23456,
        price * 1.23456, 'IMPORT', false, now()
    FROM (SELECT minute, 60000 + ((minute * 7919) %% 100000) / 100.0 AS price FROM generate_series(0, %s) AS minute)
        AS planted"""


def load_figures() -> dict[str, Any]:
    """Rows a second from the database and from kept files."""
    symbols = names(SYMBOLS)
    Crowd(symbols, FIRST_S // 60, 60.0).settle()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for symbol in symbols:
            cursor.execute(PLANT, [symbol, FIRST_S, MINUTES - 1])
        cursor.execute("VACUUM ANALYZE marketdata_candle")
    with tempfile.TemporaryDirectory() as folder:
        cache = CandleCache(Path(folder))
        load(symbols, "1m", FIRST_S, UNTIL_S, cache=cache)
        expect(cache.refused == "", cache.refused)
        return {
            "load_rows_per_s": _rate(lambda: load(symbols, "1m", FIRST_S, UNTIL_S), _processor_s),
            "cached_rows_per_s": _rate(lambda: load(symbols, "1m", FIRST_S, UNTIL_S, cache=cache), time.process_time),
        }


def _rate(work: Callable[[], object], now_s: Callable[[], float]) -> int:
    spent = []
    for _ in range(TIMES):
        begun_s = now_s()
        work()
        spent.append(now_s() - begun_s)
    return round(ROWS / min(spent))


def _processor_s() -> float:
    """This process's time, and that of its session at the database, which is on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (session,) = cursor.fetchone()
    ticks = Path(f"/proc/{session}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
