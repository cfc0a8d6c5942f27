"""What is replayed: which candles, of which symbols, who of them could be bought when, and by which exchange's rules.

From PostgreSQL: candles with a day before the first one that is played, and the universe as the recorded choices have
it; before there are any, the most liquid of the day before, hour by hour. Today's universe is taken only when asked
for, and says so: it knows who would still be there. From files: the same by volume, without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from cdb_site.db import select
from execution.rules.fill_model import Rules
from marketdata import queries
from marketdata.files.names import spellings
from marketdata.files.newcomers import pair
from marketdata.intervals import moment
from marketdata.pausing import unknown
from replay.candle_cache import CandleCache
from replay.candle_files import WantedFiles, read_files
from replay.candles import load
from replay.instruments import rules_then
from replay.rules.columns import FIELDS
from replay.rules.grid import CandleGrid
from replay.rules.universe import column_of, members_by_volume, recorded_members
from signals_app.rules.momentum import Bools
from signals_app.rules.strategy import Strategy

RECORDED, BY_VOLUME, TODAY, GIVEN = "RECORDED", "BY_VOLUME", "TODAY", "GIVEN"
UNIVERSES = (RECORDED, BY_VOLUME, TODAY)
DAY_S = 86_400
SHOWN_REFUSALS = 5
STORED = """SELECT min(open_time), max(open_time) FROM marketdata_candle WHERE "interval" = %s
    AND (%s::text[] IS NULL OR instrument_id = ANY(%s))"""
SURVIVORS = "survivorship: today's universe is played in the past, which knows who would be liquid and listed by now."

Progress = Callable[[str, int, int], object]


class NothingToReplay(ValueError):
    """The text names the field and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySource:
    """Candles that open in [since_s, until_s), epoch seconds of market time; None: from the first, to the last one.

    Without `symbols` the universe as it was is played: RECORDED goes over to BY_VOLUME where nothing is recorded. With
    a `folder` its files are read, whose volumes are in quote units if `quote_units`.
    """

    since_s: int | None = None
    until_s: int | None = None
    symbols: tuple[str, ...] = ()
    universe: str = RECORDED
    universe_size: int = 30
    quote_asset: str = "USDT"
    folder: Path | None = None
    quote_units: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCandles:
    """What was read. The first `warm_up` columns of the grid come before what is played. `universe` is symbols ×
    periods, None: all of them always; in the first `by_volume` columns it is chosen by volume, `size` of them.
    `chosen_by` says where most of it is from, `notes` what is to be known of all this. All prices are in one asset."""

    grid: CandleGrid
    warm_up: int
    universe: Bools | None
    chosen_by: str
    rules: Mapping[str, Rules]
    quote_asset: str
    size: int
    by_volume: int = 0
    notes: tuple[str, ...] = ()

    def on(self, grid: CandleGrid) -> ReplayCandles:
        """The same with other candles: what is chosen by volume is chosen again."""
        if self.universe is None or not self.by_volume:
            return replace(self, grid=grid)
        anew = members_by_volume(grid, self.size)[:, : self.by_volume]
        return replace(self, grid=grid, universe=np.hstack([anew, self.universe[:, self.by_volume :]]))

    def without_warm_up(self) -> ReplayCandles:
        """From the first column on that is played."""
        grid, first = self.grid, self.warm_up
        cut = {name: getattr(grid, name)[:, first:] for name in FIELDS}
        universe = None if self.universe is None else self.universe[:, first:]
        return replace(
            self,
            grid=replace(grid, first_period=grid.first_period + first, **cut),
            warm_up=0,
            universe=universe,
            by_volume=max(0, self.by_volume - first),
        )


def read(
    source: ReplaySource,
    strategy: Strategy,
    *,
    taker_fee: Decimal,
    cache: CandleCache | None = None,
    progress: Progress = lambda what, done, count: None,
) -> ReplayCandles:
    """Raises NothingToReplay, FileProblem or ColumnsError."""
    if source.folder is not None:
        return _from_files(source, source.folder, strategy, taker_fee, progress)
    return _Stored(source, strategy).recording(cache, progress)


