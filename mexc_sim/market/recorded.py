"""A market played from recorded candles: a folder of `SYMBOL-INTERVAL` files as the importer reads them, with the same
formats, names and units; what the exporter wrote plays as it was.

Only files of one quote asset and one interval are played; every other file is left out by name, with the reason. One
row that cannot be used ends it: a market with a hole nobody sees is worse than none. Times without a zone are UTC.
Volume is in base units. Prices are snapped to the coarsest tick that keeps them. The recording is moved by whole days
so that the candles before now are history and most of it lies ahead. How a candle becomes deals is told in `walk`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketdata.files.cells import FileCandle, UnusableCell
from marketdata.files.fitting import read_row, rows_of
from marketdata.files.names import spellings, told_by
from marketdata.files.opening import Part, opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of
from marketdata.files.tables import AUTO
from marketdata.intervals import interval_s, moment
from mexc_sim.market.source import ALL, Deals, Listing, Span, Units
from mexc_sim.market.walk import deals_of

DAY_S = 86400
DOLLAR_ASSETS = frozenset({"USDT", "USDC", "USD"})
SUFFIXES = (".csv", ".json", ".csv.gz", ".json.gz")
PRICE_PLACES_MAX = 10
SLOTS_MAX = 60
# An eighth of an ordinary candle's volume lies at the best price.
TOP_SHARE = 8
# No pair trades a trillion dollars a day: such a volume is counted in dollars, as perpetual contracts count it.
TURNOVER_MAX = 1e12


class RecordingProblem(Exception):
    """The folder holds nothing that can be played. The text says what was found and what to do."""


class PlayedFile(NamedTuple):
    """A file to play, and the symbol as the exchange spells it."""

    path: Path
    symbol: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The rows of one file: `open_s` (n,) and prices and base volume as floats (n,)."""

    symbol: str
    open_s: Units
    columns: NDArray[np.float64]


def choose_files(folder: Path, quote_asset: str, interval: str) -> tuple[list[PlayedFile], list[str]]:
    """(files to play, sentences naming the ones left out)."""
    if not folder.is_dir():
        raise RecordingProblem(f"SIM_DATA: {folder} is no folder. Name a folder of SYMBOL-INTERVAL.csv files.")
    chosen: list[PlayedFile] = []
    left_out: list[str] = []
    for path in sorted(folder.iterdir()):
        told = told_by(path.name)
        symbol = spellings(told.symbol)[-1]
        if not path.name.endswith(SUFFIXES) or not symbol:
            left_out.append(f"{path.name}: not named SYMBOL-INTERVAL.csv")
        elif told.interval != interval:
            left_out.append(f"{path.name}: interval {told.interval}, not INTERVAL={interval}")
        elif not symbol.endswith(quote_asset) or symbol == quote_asset:
            left_out.append(f"{path.name}: not quoted in QUOTE_ASSET={quote_asset}")
        elif any(symbol == other.symbol for other in chosen):
            left_out.append(f"{path.name}: another file of {symbol} is played")
        else:
            chosen.append(PlayedFile(path, symbol))
    if not chosen:
        names = "; ".join(left_out) or "the folder is empty"
        raise RecordingProblem(
            f"SIM_DATA: nothing to play in {folder} ({names}). Set QUOTE_ASSET and INTERVAL to match."
        )
    return chosen, left_out


def read_recording(chosen: PlayedFile, interval: str) -> Recording:
    """One file. Raises RecordingProblem naming the file, the line and what is wrong."""
    rows: list[FileCandle] = []
    try:
        with opened(chosen.path) as file:
            for part in file.parts():
                _read(part, chosen, interval, rows)
    except FileProblem as problem:
        raise RecordingProblem(f"SIM_DATA: {problem}") from problem
    if len(rows) < 2:
        raise RecordingProblem(f"SIM_DATA: {chosen.path.name}: fewer than two candles. Export or download it again.")
    columns = np.array([[float(value) for value in row[1:6]] for row in rows]).T
    return Recording(symbol=chosen.symbol, open_s=np.array([row.open_s for row in rows]), columns=columns)


def _read(part: Part, chosen: PlayedFile, interval: str, rows: list[FileCandle]) -> None:
    where, length_s = chosen.path.name, interval_s(interval)
    table = table_of(part.text, AUTO, where)
    for number, texts in rows_of(table, interval, where):
        try:
            row = read_row(texts, table.layout, symbol=chosen.symbol, interval=interval)
            if row.open_s % length_s:
                raise UnusableCell(
                    "open_time", _time(texts, table.layout.columns[0]), f"no {interval} candle opens then"
                )
            if rows and row.open_s <= rows[-1].open_s:
                raise UnusableCell("open_time", _time(texts, table.layout.columns[0]), "it is not after the one before")
        except UnusableCell as problem:
            raise RecordingProblem(f"SIM_DATA: {where} {table.counted} {number}: {problem}") from problem
        rows.append(row)


def _time(texts: object, place: int) -> str:
    return str(texts[place]) if isinstance(texts, list) else ""


