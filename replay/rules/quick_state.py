"""The account of a quick trial as arrays: candles, rules, signals and limits in float64, and how it stands.

Prices are floats of the quote asset, counts of the smallest unit stay int64. Tuples of arrays are what numba can be
handed. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from signals_app.rules.momentum import Bools, Floats, Ints

NOBODY = -1
# Places in `QuickState.money` and `QuickState.counts`.
CASH, OPENING, GROSS, FEES, TOP, DEEPEST = range(6)
TRIPS, HALTED_AT, CLOSED_OUT, FALLEN_AT, COUNTS_FROM, HEAD, TAIL, ORDERS, DAY, RUSHED_TO, HELD, SLIPPED = range(12)


class QuickCandles(NamedTuple):
    """Rows × columns in price units, `close` with its gaps filled; `traded` are running sums of the volume units, `day`
    the number of columns in 24 hours, `day_of` the UTC day in which a column closes, counted from the first, `day_last`
    the last column of each."""

    open: Ints
    low: Ints
    close: Ints
    traded: Ints
    blocked: Bools
    day_of: Ints
    day_last: Ints
    day: int
    interval_s: int


class QuickRules(NamedTuple):
    """By row: the price and volume unit, and the instrument's rules; a tick of 0: the symbol is not listed."""

    unit: Floats
    volume_unit: Floats
    tick: Floats
    step: Floats
    least: Floats
    min_notional: Floats
    fee: Floats


class QuickSignals(NamedTuple):
    """BUYs in their order, with the strength of each; SELLs of row r are `sells[ends[r]:ends[r + 1]]`."""

    column: Ints
    row: Ints
    strength: Floats
    sells: Ints
    ends: Ints


class QuickLimits(NamedTuple):
    """`half` is the half spread as a fraction; `pause` how many columns a breaker or halt lasts, 0: until the next
    day, NOBODY: for ever; `rest` how many columns must be good until a breaker releases itself."""

    cash: float
    half: float
    depth_share: float
    impact: float
    daily_loss: float
    fall: float
    slippage: float
    spread_bps: float
    orders: float
    exposure: float
    position: float
    stop: float
    cooldown_s: float
    pause: int
    rest: int


class QuickGame(NamedTuple):
    """All that does not change while an account is played."""

    candles: QuickCandles
    rules: QuickRules
    signals: QuickSignals
    limits: QuickLimits


class QuickState(NamedTuple):
    """The account as it stands. `leaves` is the column of a position's exit, `stopped` whether that is a stop;
    `points` the equity at closes before their signals, `tops` those of the peak of 24 hours; `fees` those of what is
    held, `held` the rows of it, HELD of them."""

    quantity: Floats
    entry: Floats
    leaves: Ints
    stopped: Bools
    last_stop: Ints
    slipped_at: Ints
    money: Floats
    counts: Ints
    points: Floats
    tops: Ints
    day_ends: Floats
    wanted: Floats
    fees: Floats
    held: Ints


def fresh(game: QuickGame) -> QuickState:
    """An account that holds nothing."""
    candles, (rows, columns) = game.candles, game.candles.close.shape
    money = np.zeros(6)
    money[CASH] = money[OPENING] = money[TOP] = game.limits.cash
    counts = np.zeros(12, np.int64)
    counts[HALTED_AT] = counts[CLOSED_OUT] = counts[FALLEN_AT] = NOBODY
    return QuickState(
        quantity=np.zeros(rows),
        entry=np.zeros(rows),
        leaves=np.full(rows, columns, np.int64),
        stopped=np.zeros(rows, np.bool_),
        last_stop=np.full(rows, -(1 << 40), np.int64),
        slipped_at=np.full(rows, NOBODY, np.int64),
        money=money,
        counts=counts,
        points=np.zeros(columns),
        tops=np.zeros(columns + 1, np.int64),
        day_ends=np.zeros(int(candles.day_of[-1]) + 1 if columns else 0),
        wanted=np.zeros(rows),
        fees=np.zeros(rows),
        held=np.zeros(rows, np.int64),
    )