def _from_files(
    source: ReplaySource, folder: Path, strategy: Strategy, taker_fee: Decimal, progress: Progress
) -> ReplayCandles:
    refused: list[str] = []
    since_s = None if source.since_s is None else source.since_s - _warm_up_s(strategy)
    wanted = WantedFiles(
        folder=folder,
        interval=strategy.interval,
        since_s=since_s,
        until_s=source.until_s,
        symbols=source.symbols,
        quote_units=source.quote_units,
    )
    found = read_files(
        wanted, taker_fee=taker_fee, refuse=refused.append, progress=lambda done, count: progress("files", done, count)
    )
    grid = found.grid
    warm_up = 0 if source.since_s is None else max(0, -(-source.since_s // grid.interval_s) - grid.first_period)
    if warm_up >= grid.periods:
        raise NothingToReplay(f"--from: no {strategy.interval} candle of the files opens then or later.")
    notes = [*refused[:SHOWN_REFUSALS]]
    if refused:
        notes.append(f"{len(refused):,} rows of the files were left out.")
    if found.estimated:
        notes.append(
            f"{found.estimated:,} candles tell no quote volume; it is taken as volume × (high + low + close) ÷ 3."
        )
    notes += _cut(grid)
    notes.append("instruments as their files have them: steps as fine as the numbers, no smallest order.")
    bare = ReplayCandles(
        grid=grid,
        warm_up=warm_up,
        universe=None,
        chosen_by=GIVEN,
        rules=found.rules,
        quote_asset=one_asset({name: pair(name, source.quote_asset).quote_asset for name in grid.symbols}),
        size=source.universe_size,
        notes=tuple(notes),
    )
    return bare if source.symbols else _chosen_by_volume(bare)


def _chosen_by_volume(bare: ReplayCandles) -> ReplayCandles:
    universe = members_by_volume(bare.grid, bare.size)
    return replace(bare, universe=universe, chosen_by=BY_VOLUME, by_volume=bare.grid.periods)


def _warm_up_s(strategy: Strategy) -> int:
    """A day, so that turnovers and volumes of 24 hours are known; or the lookback, if that is longer."""
    return max(DAY_S, strategy.lookback_s + strategy.interval_s)


class _Stored:
    """Candles in PostgreSQL."""

    def __init__(self, source: ReplaySource, strategy: Strategy) -> None:
        self.source, self.strategy = source, strategy
        self.notes: list[str] = []
        self.given = _given(source.symbols)
        self.since_s, self.until_s = self._bounds()
        self.choices = [
            (int(at.timestamp()), chosen)
            for at, chosen in queries.choices_of_universe(moment(self.since_s), moment(self.until_s))
        ]

    def recording(self, cache: CandleCache | None, progress: Progress) -> ReplayCandles:
        chosen_by = GIVEN if self.given else self._chosen_by()
        symbols = self._pool(chosen_by)
        if not symbols:
            raise NothingToReplay(f"--symbols: nobody with {self.strategy.interval} candles is to be played.")
        instruments = queries.instruments(symbols)
        one_asset({symbol: row.quote_asset for symbol, row in instruments.items()})
        grid = load(
            symbols,
            self.strategy.interval,
            self.since_s - _warm_up_s(self.strategy),
            self.until_s,
            cache=cache,
            progress=lambda done: progress("symbols", done, len(symbols)),
        )
        if cache is not None and cache.refused:
            self.notes.append(f"candles are not kept for the next time: {cache.refused}")
        self.notes += _cut(grid)
        then = rules_then(instruments, moment(self.since_s), moment(self.until_s))
        self.notes += then.notes
        bare = ReplayCandles(
            grid=grid,
            warm_up=-(-self.since_s // grid.interval_s) - grid.first_period,
            universe=None,
            chosen_by=chosen_by,
            rules=then.rules,
            quote_asset=one_asset({symbol: row.quote_asset for symbol, row in instruments.items()}),
            size=self.source.universe_size,
        )
        found = self._with_members(bare)
        return replace(found, notes=tuple(self.notes))

    def _bounds(self) -> tuple[int, int]:
        """What is asked for, as far as candles are stored. Raises NothingToReplay."""
        given = self.given or None
        ((first, last),) = select(STORED, [self.strategy.interval, given, given])
        if first is None:
            raise NothingToReplay(
                f"--interval: no {self.strategy.interval} candle is stored of these symbols; run `manage.py backfill`, "
                "or see --files."
            )
        stored_s, after_s = int(first.timestamp()), int(last.timestamp()) + self.strategy.interval_s
        since_s = stored_s if self.source.since_s is None else max(self.source.since_s, stored_s)
        until_s = after_s if self.source.until_s is None else min(self.source.until_s, after_s)
        if since_s >= until_s:
            raise NothingToReplay(
                f"--from, --to: no {self.strategy.interval} candle is stored in between; there are some from "
                f"{moment(stored_s):%Y-%m-%dT%H:%M} to {moment(after_s):%Y-%m-%dT%H:%M}."
            )
        if self.source.since_s is not None and self.source.since_s < stored_s:
            self.notes.append(f"candles are stored from {moment(stored_s):%Y-%m-%d %H:%M} on; it begins there.")
        return since_s, until_s

    def _chosen_by(self) -> str:
        if self.source.universe != RECORDED:
            return self.source.universe
        return RECORDED if self.choices else BY_VOLUME

    def _pool(self, chosen_by: str) -> list[str]:
        """Whose candles are read."""
        if self.given:
            return self.given
        if chosen_by == TODAY:
            self.notes.append(SURVIVORS)
            return queries.universe_members()
        recorded = {symbol for _, chosen in self.choices for symbol in chosen} if chosen_by == RECORDED else set()
        if chosen_by == RECORDED and self.choices[0][0] <= self.since_s:
            return sorted(recorded)
        stored = queries.symbols_with_candles(self.strategy.interval)
        quoted = queries.instruments(stored)
        return sorted(recorded.union(name for name in stored if quoted[name].quote_asset == self.source.quote_asset))

    def _with_members(self, bare: ReplayCandles) -> ReplayCandles:
        if bare.chosen_by in (GIVEN, TODAY):
            return bare
        if bare.chosen_by == BY_VOLUME:
            self.notes.append("only symbols whose candles were stored at the time can be chosen by their volume.")
            return _chosen_by_volume(bare)
        recorded = recorded_members(bare.grid, self.choices)
        begins_s = self.choices[0][0]
        if begins_s <= self.since_s:
            return replace(bare, universe=recorded)
        self.notes.append(f"choices are recorded from {moment(begins_s):%Y-%m-%d %H:%M} on; before, by volume.")
        mixed = replace(bare, universe=recorded, by_volume=column_of(bare.grid, begins_s))
        return mixed.on(bare.grid)


def _cut(grid: CandleGrid) -> Iterator[str]:
    """What 64 bits do not hold of volumes: less than one unit of the last place a candle."""
    if grid.cut_volumes:
        places = [grid.volume_places[grid.symbols.index(symbol)] for symbol in grid.cut_volumes]
        told = [f"{symbol} after {count}" for symbol, count in zip(grid.cut_volumes, places, strict=True)]
        more = f" and {len(told) - SHOWN_REFUSALS:,} more" if len(told) > SHOWN_REFUSALS else ""
        yield f"quote volumes with more places than 64 bits hold are cut: {', '.join(told[:SHOWN_REFUSALS])}{more}."


def one_asset(quoted: Mapping[str, str]) -> str:
    """The quote asset of these symbols. Raises NothingToReplay where there are several."""
    assets = sorted(set(quoted.values()))
    if len(assets) > 1:
        raise NothingToReplay(f"--symbols: prices in {' and '.join(assets)} make no one account; name symbols of one.")
    return assets[0]


def _given(symbols: Sequence[str]) -> list[str]:
    """Stored symbols of these names, each once. Raises NothingToReplay."""
    known = queries.instruments()
    found: dict[str, None] = {}
    for typed in symbols:
        symbol = next((name for name in spellings(typed) if name in known), None)
        if symbol is None:
            raise NothingToReplay(f"--symbols: {unknown(typed)}")
        found[symbol] = None
    return list(found)
