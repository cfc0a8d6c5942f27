"""The order book around the last deal, a pure function of it and of market time.

    the taker bought   ask = last price, bid = ask - spread
    the taker sold     bid = last price, ask = bid + spread

Deeper orders lie on a grid of about a third of the spread, thicker with every level. A level's quantity is drawn
anew every few redraws, each level in its own turn. The version counts what can change the book: redraws, and
slots of deals gone by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mexc_sim.market.noise import GOLDEN, Floats, Hashes, mix
from mexc_sim.market.source import Listing, Units
from mexc_sim.market.tape import LastDeals

REDRAW_MS = 250
TURNS = 8
BID, ASK = 0, 1


class Tops(NamedTuple):
    """Best bid and ask of several instruments, in ticks, shaped (instruments,)."""

    bid: Units
    ask: Units


class BookSide(NamedTuple):
    """One side of several books, best first: ticks and steps, shaped (instruments, levels)."""

    price: Units
    quantity: Units


def tops(last: LastDeals) -> Tops:
    """Where nothing has traded both are without meaning."""
    bid = np.where(last.buyer, np.maximum(1, last.price - last.spread), last.price)
    ask = np.where(last.buyer, last.price, last.price + last.spread)
    return Tops(bid, np.maximum(ask, bid + 1))


def side(which: int, best: Units, spread: Units, rows: Units, sizes: Floats, redraw: int, levels: int) -> BookSide:
    """`rows` and `sizes` (usual top quantity in steps) of the instruments; bids that would fall to 0 are cut to 0."""
    depth = np.arange(levels, dtype=np.int64)[None, :]
    grid = np.maximum(1, spread // 3)[:, None]
    if which == ASK:
        deeper = (best[:, None] // grid + depth) * grid
    else:
        deeper = ((best[:, None] - 1) // grid - (depth - 1)) * grid
    price = np.where(depth == 0, best[:, None], deeper)
    chance = _chance(rows[:, None] * 2 + which, price, redraw)
    quantity = np.rint(sizes[:, None] * (1 + depth * 0.35) * (0.25 + 1.5 * chance * chance)).astype(np.int64)
    return BookSide(np.maximum(price, 0), np.maximum(1, quantity))


def _chance(places: Units, price: Units, redraw: int) -> Floats:
    """Uniform in [0, 1) per order place; a place keeps its value for TURNS redraws."""
    keys: Hashes = mix(places.astype(np.uint64) * np.uint64(GOLDEN)) ^ mix(price.astype(np.uint64))
    turn = (keys & np.uint64(TURNS - 1)).astype(np.int64)
    drawn = mix(mix(keys) ^ ((redraw + turn) // TURNS).astype(np.uint64))
    return (drawn >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def sizes_of(listings: Sequence[Listing]) -> Floats:
    return np.array([listing.top_quantity for listing in listings], dtype=np.float64)


def version(at_ms: int, slot_ms: int, deal_at_ms: int) -> int:
    """Grows with every redraw and every slot's moment of dealing; `deal_at_ms` is that of the current slot."""
    return at_ms // REDRAW_MS + at_ms // slot_ms + (1 if at_ms >= deal_at_ms else 0)
