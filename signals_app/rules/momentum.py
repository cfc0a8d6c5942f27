"""Momentum and its crossings, over whole arrays of closes: the same arithmetic live and in replay.

    momentum(t) = close(t) / close(t - lookback) - 1                    by time: a column is a candle, gaps included
    at_least(t) = close(t) * denominator >= close(t - lookback) * numerator,  numerator / denominator = 1 + level
    BUY   at_least(threshold) now, and not one candle before: +1.000 % exactly is a crossing
    SELL  not at_least(exit) now, and at_least(exit) when last known: exactly at the exit is not yet below it

Closes are int64 counts of a symbol's smallest price unit, so a comparison is one exact integer cross-multiplication.
0 is a missing candle, a negative number one whose price cannot be used. A BUY needs the candle directly before, else
it is not evaluated (PREVIOUS_MISSING); an exit looks back to the candle at which the symbol was last known.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

UNKNOWN, ABOVE, BELOW = 0, 1, 2
REASONS = ("", "CANDLE_MISSING", "BASE_MISSING", "PREVIOUS_MISSING", "PRICE_RANGE")
EVALUATED, CANDLE_MISSING, BASE_MISSING, PREVIOUS_MISSING, PRICE_RANGE = range(5)
UNUSABLE = -1
INT64_MAX = 2**63 - 1
MOMENTUM_STEP = Decimal("1E-10")
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class PriceRangeError(ValueError):
    """A price too large, or a level too fine, for exact 64-bit arithmetic."""


@dataclass(frozen=True, slots=True)
class Level:
    """1 + a fraction as a reduced ratio of integers: +1 % is 101 / 100."""

    numerator: int
    denominator: int

    @classmethod
    def of(cls, fraction: Decimal) -> Level:
        ratio = Fraction(fraction) + 1
        return cls(ratio.numerator, ratio.denominator)

    @property
    def price_limit(self) -> int:
        """The largest price, in price units, whose products fit into 64 bits."""
        return INT64_MAX // max(self.numerator, self.denominator)


class Compared(NamedTuple):
    """What four columns of closes say, symbol by symbol: shapes as given."""

    buys: Bools
    exit_state: Codes
    reasons: Codes


class Crossings(NamedTuple):
    """Symbols x candles from the first that can be evaluated, column lookback_rows + 1; `exit_state` is the last."""

    buys: Bools
    sells: Bools
    reasons: Codes
    exit_state: Codes


def at_least(close: Ints, base: Ints, level: Level) -> Bools:
    """Whether momentum >= level, exactly. Prices up to `level.price_limit`."""
    reached: Bools = close * level.denominator >= base * level.numerator
    return reached


def compare(close: Ints, base: Ints, previous: Ints, previous_base: Ints, threshold: Level, exit: Level) -> Compared:
    """Crossings up, sides of the exit, and why a symbol was not evaluated. Arrays of one shape; nothing is checked."""
    known = (close > 0) & (base > 0)
    before_known = (previous > 0) & (previous_base > 0)
    risen = known & at_least(close, base, threshold)
    buys = risen & before_known & ~at_least(previous, previous_base, threshold)
    side = np.where(at_least(close, base, exit), np.int8(ABOVE), np.int8(BELOW))
    exit_state = np.where(known, side, np.int8(UNKNOWN))
    return Compared(buys, exit_state, _reasons(close, base, known, before_known))


def _reasons(close: Ints, base: Ints, known: Bools, before_known: Bools) -> Codes:
    reasons = np.zeros(close.shape, np.int8)
    if (known & before_known).all():
        return reasons
    reasons[~before_known] = PREVIOUS_MISSING
    reasons[base == 0] = BASE_MISSING
    reasons[close == 0] = CANDLE_MISSING
    reasons[(close < 0) | ((close > 0) & (base < 0))] = PRICE_RANGE
    return reasons


def exits(exit_state: Codes, before: Codes) -> Bools:
    """Crossings down: below the exit now, not below it when last known."""
    down: Bools = (exit_state == BELOW) & (before == ABOVE)
    return down


def carried(exit_state: Codes, before: Codes) -> Codes:
    """The side of the exit to remember: today's, or the last known one."""
    return np.where(exit_state == UNKNOWN, before, exit_state)


def carried_unsold(exit_state: Codes, before: Codes) -> Codes:
    """As `carried`, but a crossing down is not taken note of: it is still to be sold if it lasts."""
    return np.where(exits(exit_state, before), before, carried(exit_state, before))


def crossings(
    closes: Ints, lookback_rows: int, threshold: Level, exit: Level, before: Codes | None = None
) -> Crossings:
    """Evaluate every candle of symbols x candles, oldest first; the first lookback_rows + 1 columns only warm up.

    `before` is the side of the exit before the first evaluated candle (UNKNOWN when not given).
    Raises PriceRangeError when a price is too large for exact arithmetic, ValueError on a shape that holds nothing.
    """
    width = closes.shape[1] - lookback_rows - 1 if closes.ndim == 2 else 0
    if width < 1:
        raise ValueError(f"closes: need symbols x at least {lookback_rows + 2} candles, got shape {closes.shape}")
    require_range(closes, threshold, exit)
    compared = compare(
        closes[:, lookback_rows + 1 :],
        closes[:, 1 : width + 1],
        closes[:, lookback_rows:-1],
        closes[:, :width],
        threshold,
        exit,
    )
    start = np.zeros(len(closes), np.int8) if before is None else before
    sides = _filled(np.column_stack([start, compared.exit_state]))
    return Crossings(compared.buys, exits(compared.exit_state, sides[:, :-1]), compared.reasons, sides[:, -1])


def _filled(states: Codes) -> Codes:
    """Each UNKNOWN replaced by the last known state before it in its row."""
    columns = np.where(states != UNKNOWN, np.arange(states.shape[1]), 0)
    return np.take_along_axis(states, np.maximum.accumulate(columns, axis=1), axis=1)


def require_range(closes: Ints, *levels: Level) -> None:
    """Raise PriceRangeError unless every product of the comparison fits into 64 bits."""
    limit = min(level.price_limit for level in levels)
    largest = int(closes.max()) if closes.size else 0
    if largest > limit:
        raise PriceRangeError(
            f"closes: a price of {largest} units exceeds {limit}, the largest that 64-bit arithmetic compares exactly "
            "with these levels. Use a coarser price unit or levels with fewer digits."
        )


def approximate(close: Ints, base: Ints) -> Floats:
    """Momentum as float64, for ordering only; NaN where close or base is missing."""
    known = (close > 0) & (base > 0)
    ratio: Floats = np.divide(close, base, out=np.full(close.shape, np.nan), where=known)
    return ratio - 1.0


def exact(close: int, base: int) -> Decimal:
    """Momentum to 10 decimal places, halves to even, from prices in the same unit."""
    ratio = _EXACT.divide(Decimal(close), Decimal(base))
    return _EXACT.quantize(_EXACT.subtract(ratio, Decimal(1)), MOMENTUM_STEP)
