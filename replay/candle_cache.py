"""Months of candles as files: what was read from PostgreSQL once is mapped into memory the next time.

One `.npy` file a symbol, interval and month, of int64: what it is, the stamp of the month's last write, a checksum, and
the columns. A file that is cut off, altered, of another month or database, or older than a write, is as good as none. A
file takes its name when it is whole, so that readers and writers never wait for each other; who has mapped one keeps
what it had. Nothing but speed is lost with the folder.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

import numpy as np

from replay.rules.columns import FIELDS, Columns, Periods
from signals_app.rules.momentum import Ints

KIND = 0x63646263_00000002  # four letters, and the form's number
HEADER = 10
HALF, SIGNED = 1 << 64, 1 << 63


class KeptMonth(NamedTuple):
    """Which month of which candles, as it was at its last write."""

    symbol: str
    interval: str
    month: date
    periods: Periods
    stamp: UUID


class CandleCache:
    """`folder` is made when something is kept. `refused` is why nothing can be kept, once that was tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refused = ""

    def read(self, kept: KeptMonth) -> Columns | None:
        """None where no file holds exactly this."""
        try:
            whole = np.load(self._path(kept), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if whole.dtype != np.int64 or whole.shape != (HEADER + len(FIELDS) * kept.periods.width,):
            return None
        *told, price_places, volume_places, cut, checksum = whole[:HEADER].tolist()
        body = whole[HEADER:]
        if told != _told(kept) or min(price_places, volume_places) < 0 or checksum != _checksum(body):
            return None
        values: Ints = body.reshape(len(FIELDS), -1)
        return Columns(kept.periods.first, price_places, volume_places, values, bool(cut))

    def write(self, kept: KeptMonth, columns: Columns) -> None:
        """Where nothing can be written, nothing is kept, and `refused` says why."""
        body = np.ascontiguousarray(columns.values).reshape(-1)
        header = [*_told(kept), columns.price_places, columns.volume_places, int(columns.cut), _checksum(body)]
        path = self._path(kept)
        part = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            number, part = tempfile.mkstemp(prefix=f".{path.stem}.", dir=path.parent)
            with os.fdopen(number, "wb") as output:
                np.save(output, np.concatenate([np.array(header, np.int64), body]))
            Path(part).replace(path)
        except OSError as problem:
            self.refused = f"{path.parent}: {problem.strerror or problem}"
            if part is not None:
                with suppress(OSError):
                    Path(part).unlink()

    def _path(self, kept: KeptMonth) -> Path:
        return self.folder / kept.interval / quote(kept.symbol, safe="") / f"{kept.month:%Y-%m}.npy"


def _told(kept: KeptMonth) -> list[int]:
    """What a file says of itself, in six numbers."""
    stamp = [half - HALF if half >= SIGNED else half for half in divmod(kept.stamp.int, HALF)]
    return [KIND, zlib.crc32(f"{kept.symbol} {kept.interval}".encode()), *stamp, *kept.periods]


def _checksum(body: Ints) -> int:
    return zlib.crc32(body.data)