def in_base_units(item: Recording, quote_asset: str, length_s: int) -> tuple[Recording, str]:
    """The recording with its volume in base units, and a sentence if it was not."""
    prices, volume = item.columns[3], item.columns[4]
    daily = float(np.median(prices * volume)) * DAY_S / length_s
    if quote_asset not in DOLLAR_ASSETS or daily <= TURNOVER_MAX:
        return item, ""
    columns = np.vstack([item.columns[:4], [volume / prices]])
    told = f"{item.symbol}: its volume is in {quote_asset}; as base units {daily:.0e} would be traded a day"
    return Recording(symbol=item.symbol, open_s=item.open_s, columns=columns), told


def inferred_places(prices: NDArray[np.float64]) -> int:
    """The fewest decimal places that keep all prices to one part in a thousand million."""
    for places in range(PRICE_PLACES_MAX):
        if np.all(np.abs(np.round(prices, places) - prices) <= prices * 1e-9):
            return places
    return PRICE_PLACES_MAX


def rebase_shift_s(first_s: int, end_s: int, now_s: float, history_s: int) -> int:
    """Whole days to add so that at least `history_s` lies behind now and as much as possible ahead."""
    behind = min(max(history_s, 0), int((end_s - first_s) * 0.5))
    return math.floor((now_s - behind - first_s) / DAY_S) * DAY_S


class RecordedMarket:
    """Recorded candles of one interval, moved to the present."""

    kind = "recorded"

    def __init__(
        self, recordings: list[Recording], *, quote_asset: str, interval: str, now_s: float, history_s: int
    ) -> None:
        self.interval_s = interval_s(interval)
        self.slots_per_window = min(SLOTS_MAX, self.interval_s // 2)
        first, last = (pick(item.open_s[end] for item in recordings) for pick, end in ((min, 0), (max, -1)))
        end = int(last) + self.interval_s
        self.shift_s = rebase_shift_s(int(first), end, now_s, history_s)
        self.span = Span(
            first_s=int(first) + self.shift_s,
            end_s=end + self.shift_s,
            original_from=moment(int(first)).isoformat(),
            original_to=moment(end).isoformat(),
        )
        self.label = f"recorded candles of {self.span.original_from[:10]} to {self.span.original_to[:10]}"
        self.listings = tuple(_listing(item, quote_asset) for item in recordings)
        self._columns = self._grid(recordings)

    def deals(self, start_s: int, end_s: int, rows: slice = ALL) -> Deals:
        """Deals that make the recorded candles of [start_s, end_s); nothing is traded where none was recorded."""
        opens = np.arange(start_s, end_s, self.interval_s, dtype=np.int64)
        place = (opens - self.span.first_s) // self.interval_s
        inside = (place >= 0) & (place < self._columns.shape[2])
        columns = self._columns[:, rows][:, :, np.where(inside, place, 0)] * inside
        return deals_of(columns, opens, self.slots_per_window, self.interval_s, self.listings[rows])

    def _grid(self, recordings: list[Recording]) -> Units:
        """Open, high, low, close and volume of all recordings on one time axis; open 0 where nothing was recorded."""
        opens = np.arange(self.span.first_s, self.span.end_s, self.interval_s, dtype=np.int64)
        columns = np.zeros((5, len(recordings), len(opens)), dtype=np.int64)
        for row, (item, listing) in enumerate(zip(recordings, self.listings, strict=True)):
            place = (item.open_s + self.shift_s - self.span.first_s) // self.interval_s
            prices, volume = item.columns[:4], item.columns[4]
            columns[:4, row, place] = np.rint(prices * 10.0**listing.price_places)
            columns[4, row, place] = np.rint(volume * 10.0**listing.quantity_places)
        return columns


def _listing(item: Recording, quote_asset: str) -> Listing:
    price = float(np.median(item.columns[3]))
    in_dollars = quote_asset in DOLLAR_ASSETS
    quantity_places = max(0, min(8, (2 if in_dollars else 7) + math.floor(math.log10(price))))
    return Listing(
        symbol=item.symbol,
        base_asset=item.symbol.removesuffix(quote_asset),
        quote_asset=quote_asset,
        price_places=inferred_places(item.columns[:4]),
        quantity_places=quantity_places,
        quote_places=2 if in_dollars else 8,
        min_quantity=f"{10**-quantity_places:.{quantity_places}f}",
        min_notional="1" if in_dollars else "0.00002",
        spread_bps=2.0 if in_dollars else 5.0,
        top_quantity=max(1, round(float(np.median(item.columns[4])) * 10**quantity_places / TOP_SHARE)),
    )


def open_recordings(
    folder: Path, *, quote_asset: str, interval: str, now_s: float, history_s: int
) -> tuple[RecordedMarket, list[str]]:
    """The market of a folder, and sentences naming the files left out and what was read otherwise than it stands."""
    chosen, left_out = choose_files(folder, quote_asset, interval)
    read = [in_base_units(read_recording(item, interval), quote_asset, interval_s(interval)) for item in chosen]
    recordings = [item for item, _ in read]
    market = RecordedMarket(recordings, quote_asset=quote_asset, interval=interval, now_s=now_s, history_s=history_s)
    return market, [*(f"left out: {reason}" for reason in left_out), *(told for _, told in read if told)]
