"""What the simulated exchange would answer at a market moment: candles, 24-hour figures, best bid and ask.

Everything is derived from the market source at the moment asked, nothing is remembered, so REST, WebSocket and
a restarted exchange tell the same. Rows and fields are spelled as the exchange spells them (see the REST
client); numbers are texts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from marketdata.intervals import SECONDS, window_start_s
from marketdata.mexc_sim.source import Candles, Listing, MarketSource
from marketdata.ticks import grid_text

DAY_S = 86400
KLINES_MAX = 500
TAKER_FEE = "0.0005"


class Quote(NamedTuple):
    """Best bid and ask of one instrument, as texts."""

    symbol: str
    bid: str
    bid_quantity: str
    ask: str
    ask_quantity: str


class Day(NamedTuple):
    """The last 24 hours: arrays with one entry per instrument, in whole units; `open` 0 where nothing traded."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    last: np.ndarray
    volume: np.ndarray
    quote_volume: np.ndarray


class Exchange:
    """The source, asked as an exchange. Market times are epoch seconds."""

    def __init__(self, source: MarketSource) -> None:
        self.source = source
        self.rows = {listing.symbol: row for row, listing in enumerate(source.listings)}
        self._day: tuple[int, Day] | None = None

    def window(self, start_s: int, length_s: int, at_s: float) -> Candles:
        """One column: the candle of `length_s` that opens at `start_s`, as traded up to `at_s`."""
        base_s = self.source.interval_s
        current_s = window_start_s(at_s, base_s)
        parts = [self.source.closed(start_s, min(start_s + length_s, current_s))]
        if start_s <= current_s < start_s + length_s:
            parts.append(self.source.forming(at_s))
        return _merged(start_s, [part for part in parts if len(part.open_s)], len(self.source.listings))

    def klines(self, symbol: str, length_s: int, start_s: int, end_s: int, at_s: float) -> list[list[Any]]:
        """Rows of the exchange's klines endpoint for open times in [start_s, end_s], the last one may be forming."""
        row = self.rows[symbol]
        first = max(-(-start_s // length_s) * length_s, window_start_s(self.source.span.first_s, length_s))
        last = min(end_s, int(at_s))
        if length_s == self.source.interval_s:
            return self._base_klines(row, first, last, at_s)
        opens = range(first, last + 1, length_s)
        return self._kline_rows(row, length_s, [self.window(opened, length_s, at_s) for opened in opens])

    def _base_klines(self, row: int, first_s: int, last_s: int, at_s: float) -> list[list[Any]]:
        length_s = self.source.interval_s
        current_s = window_start_s(at_s, length_s)
        parts = [self.source.closed(first_s, min(last_s + 1, current_s))]
        if first_s <= current_s <= last_s:
            parts.append(self.source.forming(at_s))
        return self._kline_rows(row, length_s, parts)

    def _kline_rows(self, row: int, length_s: int, parts: list[Candles]) -> list[list[Any]]:
        listing = self.source.listings[row]
        rows = []
        for part in parts:
            for index, opened in enumerate(part.open_s.tolist()):
                if part.open[row, index]:
                    texts = candle_texts(listing, part, row, index)
                    rows.append([opened * 1000, *texts[:5], (opened + length_s) * 1000, texts[5]])
        return rows[-KLINES_MAX:]

    def day(self, at_s: float) -> Day:
        """The last 24 hours; recomputed once per candle of the source."""
        current_s = window_start_s(at_s, self.source.interval_s)
        if self._day is None or self._day[0] != current_s:
            self._day = (current_s, _summary(self.source.closed(current_s - DAY_S, current_s)))
        forming = self.source.forming(at_s)
        return self._day[1]._replace(last=np.where(forming.close[:, 0] > 0, forming.close[:, 0], self._day[1].last))

    def quotes(self, at_s: float) -> list[Quote]:
        """Best bid and ask around the last price: the spread widens as turnover falls."""
        last = self.day(at_s).last
        depth = self.day(at_s).volume / 1440 * (0.3 + 0.2 * np.sin(at_s / 7 + np.arange(len(last))))
        return [
            _quote(listing, int(last[row]), max(1, int(depth[row])), int(at_s) + row)
            for row, listing in enumerate(self.source.listings)
            if last[row]
        ]


def _quote(listing: Listing, price: int, depth: int, turn: int) -> Quote:
    half = max(0.5, price * listing.spread_bps / 20000)
    bid = max(1, int(price - half))
    ask = max(bid + 1, int(np.ceil(price + half)))
    bid_share = 0.75 + 0.25 * (turn % 3)
    return Quote(
        listing.symbol,
        grid_text(bid, listing.price_places),
        grid_text(max(1, int(depth * bid_share)), listing.quantity_places),
        grid_text(ask, listing.price_places),
        grid_text(max(1, int(depth * (2 - bid_share))), listing.quantity_places),
    )


def candle_texts(listing: Listing, candles: Candles, row: int, index: int) -> list[str]:
    """Open, high, low, close, base volume, quote volume of one candle."""
    prices = [grid_text(int(column[row, index]), listing.price_places) for column in candles[1:5]]
    volume = grid_text(int(candles.volume[row, index]), listing.quantity_places)
    return [*prices, volume, grid_text(int(candles.quote_volume[row, index]), listing.quote_places)]


def interval_offered(interval: str, source: MarketSource) -> bool:
    """The source's own interval and whole multiples of it."""
    return interval in SECONDS and SECONDS[interval] % source.interval_s == 0


def _summary(candles: Candles) -> Day:
    """First open, extremes, last close and sums over the candles that exist."""
    there = candles.open > 0
    if not candles.open.shape[1]:
        nothing = np.zeros(candles.open.shape[0], dtype=np.int64)
        return Day(nothing, nothing, nothing, nothing, nothing, nothing)
    rows = np.arange(candles.open.shape[0])
    first = there.argmax(axis=1)
    last = candles.open.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    ceiling = np.iinfo(np.int64).max
    low = np.where(there, candles.low, ceiling).min(axis=1)
    return Day(
        candles.open[rows, first],
        candles.high.max(axis=1),
        np.where(low == ceiling, 0, low),
        candles.close[rows, last],
        candles.volume.sum(axis=1),
        candles.quote_volume.sum(axis=1),
    )


def _merged(start_s: int, parts: list[Candles], rows: int) -> Candles:
    if not parts:
        nothing = np.zeros((rows, 1), dtype=np.int64)
        return Candles(np.array([start_s]), *(nothing for _ in range(6)))
    whole = Candles(*(np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True)))
    total = _summary(whole)
    return Candles(np.array([start_s]), *(column[:, None] for column in total))
