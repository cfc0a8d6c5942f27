"""The rule that other back-testers play on the same candles, to be compared with: each pair by itself, no risk manager.

    BUY     flat and momentum >= threshold, at the close; not on the candle of an exit
    STOP    close <= entry x (1 - stop), looked at first
    SELL    close <= base x (1 + exit): with an exit of 0, close <= base
    END     nothing is decided on a pair's last candle, and what is left is sold there

A missing candle between a pair's first and last counts as one at the close before it. The whole position at the close,
no spread, no impact, no fee. All comparisons are of whole price units, exact. The loop goes from event to event and
only *names* them; `peers_decided` puts each through what decides live. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from marketdata.intervals import moment
from marketdata.ticks import grid_text
from replay.rules.candidates import Indices
from replay.rules.compiled import compiled
from replay.rules.grid import CandleGrid
from replay.rules.replay_market import filled
from signals_app.rules.momentum import Bools, Ints, Level, at_least, require_range
from signals_app.rules.strategy import Strategy

STOP, SELL, END = range(3)
REASONS = ("STOP", "SIGNAL", "END")
HEADER = ("pair", "entry_ts", "entry_price", "exit_ts", "exit_price", "reason")
OPEN_TIME = "%Y-%m-%dT%H:%M:%SZ"


class PeerTrips(NamedTuple):
    """Round trips by row and time. `entry` and `exit` are columns, `reason` an index of REASONS."""

    row: Indices
    entry: Indices
    exit: Indices
    reason: Indices


class PeerLevels(NamedTuple):
    """What the rule compares with: levels of momentum, the level of the stop, and how many candles it looks back."""

    lookback: int
    threshold: Level
    exit: Level
    stop: Level

    @classmethod
    def of(cls, grid: CandleGrid, strategy: Strategy, stop_loss_pct: Decimal) -> PeerLevels:
        """Raises PriceRangeError where a price of the grid is too large to be compared exactly."""
        levels = Level.of(strategy.threshold), Level.of(strategy.exit), Level.of(-stop_loss_pct)
        require_range(grid.close, *levels)
        return cls(strategy.lookback_rows, *levels)


def peer_trips(grid: CandleGrid, strategy: Strategy, stop_loss_pct: Decimal) -> PeerTrips:
    """What the rule trades on a grid. Raises PriceRangeError."""
    levels = PeerLevels.of(grid, strategy, stop_loss_pct)
    found = [trips_of(closes, levels) for closes in grid.close]
    rows = np.repeat(np.arange(len(found), dtype=np.int32), [len(each) for each in found])
    return PeerTrips(rows, *np.concatenate([np.zeros((0, 3), np.int32), *found]).T)


def export_rows(grid: CandleGrid, trips: PeerTrips) -> Iterator[tuple[str, ...]]:
    """The trips under HEADER. A time is the open time of the candle at whose close was traded."""
    closes = filled(grid.close)
    for row, entry, exit, reason in zip(*(array.tolist() for array in trips), strict=True):
        places, ends = grid.price_places[row], []
        for column in (entry, exit):
            ends += [f"{moment(grid.opens_s(column)):{OPEN_TIME}}", grid_text(int(closes[row, column]), places)]
        yield grid.symbols[row], *ends, REASONS[reason]


def trips_of(closes: Ints, levels: PeerLevels, flat_from: int = 0) -> Indices:
    """Trips of one pair from a column on, each (entry, exit, reason)."""
    known = np.flatnonzero(closes)
    if not len(known) or known[-1] - known[0] < levels.lookback:
        return np.zeros((0, 3), np.int32)
    first, after = int(known[0]), int(known[-1]) + 1
    whole = closes[first:after] if len(known) == after - first else filled(closes[np.newaxis, first:after])[0]
    now, base = whole[levels.lookback :], whole[: -levels.lookback]
    risen = at_least(now, base, levels.threshold)
    fallen = now * levels.exit.denominator <= base * levels.exit.numerator
    begins = first + levels.lookback
    risen[: max(0, flat_from - begins)] = False
    trips = np.empty((np.count_nonzero(risen), 3), np.int32)
    count = walk(now, next_at(risen), next_at(fallen), levels.stop.numerator, levels.stop.denominator, trips)
    trips[:count, :2] += begins
    return trips[:count]


@compiled
def walk(closes: Ints, risen: Ints, fallen: Ints, kept: int, whole: int, trips: Indices) -> int:
    """Write the trips of one pair from its first decided candle on; how many. `kept` / `whole` is 1 - stop."""
    last, count = len(closes) - 1, 0
    at = risen[0]
    while at < last:
        until = min(fallen[at + 1], last)
        reason = SELL if until < last else END
        stopped = closes[at + 1 : min(until + 1, last)] <= closes[at] * kept // whole
        if stopped.any():
            until, reason = at + 1 + stopped.argmax(), STOP
        trips[count, 0], trips[count, 1], trips[count, 2] = at, until, reason
        count += 1
        at = risen[until + 1]
    return count


def next_at(chosen: Bools) -> Ints:
    """For each place the first chosen one from it on; behind the end where there is none. One longer than given."""
    count = len(chosen)
    places = np.full(count + 1, count, np.int64)
    np.copyto(places[:-1], np.arange(count), where=chosen)
    ahead: Ints = np.minimum.accumulate(places[::-1])[::-1]
    return ahead
