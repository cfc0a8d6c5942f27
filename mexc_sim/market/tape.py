"""The tape: every deal of the market in order, and the candles that follow from them.

    open, high, low, close = first, highest, lowest, last price traded in the window
    volume = sum of quantities, quote volume = sum of price x quantity, rounded once per window, halves up

Deals are read in blocks of sixty windows; the newest blocks of deals and some days of candles are kept, so that
the 24-hour figures cost little. Forgetting a block only costs time: it is derived again, the same.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from marketdata.intervals import window_start_s
from mexc_sim.market.disturbances import Disturbance, disturbed
from mexc_sim.market.source import Candles, Deals, Flags, Listing, MarketSource, Units, no_candles

K = TypeVar("K")
T = TypeVar("T")
BLOCK_WINDOWS = 60
DEAL_BLOCKS, CANDLE_BLOCKS, SUMMARIES = 3, 72, 256
NEVER = np.iinfo(np.int64).max


class LastDeals(NamedTuple):
    """The newest deal of each instrument, shaped (instruments,); `price` 0: it has not traded."""

    price: Units
    buyer: Flags
    spread: Units


class Tape:
    def __init__(self, source: MarketSource, disturbances: Sequence[Disturbance]) -> None:
        self.source, self.disturbances = source, disturbances
        self.block_s = BLOCK_WINDOWS * source.interval_s
        self._deals: OrderedDict[int, Deals] = OrderedDict()
        self._candles: OrderedDict[int, Candles] = OrderedDict()
        self._summaries: OrderedDict[tuple[int, int], Candles] = OrderedDict()
        self._before: OrderedDict[int, LastDeals] = OrderedDict()

    def forget(self, from_s: float) -> None:
        """What was derived for `from_s` and later has changed."""
        for kept in (self._deals, self._candles):
            for index in [index for index in kept if (index + 1) * self.block_s > from_s]:
                del kept[index]
        for ends in [ends for ends in self._summaries if ends[1] > from_s]:
            del self._summaries[ends]
        for start_s in [start_s for start_s in self._before if start_s > from_s]:
            del self._before[start_s]

    def deals(self, start_s: int, end_s: int, rows: slice) -> Deals:
        """Deals of whole windows as they happened, disturbances included; nothing is kept."""
        return disturbed(self.source.deals(start_s, end_s, rows), self.source.listings[rows], self.disturbances)

    def window(self, start_s: int) -> Deals:
        """The deals of the window that opens at `start_s`."""
        index = start_s // self.block_s
        block = _kept(self._deals, index, DEAL_BLOCKS, lambda: self._block_of_deals(index))
        slots = self.source.slots_per_window
        first = (start_s - index * self.block_s) // self.source.interval_s * slots
        return Deals._make(column[:, first : first + slots] for column in block)

    def closed(self, start_s: int, end_s: int) -> Candles:
        """All candles of the source's interval that open in [start_s, end_s), as they are when closed."""
        if end_s <= start_s:
            return no_candles(len(self.source.listings), np.zeros(0, dtype=np.int64))
        blocks = [self._block(index) for index in range(start_s // self.block_s, (end_s - 1) // self.block_s + 1)]
        whole = Candles(*(np.concatenate(columns, axis=-1) for columns in zip(*blocks, strict=True)))
        return between(whole, start_s, end_s)

    def forming(self, at_s: float) -> Candles:
        """One column: the candle whose window contains `at_s`, as traded up to then."""
        start_s = window_start_s(at_s, self.source.interval_s)
        deals = self.window(start_s)
        so_far = deals._replace(quantity=np.where(deals.at_ms <= milliseconds(at_s), deals.quantity, 0))
        return candles_of(so_far, np.array([start_s]), self.source.listings)

    def of_row(self, row: int, start_s: int, end_s: int) -> Candles:
        """Closed candles of one instrument, shaped (1, candles); derived alone, which is cheap and keeps nothing."""
        rows = slice(row, row + 1)
        opens = np.arange(start_s, max(start_s, end_s), self.source.interval_s, dtype=np.int64)
        if not len(opens):
            return no_candles(1, opens)
        return candles_of(self.deals(start_s, end_s, rows), opens, self.source.listings[rows])

    def summary(self, start_s: int, end_s: int) -> Candles:
        """One column: all candles that open in [start_s, end_s), seen as one candle."""
        return _kept(self._summaries, (start_s, end_s), SUMMARIES, lambda: self._summed(start_s, end_s))

    def last(self, at_s: float) -> LastDeals:
        """The newest deal of each instrument at market time `at_s`, looked for in the last 24 hours."""
        start_s = window_start_s(at_s, self.source.interval_s)
        deals = self.window(start_s)
        traded = (deals.quantity > 0) & (deals.at_ms <= milliseconds(at_s))
        rows = np.arange(len(traded))
        place = traded.shape[1] - 1 - traded[:, ::-1].argmax(axis=1)
        found = LastDeals(deals.price[rows, place], deals.buyer[rows, place], deals.spread[rows, place])
        there = traded.any(axis=1)
        if there.all():
            return found
        before = _kept(self._before, start_s, DEAL_BLOCKS, lambda: self._last_before(start_s))
        return LastDeals(*(np.where(there, now, then) for now, then in zip(found, before, strict=True)))

    def _last_before(self, start_s: int) -> LastDeals:
        """From the closes of the last day: which side took is not known any more, the bid is the last price."""
        close = self.summary(start_s - max(86400, self.source.interval_s), start_s).close[:, 0]
        bps = np.array([listing.spread_bps for listing in self.source.listings])
        spread = np.maximum(1, np.rint(close * bps / 10000)).astype(np.int64)
        return LastDeals(close, np.zeros(len(close), dtype=np.bool_), spread)

    def _summed(self, start_s: int, end_s: int) -> Candles:
        """By whole blocks where the range holds them."""
        parts = []
        for index in range(start_s // self.block_s, (end_s - 1) // self.block_s + 1):
            first, end = index * self.block_s, (index + 1) * self.block_s
            if start_s <= first and end <= end_s and (start_s, end_s) != (first, end):
                parts.append(self.summary(first, end))
            else:
                parts.append(summarised(start_s, between(self._block(index), start_s, end_s)))
        return merged(start_s, parts, len(self.source.listings))

    def _block(self, index: int) -> Candles:
        return _kept(self._candles, index, CANDLE_BLOCKS, lambda: self._block_of_candles(index))

    def _block_of_candles(self, index: int) -> Candles:
        start_s = index * self.block_s
        opens = np.arange(start_s, start_s + self.block_s, self.source.interval_s, dtype=np.int64)
        deals = self._deals.get(index) or self._block_of_deals(index)
        return candles_of(deals, opens, self.source.listings)

    def _block_of_deals(self, index: int) -> Deals:
        return self.deals(index * self.block_s, (index + 1) * self.block_s, slice(None))


def milliseconds(at_s: float) -> int:
    """Whole milliseconds of a market time; forgives what a float of seconds cannot say."""
    return math.floor(at_s * 1000 + 1e-3)


def candles_of(deals: Deals, open_s: Units, listings: Sequence[Listing]) -> Candles:
    """Candles of windows of equally many slots; a window without a deal is absent."""
    rows, windows = len(deals.price), len(open_s)
    price, quantity = (column.reshape(rows, windows, -1) for column in (deals.price, deals.quantity))
    traded = quantity > 0
    first, last = traded.argmax(axis=2)[..., None], traded.shape[2] - 1 - traded[..., ::-1].argmax(axis=2)[..., None]
    there = traded.any(axis=2)
    return Candles(
        open_s,
        np.where(there, np.take_along_axis(price, first, axis=2)[..., 0], 0),
        np.where(traded, price, 0).max(axis=2),
        np.where(there, np.where(traded, price, NEVER).min(axis=2), 0),
        np.where(there, np.take_along_axis(price, last, axis=2)[..., 0], 0),
        quantity.sum(axis=2),
        quote_units((price * quantity).sum(axis=2), listings),
    )


def quote_units(products: Units, listings: Sequence[Listing]) -> Units:
    """Ticks x steps, shaped (instruments, n), as units of 10^-quote_places, halves up."""
    surplus = np.array([item.price_places + item.quantity_places - item.quote_places for item in listings])[:, None]
    divisor = np.power(10, np.maximum(surplus, 0), dtype=np.int64)
    factor = np.power(10, np.maximum(-surplus, 0), dtype=np.int64)
    rounded: Units = (products * factor + divisor // 2) // divisor
    return rounded


def between(candles: Candles, start_s: int, end_s: int) -> Candles:
    """The candles that open in [start_s, end_s)."""
    low, high = np.searchsorted(candles.open_s, [start_s, end_s])
    return Candles(candles.open_s[low:high], *(column[:, low:high] for column in candles[1:]))


def grouped(candles: Candles, per: int) -> Candles:
    """Candles of `per` windows each; the number of candles must be a multiple of it."""
    shape = (len(candles.open), -1, per)
    opened, high, low, close, volume, quote_volume = (column.reshape(shape) for column in candles[1:])
    there = opened > 0
    any_there = there.any(axis=2)
    first, last = there.argmax(axis=2)[..., None], per - 1 - there[..., ::-1].argmax(axis=2)[..., None]
    return Candles(
        candles.open_s[::per],
        np.take_along_axis(opened, first, axis=2)[..., 0],
        high.max(axis=2),
        np.where(any_there, np.where(there, low, NEVER).min(axis=2), 0),
        np.take_along_axis(close, last, axis=2)[..., 0],
        volume.sum(axis=2),
        quote_volume.sum(axis=2),
    )


def summarised(start_s: int, candles: Candles) -> Candles:
    """All the candles as one that opens at `start_s`; absent when there are none."""
    count = candles.open.shape[1]
    if not count:
        return no_candles(len(candles.open), np.array([start_s]))
    return grouped(candles, count)._replace(open_s=np.array([start_s]))


def merged(start_s: int, parts: Sequence[Candles], rows: int) -> Candles:
    """Neighbouring candles as one that opens at `start_s`."""
    if not parts:
        return no_candles(rows, np.array([start_s]))
    return summarised(start_s, Candles(*(np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True))))


def _kept(store: OrderedDict[K, T], key: K, most: int, derive: Callable[[], T]) -> T:
    """The value under `key`, derived when it is not there; the least recently used of more than `most` goes."""
    if key in store:
        store.move_to_end(key)
        return store[key]
    value = store[key] = derive()
    while len(store) > most:
        store.popitem(last=False)
    return value
