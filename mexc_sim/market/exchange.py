"""What the simulated exchange would answer at a market moment: candles, 24-hour figures, deals and book.

Everything is derived from the source's deals and the moment asked, nothing is remembered but caches, so REST,
WebSocket and a restarted exchange tell the same. Rows and fields are spelled as the exchange spells them (see the
REST client); numbers are texts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from marketdata.intervals import SECONDS, window_start_s
from marketdata.ticks import grid_text
from mexc_sim.market import book
from mexc_sim.market.disturbances import Disturbance
from mexc_sim.market.source import Candles, Deals, Listing, MarketSource, no_candles
from mexc_sim.market.tape import Tape, grouped, merged, milliseconds

DAY_S = 86400
KLINES_MAX = 500
KLINES_DEPTH_S = 90 * DAY_S
DEALS_MAX = 1000
LOOK_BACK_S = DAY_S
TAKER_FEE = "0.0005"


class SimQuote(NamedTuple):
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


class Deal(NamedTuple):
    """One trade; `buyer`: the taker bought."""

    price: str
    quantity: str
    at_ms: int
    buyer: bool
    trade_id: str


class DepthBook(NamedTuple):
    """(price, quantity) texts, best first. Between two versions the difference of the books is what changed."""

    version: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    at_ms: int


class Exchange:
    """The source, asked as an exchange. Market times are epoch seconds.

    `disturbances` is kept as given: who owns the list may store what `disturb` adds to it.
    """

    def __init__(self, source: MarketSource, disturbances: list[Disturbance] | None = None) -> None:
        self.source = source
        self.rows = {listing.symbol: row for row, listing in enumerate(source.listings)}
        self._disturbances: list[Disturbance] = [] if disturbances is None else disturbances
        self.tape = Tape(source, self._disturbances)
        self._slot_ms = source.interval_s * 1000 // source.slots_per_window
        self._sizes = book.sizes_of(source.listings)
        self._quoted: dict[int, tuple[list[int], SimQuote]] = {}

    @property
    def disturbances(self) -> tuple[Disturbance, ...]:
        return tuple(self._disturbances)

    def disturb(self, disturbance: Disturbance) -> None:
        """From its beginning on the market goes another way; begin it now or later, what was told stays told."""
        self._disturbances.append(disturbance)
        self.tape.forget(disturbance.from_s)

    def window(self, start_s: int, length_s: int, at_s: float) -> Candles:
        """One column: the candle of `length_s` that opens at `start_s`, as traded up to `at_s`."""
        current_s = window_start_s(at_s, self.source.interval_s)
        closed_to_s = min(start_s + length_s, current_s)
        parts = [self.tape.summary(start_s, closed_to_s)] if closed_to_s > start_s else []
        if start_s <= current_s < start_s + length_s:
            parts.append(self.tape.forming(at_s))
        return merged(start_s, parts, len(self.source.listings))

    def klines(self, symbol: str, length_s: int, start_s: int, end_s: int, at_s: float) -> list[list[Any]]:
        """Rows of the exchange's klines endpoint for open times in [start_s, end_s], the last one may be forming.

        The exchange keeps candles of the last 90 days.
        """
        row, base_s = self.rows[symbol], self.source.interval_s
        oldest_s = max(window_start_s(self.source.span.first_s, length_s), int(at_s) - KLINES_DEPTH_S)
        first = -(-max(start_s, oldest_s) // length_s) * length_s
        last = window_start_s(min(end_s, int(at_s)), length_s)
        if last < first:
            return []
        base = self._up_to(row, first, last + length_s, at_s)
        return self._kline_rows(row, length_s, grouped(base, length_s // base_s))

    def _up_to(self, row: int, start_s: int, end_s: int, at_s: float) -> Candles:
        """Base candles of one instrument over [start_s, end_s), as traded up to `at_s`; shaped (1, candles)."""
        current_s = window_start_s(at_s, self.source.interval_s)
        closed_to_s = min(end_s, current_s)
        cuts = [*range(start_s, closed_to_s, DAY_S), max(start_s, closed_to_s)]
        parts = [self.tape.of_row(row, first, end) for first, end in zip(cuts, cuts[1:], strict=False)]
        if current_s < end_s:
            forming = self.tape.forming(at_s)
            parts.append(Candles(forming.open_s, *(column[row : row + 1] for column in forming[1:])))
            rest = np.arange(current_s + self.source.interval_s, end_s, self.source.interval_s, dtype=np.int64)
            parts.append(no_candles(1, rest))
        return Candles(*(np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True)))

    def _kline_rows(self, row: int, length_s: int, candles: Candles) -> list[list[Any]]:
        listing = self.source.listings[row]
        rows = []
        for index, opened in enumerate(candles.open_s.tolist()):
            if candles.open[0, index]:
                texts = candle_texts(listing, candles, 0, index)
                rows.append([opened * 1000, *texts[:5], (opened + length_s) * 1000, texts[5]])
        return rows

    def day(self, at_s: float) -> Day:
        """The 24 hours before the current window, with the last price of now."""
        current_s = window_start_s(at_s, self.source.interval_s)
        whole = self.tape.summary(current_s - DAY_S, current_s)
        opened, high, low, close, volume, quote_volume = (column[:, 0] for column in whole[1:])
        forming = self.tape.forming(at_s).close[:, 0]
        return Day(opened, high, low, np.where(forming > 0, forming, close), volume, quote_volume)

    def quotes(self, at_s: float) -> list[SimQuote]:
        """Best bid and ask of every instrument that has traded: the tops of the books."""
        last = self.tape.last(at_s)
        best = book.tops(last)
        rows = np.arange(len(last.price))
        redraw = milliseconds(at_s) // book.REDRAW_MS
        bids = book.side(book.BID, best.bid, best.ask - best.bid, rows, self._sizes, redraw, 1)
        asks = book.side(book.ASK, best.ask, best.ask - best.bid, rows, self._sizes, redraw, 1)
        columns = (bids.price, bids.quantity, asks.price, asks.quantity)
        traded = np.flatnonzero(last.price).tolist()
        tops = np.column_stack([column[:, 0] for column in columns]).tolist()
        return [self._told(row, tops[row]) for row in traded]

    def _told(self, row: int, top: list[int]) -> SimQuote:
        """The quote in the exchange's words; of ten looks a second nine find what was said before."""
        known = self._quoted.get(row)
        if known is None or known[0] != top:
            known = self._quoted[row] = (top, _quote(self.source.listings[row], *top))
        return known[1]

    def book(self, symbol: str, at_s: float, levels: int) -> DepthBook:
        """The best levels of both sides; no sides while nothing has traded."""
        row, at_ms = self.rows[symbol], milliseconds(at_s)
        listing, last = self.source.listings[row], self.tape.last(at_s)
        number = self.version(symbol, at_s)
        if not last.price[row]:
            return DepthBook(number, [], [], at_ms)
        best = book.tops(last)
        bid, ask = best.bid[row : row + 1], best.ask[row : row + 1]
        rows, sizes, redraw = np.array([row]), self._sizes[row : row + 1], at_ms // book.REDRAW_MS
        bids = book.side(book.BID, bid, ask - bid, rows, sizes, redraw, levels)
        asks = book.side(book.ASK, ask, ask - bid, rows, sizes, redraw, levels)
        return DepthBook(number, _levels(listing, bids), _levels(listing, asks), at_ms)

    def version(self, symbol: str, at_s: float) -> int:
        """The book's version: grows whenever the book may have changed."""
        at_ms = milliseconds(at_s)
        start_s = window_start_s(at_s, self.source.interval_s)
        slot = (at_ms - start_s * 1000) // self._slot_ms
        deal_at_ms = int(self.tape.window(start_s).at_ms[self.rows[symbol], slot])
        return book.version(at_ms, self._slot_ms, deal_at_ms)

    def deals(self, symbol: str, after_s: float, upto_s: float) -> list[Deal]:
        """Deals with after_s < time <= upto_s, oldest first; of a long time the newest thousand."""
        row, base_s = self.rows[symbol], self.source.interval_s
        first = window_start_s(max(after_s, upto_s - DEALS_MAX * base_s), base_s)
        found: list[Deal] = []
        for start_s in range(first, window_start_s(upto_s, base_s) + 1, base_s):
            found += self._window_deals(row, self.tape.window(start_s), after_s, upto_s)
        return found[-DEALS_MAX:]

    def recent_deals(self, symbol: str, at_s: float, limit: int) -> list[Deal]:
        """The newest deals, oldest of them first, looked for in the last 24 hours."""
        row, base_s = self.rows[symbol], self.source.interval_s
        end_s = window_start_s(at_s, base_s) + base_s
        found: list[Deal] = []
        windows = max(1, 2 * limit // self.source.slots_per_window)
        while len(found) < limit and end_s > at_s - LOOK_BACK_S:
            start_s = end_s - windows * base_s
            rows = slice(row, row + 1)
            found = self._window_deals(row, self.tape.deals(start_s, end_s, rows), -1, at_s, place=0) + found
            end_s = start_s
        return found[-limit:] if limit > 0 else []

    def _window_deals(
        self, row: int, deals: Deals, after_s: float, upto_s: float, place: int | None = None
    ) -> list[Deal]:
        """The deals of an instrument in (after_s, upto_s]; `place` is its row in `deals` where that differs."""
        listing, place = self.source.listings[row], row if place is None else place
        times, quantities = deals.at_ms[place], deals.quantity[place]
        chosen = (times > milliseconds(after_s)) & (times <= milliseconds(upto_s)) & (quantities > 0)
        return [
            Deal(
                grid_text(int(deals.price[place, index]), listing.price_places),
                grid_text(int(quantities[index]), listing.quantity_places),
                int(times[index]),
                bool(deals.buyer[place, index]),
                f"{int(times[index]) // self._slot_ms * 1000 + row}",
            )
            for index in np.flatnonzero(chosen).tolist()
        ]


def _quote(listing: Listing, bid: int, bid_quantity: int, ask: int, ask_quantity: int) -> SimQuote:
    return SimQuote(
        listing.symbol,
        grid_text(bid, listing.price_places),
        grid_text(bid_quantity, listing.quantity_places),
        grid_text(ask, listing.price_places),
        grid_text(ask_quantity, listing.quantity_places),
    )


def _levels(listing: Listing, side: book.BookSide) -> list[tuple[str, str]]:
    return [
        (grid_text(price, listing.price_places), grid_text(quantity, listing.quantity_places))
        for price, quantity in zip(side.price[0].tolist(), side.quantity[0].tolist(), strict=True)
        if price > 0
    ]


def candle_texts(listing: Listing, candles: Candles, row: int, index: int) -> list[str]:
    """Open, high, low, close, base volume, quote volume of one candle."""
    prices = [grid_text(int(column[row, index]), listing.price_places) for column in candles[1:5]]
    volume = grid_text(int(candles.volume[row, index]), listing.quantity_places)
    return [*prices, volume, grid_text(int(candles.quote_volume[row, index]), listing.quote_places)]


def interval_offered(interval: str, source: MarketSource) -> bool:
    """The source's own interval and whole multiples of it."""
    return interval in SECONDS and SECONDS[interval] % source.interval_s == 0
