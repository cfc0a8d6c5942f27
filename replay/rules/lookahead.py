"""Does a replay look ahead? Garbage after a random candle must not change anything that comes before it.

The same replay is played again, its candles after the cut replaced by garbage: prices anywhere up to the symbol's
highest, random volumes, holes. Signals and decisions up to the close of the cut, trips that ended before it, and the
equity up to it must be the same to the last digit; whatever differs has seen the future. A fill at the open after the
cut may differ, for it meets the garbage. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replay.rules.candidates import Candidates
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayOutcome
from signals_app.rules.momentum import Ints

CUTS = 20
HOLES = 0.05
GARBAGE = 300

Table = tuple[NDArray[Any], ...]  # arrays of one length, the first with times


class Played(NamedTuple):
    """What one replay of a grid said and did."""

    found: Candidates
    outcome: ReplayOutcome


class Peek(NamedTuple):
    """Something before a cut that changed with the candles after it: SIGNAL, DECISION, TRIP or EQUITY, the first of
    its kind. Times are seconds since the epoch, market time."""

    kind: str
    cut_s: int
    at_s: int
    was: str
    became: str


def peeks(
    grid: CandleGrid,
    play: Callable[[CandleGrid], Played],
    *,
    cuts: int = CUTS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> list[Peek]:
    """Play once as it is and once for each cut; what changed before a cut. `play` gets everything from the grid it is
    given, the universe too. `progress` is told cuts done and how many there are.

    Raises ValueError where there are too few candles to cut.
    """
    if grid.periods < cuts + 2:
        raise ValueError(f"{grid.periods} candles are too few for {cuts} cuts; replay at least {cuts + 2}")
    random, original = np.random.default_rng(seed), play(grid)
    found: list[Peek] = []
    for done, column in enumerate(_cut_at(grid, original, cuts, random), 1):
        found += differences(grid, column, original, play(spoiled(grid, column, random)))
        if progress:
            progress(done, cuts)
    return found


def _cut_at(grid: CandleGrid, original: Played, cuts: int, random: np.random.Generator) -> list[int]:
    """Random columns, half of them among those at whose close something was decided: who looks one candle ahead when
    deciding is seen nowhere else."""
    anywhere = np.arange(1, grid.periods - 1)
    closes_s = np.array([each.at_s for each in original.outcome.decisions], np.int64)
    decided = np.intersect1d(closes_s // grid.interval_s - grid.first_period - 1, anywhere)
    chosen = random.choice(decided, min(cuts // 2, len(decided)), replace=False)
    others = random.choice(np.setdiff1d(anywhere, chosen), cuts - len(chosen), replace=False)
    return sorted([*chosen.tolist(), *others.tolist()])


def spoiled(grid: CandleGrid, column: int, random: np.random.Generator) -> CandleGrid:
    """The grid with garbage after the column, made row by row. Each symbol has its last candle where it had it: where a
    recording ends is no price."""
    copied = [values.copy() for values in (grid.open, grid.high, grid.low, grid.close, grid.quote_volume)]
    for row, closes in enumerate(grid.close):
        known = np.flatnonzero(closes)
        if len(known) and known[-1] > column:
            after = slice(column + 1, int(known[-1]) + 1)
            highest = int(grid.high[row].max()), int(grid.quote_volume[row].max())
            for values, garbage in zip(copied, _garbage(after.stop - after.start, *highest, random), strict=True):
                values[row, after] = garbage
    opened, high, low, close, volume = copied
    return replace(grid, open=opened, high=high, low=low, close=close, quote_volume=volume)


def _garbage(count: int, price: int, volume: int, random: np.random.Generator) -> tuple[Ints, ...]:
    """Candles as columns, of prices up to `price`, with holes; after some hundred none but the last. So what is farther
    away is another one too, and a market gone mad is not played for a year."""
    there = random.random(count) >= HOLES
    there[GARBAGE:], there[-1] = False, True
    prices = random.integers(1, price, (4, count), endpoint=True) * there
    volumes = random.integers(0, volume, count, endpoint=True) * there
    return prices[0], prices.max(axis=0), prices.min(axis=0), prices[3], volumes


def differences(grid: CandleGrid, column: int, original: Played, again: Played) -> Iterator[Peek]:
    """The first difference of each kind before the close of the cut."""
    cut_s = grid.closes_s(column)
    for kind, known in KINDS.items():
        was, became = known(original, grid, column), known(again, grid, column)
        at = _first_difference(was, became)
        if at is not None:
            at_s = min(int(told[0][at]) for told in (was, became) if at < len(told[0]))
            yield Peek(kind, cut_s, at_s, _text(was, at), _text(became, at))


def _first_difference(was: Table, became: Table) -> int | None:
    """The place of the first rows that are not the same; None where all are. What is unknown in both is the same."""
    shared = min(len(was[0]), len(became[0]))
    differ = np.zeros(shared, np.bool_)
    for before, after in zip(was, became, strict=True):
        one, other = before[:shared], after[:shared]
        differ |= ((one != other) & ~((one != one) & (other != other))).astype(np.bool_)  # noqa: PLR0124
    if differ.any():
        return int(differ.argmax())
    return shared if len(was[0]) != len(became[0]) else None


def _text(table: Table, at: int) -> str:
    return " ".join(str(values[at]) for values in table) if at < len(table[0]) else ""


def _signals(played: Played, grid: CandleGrid, column: int) -> Table:
    """Up to the column: close, symbol, BUY or not, rank."""
    found, ends = played.found, int(np.searchsorted(played.found.column, column, side="right"))
    closes_s = (found.column[:ends].astype(np.int64) + grid.first_period + 1) * grid.interval_s
    return closes_s, np.array(grid.symbols, object)[found.row[:ends]], found.buy[:ends], found.rank[:ends]


def _decisions(played: Played, grid: CandleGrid, column: int) -> Table:
    """Up to the close of the column, without what their orders got: the equity shows that."""
    cut_s = grid.closes_s(column)
    made = [each for each in played.outcome.decisions if each.at_s <= cut_s]
    return tuple(_objects([getattr(each, name) for each in made]) for name in ("at_s", "seen", "ruling"))


def _trips(played: Played, grid: CandleGrid, column: int) -> Table:
    """Those that ended before the close of the cut: one that ends at it may have been sold at the open after it."""
    cut_s = grid.closes_s(column)
    ended = [each for each in played.outcome.trips if each.closed_at_s < cut_s]
    return _objects([each.closed_at_s for each in ended]), _objects(ended)


def _equities(played: Played, grid: CandleGrid, column: int) -> Table:
    curve = played.outcome.curve
    end = int(np.searchsorted(curve.at_s, grid.closes_s(column), side="right"))
    return tuple(values[:end] for values in (curve.at_s, curve.equity, curve.exposure, curve.benchmark))


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    return np.fromiter(values, object, len(values))


KINDS = {"SIGNAL": _signals, "DECISION": _decisions, "TRIP": _trips, "EQUITY": _equities}
