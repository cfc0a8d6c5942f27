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


def peer_trips(grid: CandleGrid, strategy: Strategy, stop_loss_pct: Decimal) -> PeerTrips:
    """What the rule trades on a grid. Raises PriceRangeError where a price is too large to be compared exactly."""
    levels = Level.of(strategy.threshold), Level.of(strategy.exit), Level.of(-stop_loss_pct)
    require_range(grid.close, *levels)
    found = [_of_row(row, closes, strategy.lookback_rows, *levels) for row, closes in enumerate(grid.close)]
    return PeerTrips(*np.concatenate([np.zeros((0, 4), np.int32), *found]).T)


def export_rows(grid: CandleGrid, trips: PeerTrips) -> Iterator[tuple[str, ...]]:
    """The trips under HEADER. A time is the open time of the candle at whose close was traded."""
    closes = _filled(grid.close)
    for row, entry, exit, reason in zip(*(array.tolist() for array in trips), strict=True):
        places, ends = grid.price_places[row], []
        for column in (entry, exit):
            ends += [f"{moment(grid.opens_s(column)):{OPEN_TIME}}", grid_text(int(closes[row, column]), places)]
        yield grid.symbols[row], *ends, REASONS[reason]


def _of_row(row: int, closes: Ints, lookback: int, threshold: Level, exit: Level, stop: Level) -> Indices:
    """Trips of one pair, each (row, entry, exit, reason)."""
    known = np.flatnonzero(closes)
    if not len(known) or known[-1] - known[0] < lookback:
        return np.zeros((0, 4), np.int32)
    first, after = int(known[0]), int(known[-1]) + 1
    filled = closes[first:after] if len(known) == after - first else _filled(closes[np.newaxis, first:after])[0]
    now, base = filled[lookback:], filled[:-lookback]
    risen = at_least(now, base, threshold)
    fallen = now * exit.denominator <= base * exit.numerator
    trips = np.empty((np.count_nonzero(risen), 4), np.int32)
    count = walk(now, next_at(risen), next_at(fallen), stop.numerator, stop.denominator, trips)
    trips[:count, 0] = row
    trips[:count, 1:3] += first + lookback
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
        trips[count, 1], trips[count, 2], trips[count, 3] = at, until, reason
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


def _filled(closes: Ints) -> Ints:
    """Each missing close replaced by the one before it in its row."""
    known = np.where(closes > 0, np.arange(closes.shape[1]), 0)
    return np.take_along_axis(closes, np.maximum.accumulate(known, axis=1), axis=1)
