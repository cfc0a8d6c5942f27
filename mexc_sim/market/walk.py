"""A recorded candle as deals that make exactly this candle: open, the nearer extreme, the other one, close.

Between these corners the price walks straight. Prices and base volume of the candle come out exactly; its quote
volume is the sum of price x quantity. A candle recorded with less volume than its corners need gets one step for each
of those.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mexc_sim.market.noise import hashes, row_keys, share_of
from mexc_sim.market.source import Deals, Flags, Listing, Units

KEY_SEED, KEY_CURVE = 0, 800
LEGS = 3


def deals_of(columns: Units, open_s: Units, slots: int, interval_s: int, listings: Sequence[Listing]) -> Deals:
    """`columns`: open, high, low, close (ticks) and volume (steps), shaped (5, instruments, windows); open 0: none."""
    rows, windows = columns.shape[1:]
    slot_ms = interval_s * 1000 // slots
    index = (open_s[:, None] * 1000 // slot_ms + np.arange(slots, dtype=np.int64)).reshape(-1)
    drawn = hashes(row_keys(KEY_SEED, 1, KEY_CURVE), index[None, :])
    jitter = (share_of(drawn, 12, 16) * slot_ms).astype(np.int64)
    jitter[:, ::slots] = 0
    corners, places = _corners(columns), _places(slots)
    price = _walked(corners, places, slots)
    quantity = _shared(columns, corners, places, share_of(drawn, 28, 16).reshape(1, windows, slots))
    moved = np.diff(price, axis=2, prepend=price[:, :, :1])
    buyer = (moved > 0) | ((moved == 0) & (share_of(drawn, 0, 12).reshape(1, windows, slots) < 0.5))
    bps = np.array([listing.spread_bps for listing in listings])[:, None, None]
    spread = np.maximum(1, np.rint(price * bps / 10000)).astype(np.int64)
    # A seller's price is the bid itself; a buyer's bid, one spread lower, must still be a price.
    buyer &= price > spread
    shape = (rows, windows * slots)
    return Deals(
        at_ms=np.broadcast_to(index * slot_ms + jitter, shape),
        price=price.reshape(shape),
        quantity=quantity.reshape(shape),
        buyer=buyer.reshape(shape),
        spread=spread.reshape(shape),
    )


def _places(slots: int) -> list[int]:
    """The slots at which the four corners are traded."""
    return [round(leg * (slots - 1) / LEGS) for leg in range(LEGS + 1)]


def _corners(columns: Units) -> Units:
    """Open, nearer extreme, other extreme, close: (4, instruments, windows). At equal distance a rising candle dips."""
    opened, high, low, close = columns[:4]
    up, down = high - opened, opened - low
    dips = (down < up) | ((down == up) & (close >= opened))
    return np.stack([opened, np.where(dips, low, high), np.where(dips, high, low), close])


def _walked(corners: Units, places: list[int], slots: int) -> Units:
    """Price in whole ticks at every slot: (instruments, windows, slots)."""
    slot = np.arange(slots)
    leg = np.minimum(np.searchsorted(places, slot, side="right") - 1, LEGS - 1)
    starts, ends = np.array(places)[leg], np.array(places)[leg + 1]
    part = (slot - starts) / (ends - starts)
    left, right = np.moveaxis(corners[leg], 0, -1), np.moveaxis(corners[leg + 1], 0, -1)
    walked: Units = left + np.rint((right - left) * part).astype(np.int64)
    return walked


def _shared(columns: Units, corners: Units, places: list[int], weight: np.ndarray) -> Units:
    """Steps traded at every slot: one at each corner that is needed, the rest by weight, rounded without loss."""
    needed = _needed(corners)
    there = columns[0] > 0
    rest = np.maximum(0, columns[4] - needed.sum(axis=0)) * there
    shares = (weight**3 + 0.01).cumsum(axis=2)
    so_far = np.floor(rest[:, :, None] * (shares / shares[:, :, -1:])).astype(np.int64)
    so_far[:, :, -1] = rest
    quantity = np.diff(so_far, axis=2, prepend=0)
    for corner, place in enumerate(places):
        quantity[:, :, place] += needed[corner] & there
    return quantity


def _needed(corners: Units) -> Flags:
    """Which corners must be traded to show the candle's prices: (4, instruments, windows)."""
    opened, first, second, close = corners
    return np.stack(
        [
            np.ones(opened.shape, dtype=np.bool_),
            (first != opened) & (first != close),
            (second != opened) & (second != close) & (second != first),
            (close != opened) | (first != opened) | (second != opened),
        ]
    )
