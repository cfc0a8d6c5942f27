"""Smooth random curves that need no memory: value noise keyed by a hash.

A curve has a random normal value at every multiple of its period, computed from (seed, row, curve, index)
alone, and runs smoothly in between. Any moment of any day costs the same. All functions work on whole arrays:
one row per instrument.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF


def mix(values: Hashes) -> Hashes:
    """The splitmix64 finaliser: neighbouring integers become unrelated ones."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def row_keys(seed: int, rows: int, curve: int) -> Hashes:
    """One hash key per row for a curve number; shaped (rows,)."""
    start = np.uint64((seed * GOLDEN + curve * 0xD1B54A32D192ED03 + 1) & MASK)
    return mix(mix(np.arange(1, rows + 1, dtype=np.uint64) * np.uint64(GOLDEN)) ^ start)


def hashes(keys: Hashes, indices: NDArray[np.int64]) -> Hashes:
    """64 random bits per (row, index), shaped like `indices`; see `share_of`."""
    return mix(keys[:, None] ^ mix(indices.astype(np.uint64) * np.uint64(GOLDEN)))


def share_of(drawn: Hashes, first_bit: int, bits: int) -> Floats:
    """Uniform in [0, 1) out of some bits of each hash."""
    mask = np.uint64((1 << bits) - 1)
    return ((drawn >> np.uint64(first_bit)) & mask).astype(np.float64) / float(1 << bits)


def uniforms(keys: Hashes, indices: NDArray[np.int64]) -> Floats:
    """Uniform in [0, 1), one per (row, index); shaped like `indices`, whose first axis is the row."""
    return (hashes(keys, indices) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def normals(keys: Hashes, indices: NDArray[np.int64]) -> Floats:
    """About normal, mean 0 and variance 1: the sum of four 16-bit uniforms of one hash."""
    hashed = hashes(keys, indices)
    total = np.zeros(hashed.shape)
    for shift in (0, 16, 32, 48):
        total += ((hashed >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64)
    return (total / 65536.0 - 2.0) * float(np.sqrt(3.0))


def curve(keys: Hashes, at_s: Floats, period_s: float) -> Floats:
    """The smooth curve of each row at the moments `at_s` (n,); shaped (rows, n), about unit normal at its knots."""
    phase = (keys >> np.uint64(40)).astype(np.float64) / float(1 << 24)
    place = at_s[None, :] / period_s + phase[:, None]
    knot = np.floor(place).astype(np.int64)
    first = knot[:, :1]
    count = int((knot[:, -1:] - first).max()) + 2
    values = normals(keys, first + np.arange(count, dtype=np.int64))
    offset = knot - first
    share = place - knot
    smooth = share * share * (3.0 - 2.0 * share)
    left = np.take_along_axis(values, offset, axis=1)
    return left + (np.take_along_axis(values, offset + 1, axis=1) - left) * smooth


def curve_at(keys: Hashes, at_s: Floats, period_s: float) -> Floats:
    """Each row's curve at a moment of its own; `at_s` and the answer are shaped (rows,)."""
    place = at_s / period_s + (keys >> np.uint64(40)).astype(np.float64) / float(1 << 24)
    knot = np.floor(place).astype(np.int64)
    share = place - knot
    ends = normals(keys, np.stack([knot, knot + 1], axis=1))
    smooth: Floats = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * share * share * (3.0 - 2.0 * share)
    return smooth
