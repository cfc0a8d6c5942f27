"""A market played from recorded candles: a folder of `SYMBOL-INTERVAL.csv` with columns open_time, open, high,
low, close, volume.

Only files of one quote asset and one interval are played; every other file is left out by name, with the
reason. Prices are snapped to the coarsest tick that keeps them. Recordings against a dollar asset count volume
in quote units (perpetual contracts do), others in base units. The recording is moved by whole days so that the
candles before now are history and most of it lies ahead. How a candle becomes deals is told in `walk`.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marketdata.intervals import interval_s, moment
from mexc_sim.market.source import ALL, Deals, Listing, Span, Units
from mexc_sim.market.walk import deals_of

DAY_S = 86400
DOLLAR_ASSETS = frozenset({"USDT", "USDC", "USD"})
PRICE_PLACES_MAX = 10
SLOTS_MAX = 60
# An eighth of an ordinary candle's volume lies at the best price.
TOP_SHARE = 8


class RecordingProblem(Exception):
    """The folder holds nothing that can be played. The text says what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The rows of one file: `open_s` (n,) and prices and base volume as floats (n,)."""

    symbol: str
    open_s: Units
    columns: NDArray[np.float64]


def choose_files(folder: Path, quote_asset: str, interval: str) -> tuple[list[Path], list[str]]:
    """(files to play, sentences naming the ones left out)."""
    if not folder.is_dir():
        raise RecordingProblem(f"SIM_DATA: {folder} is no folder. Name a folder of SYMBOL-INTERVAL.csv files.")
    chosen, left_out = [], []
    for path in sorted(folder.iterdir()):
        symbol, _, name = path.stem.rpartition("-")
        if path.suffix != ".csv" or not symbol:
            left_out.append(f"{path.name}: not named SYMBOL-INTERVAL.csv")
        elif name != interval:
            left_out.append(f"{path.name}: interval {name}, not INTERVAL={interval}")
        elif not symbol.endswith(quote_asset) or symbol == quote_asset:
            left_out.append(f"{path.name}: not quoted in QUOTE_ASSET={quote_asset}")
        else:
            chosen.append(path)
    if not chosen:
        names = "; ".join(left_out) or "the folder is empty"
        raise RecordingProblem(
            f"SIM_DATA: nothing to play in {folder} ({names}). Set QUOTE_ASSET and INTERVAL to match."
        )
    return chosen, left_out


def read_recording(path: Path) -> Recording:
    """Parse one file. Raises RecordingProblem naming the file, the line and what is wrong."""
    times: list[int] = []
    rows: list[list[float]] = []
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            try:
                opened = int(datetime.fromisoformat(row["open_time"]).timestamp())
                values = [float(row[name]) for name in ("open", "high", "low", "close", "volume")]
            except (KeyError, TypeError, ValueError) as problem:
                raise RecordingProblem(f"{path.name} line {len(times) + 2}: {problem!r} in {row}") from problem
            if not _plausible(values) or (times and opened <= times[-1]):
                raise RecordingProblem(f"{path.name} line {len(times) + 2}: impossible candle or time back: {row}")
            times.append(opened)
            rows.append(values)
    if len(times) < 2:
        raise RecordingProblem(f"{path.name}: fewer than two candles.")
    symbol = path.stem.rpartition("-")[0]
    return Recording(symbol=symbol, open_s=np.array(times, dtype=np.int64), columns=np.array(rows).T)


def _plausible(values: list[float]) -> bool:
    opened, high, low, close, volume = values
    finite = all(math.isfinite(value) for value in values)
    return finite and 0 < low <= min(opened, close) and high >= max(opened, close) and volume >= 0


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
        self._columns = self._grid(recordings, quote_asset)

    def deals(self, start_s: int, end_s: int, rows: slice = ALL) -> Deals:
        """Deals that make the recorded candles of [start_s, end_s); nothing is traded where none was recorded."""
        opens = np.arange(start_s, end_s, self.interval_s, dtype=np.int64)
        place = (opens - self.span.first_s) // self.interval_s
        inside = (place >= 0) & (place < self._columns.shape[2])
        columns = self._columns[:, rows][:, :, np.where(inside, place, 0)] * inside
        return deals_of(columns, opens, self.slots_per_window, self.interval_s, self.listings[rows])

    def _grid(self, recordings: list[Recording], quote_asset: str) -> Units:
        """Open, high, low, close and volume of all recordings on one time axis; open 0 where nothing was recorded."""
        opens = np.arange(self.span.first_s, self.span.end_s, self.interval_s, dtype=np.int64)
        columns = np.zeros((5, len(recordings), len(opens)), dtype=np.int64)
        for row, (item, listing) in enumerate(zip(recordings, self.listings, strict=True)):
            place = (item.open_s + self.shift_s - self.span.first_s) // self.interval_s
            prices, volume = item.columns[:4], item.columns[4]
            base = volume / prices[3] if quote_asset in DOLLAR_ASSETS else volume
            columns[:4, row, place] = np.rint(prices * 10.0**listing.price_places)
            columns[4, row, place] = np.rint(base * 10.0**listing.quantity_places)
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
        top_quantity=max(1, round(_usual_volume(item, in_dollars) * 10**quantity_places / TOP_SHARE)),
    )


def _usual_volume(item: Recording, in_dollars: bool) -> float:
    """Median base volume of a recorded candle."""
    volume = item.columns[4] / item.columns[3] if in_dollars else item.columns[4]
    return float(np.median(volume))


def open_recordings(
    folder: Path, *, quote_asset: str, interval: str, now_s: float, history_s: int
) -> tuple[RecordedMarket, list[str]]:
    """The market of a folder, and sentences naming the files left out."""
    chosen, left_out = choose_files(folder, quote_asset, interval)
    recordings = [read_recording(path) for path in chosen]
    market = RecordedMarket(recordings, quote_asset=quote_asset, interval=interval, now_s=now_s, history_s=history_s)
    return market, left_out
