"""What an account was worth over time, and the figures that say how well: return, risk, time under water.

Days are UTC days and a year has 365 of them: this market never closes. A day counts when the whole of it lies within
the path; its return is what the worth at its end is to that at its start, less 1. A worth is known at its own time and
holds until the next. No interest is subtracted. What is not known is None, never 0. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals_app.rules.momentum import Floats, Ints

DAY_S = 86_400
YEAR_DAYS = 365
CAGR_LEAST_DAYS = 30
# A deviation this small beside the returns is what float64 makes of equal ones.
NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class WorthPath:
    """`value` at each of `at_s`, which ascend strictly; the first point is the start."""

    at_s: Ints
    value: Floats

    @classmethod
    def of(cls, at_s: Ints, value: Floats, *, start_s: int, start_value: float) -> WorthPath:
        """A path with a start before its first point; points that are NaN are left out."""
        known = np.isfinite(value)
        return cls(np.concatenate(([start_s], at_s[known])), np.concatenate(([start_value], value[known])))

    @property
    def length_s(self) -> int:
        return int(self.at_s[-1] - self.at_s[0])

    def at(self, moments_s: Ints) -> Floats:
        """The last value at or before each moment, none of which lies before the start."""
        return self.value[np.searchsorted(self.at_s, moments_s, side="right") - 1]

    def months(self) -> Iterator[tuple[str, float]]:
        """(`2025-01`, return) of every UTC month the path touches: its last value ÷ that before the month, less 1.

        The month of a point is that in which its step ended: midnight of the first belongs to the month before.
        """
        names = np.datetime_as_string((self.at_s[1:] - 1).astype("datetime64[s]"), unit="M")
        before = self.value[0]
        for end in np.append(np.flatnonzero(names[1:] != names[:-1]), len(names) - 1):
            yield str(names[end]), float(self.value[end + 1] / before - 1)
            before = self.value[end + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """The deepest fall: a fraction of its peak, when that was, when it was lowest and when the peak was reached again
    (None: not yet). `length_s` runs from the peak to its recovery, or to the end of the path."""

    fraction: float
    peak_s: int
    lowest_s: int
    recovered_s: int | None
    length_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthFigures:
    """Fractions; `drawdown` is 0 where a path never fell, and then there is no `fall`. `under_water_s` is the longest
    time below a peak."""

    net: float
    cagr: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: float
    fall: Fall | None
    under_water_s: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def figures(path: WorthPath) -> WorthFigures | None:
    """All of them; None for a path without a point after its start, or that starts with nothing."""
    if len(path.at_s) < 2 or path.value[0] <= 0:
        return None
    returns, fall, yearly = daily_returns(path), deepest(path), cagr(path)
    drawdown = fall.fraction if fall else 0.0
    return WorthFigures(
        net=float(path.value[-1] / path.value[0] - 1),
        cagr=yearly,
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=calmar(yearly, drawdown),
        drawdown=drawdown,
        fall=fall,
        under_water_s=longest_under_water_s(path),
    )


def daily_returns(path: WorthPath) -> Floats:
    """value(midnight) ÷ value(midnight before) − 1 of every whole day; none after the day that lost everything."""
    if len(path.at_s) < 2:
        return np.zeros(0)
    first, last = -(-int(path.at_s[0]) // DAY_S), int(path.at_s[-1]) // DAY_S
    if last <= first:
        return np.zeros(0)
    value = path.at(np.arange(first, last + 1) * DAY_S)
    lost = np.flatnonzero(value <= 0)
    value = value[: lost[0] + 1] if len(lost) else value
    returns: Floats = value[1:] / value[:-1] - 1
    return returns


def sharpe(returns: Floats) -> float | None:
    """mean ÷ standard deviation (of a sample, n − 1) × √365; None below two days, or where all are equal."""
    one = ratio(returns)
    return None if one is None else one * sqrt(YEAR_DAYS)


def ratio(returns: Floats) -> float | None:
    """The Sharpe ratio of one period: mean ÷ standard deviation, not made yearly."""
    if len(returns) < 2:
        return None
    mean, spread = float(returns.mean()), float(returns.std(ddof=1))
    return mean / spread if spread > NO_SPREAD * max(1.0, abs(mean)) else None


def sortino(returns: Floats) -> float | None:
    """mean ÷ √(mean of min(return, 0)²) × √365; None without a losing day."""
    if not len(returns) or not (returns < 0).any():
        return None
    downside = sqrt(float((np.minimum(returns, 0) ** 2).mean()))
    return float(returns.mean()) / downside * sqrt(YEAR_DAYS)


def cagr(path: WorthPath) -> float | None:
    """(end ÷ start)^(365 days ÷ length) − 1; None below 30 days, of which a year would be a guess."""
    if path.length_s < CAGR_LEAST_DAYS * DAY_S:
        return None
    return float((path.value[-1] / path.value[0]) ** (YEAR_DAYS * DAY_S / path.length_s) - 1)


def calmar(yearly: float | None, drawdown: float) -> float | None:
    """Yearly return ÷ deepest drawdown; None without either."""
    return None if yearly is None or not drawdown else yearly / drawdown


def deepest(path: WorthPath) -> Fall | None:
    """The deepest fall, (peak so far − value) ÷ peak so far; of equal ones the first. The path of `equity_path.deepest`
    in risk.rules, over arrays."""
    peaks = np.maximum.accumulate(path.value)
    below = (peaks - path.value) / peaks
    lowest = int(below.argmax())
    if below[lowest] <= 0:
        return None
    height = peaks[lowest]
    peak = int(np.flatnonzero(path.value[:lowest] == height)[-1])
    back = np.flatnonzero(path.value[lowest:] >= height)
    recovered = int(path.at_s[lowest + back[0]]) if len(back) else None
    end_s = int(path.at_s[-1]) if recovered is None else recovered
    return Fall(
        fraction=float(below[lowest]),
        peak_s=int(path.at_s[peak]),
        lowest_s=int(path.at_s[lowest]),
        recovered_s=recovered,
        length_s=end_s - int(path.at_s[peak]),
    )


def longest_under_water_s(path: WorthPath) -> int:
    """The longest time from a peak until it was reached again, or to the end of the path; 0 when it never fell."""
    at_peak = path.value >= np.maximum.accumulate(path.value)
    under = ~at_peak
    if not under.any():
        return 0
    last_peak_s = np.maximum.accumulate(np.where(at_peak, path.at_s, path.at_s[0]))
    before_s: Ints = np.concatenate(([path.at_s[0]], last_peak_s[:-1]))
    recovered: NDArray[np.bool_] = at_peak & np.concatenate(([False], under[:-1]))
    lengths = (path.at_s - before_s)[recovered]
    open_s = int(path.at_s[-1] - last_peak_s[-1])
    return max(open_s, int(lengths.max()) if len(lengths) else 0)
