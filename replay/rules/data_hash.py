"""One short text that names the candles of a grid: equal for equal candles, another for any other. Pure."""

from __future__ import annotations

import json
from hashlib import blake2b

import numpy as np

from replay.rules.grid import CandleGrid
from signals_app.rules.momentum import Bools

DIGEST_BYTES = 16
FIELDS = ("open", "high", "low", "close", "quote_volume")


def data_hash(grid: CandleGrid, universe: Bools | None = None) -> str:
    """Of symbols, interval, time, units and every value; and of the universe, where one is given."""
    found = blake2b(digest_size=DIGEST_BYTES)
    found.update(json.dumps(shape_of(grid)).encode())
    for field in FIELDS:
        for row in getattr(grid, field):
            found.update(np.ascontiguousarray(row, dtype="<i8").data)
    if universe is not None:
        found.update(np.packbits(universe).data)
    return found.hexdigest()


def shape_of(grid: CandleGrid) -> dict[str, object]:
    """What a grid says beside its arrays, as plain values."""
    return {
        "symbols": list(grid.symbols),
        "interval_s": grid.interval_s,
        "first_period": grid.first_period,
        "price_places": list(grid.price_places),
        "volume_places": list(grid.volume_places),
    }
