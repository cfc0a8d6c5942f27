"""What an account was worth over time, as an index that money paid in or out does not move. Pure arithmetic.

    index(0) = 1        index(i) = index(i−1) × (equity(i) − paid in since i−1) ÷ equity(i−1)

Without payments that is equity(i) ÷ equity(0). Drawdown is how far the index lies below its highest so far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ONE, ZERO = Decimal(1), Decimal(0)
Point = tuple[datetime, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deepest:
    """The deepest fall of a path: from its peak to its lowest point, and when the peak was reached again; None: not
    yet. `length_s` runs from the peak to its recovery, or to the end of the path."""

    fraction: Decimal
    peak_at: datetime
    lowest_at: datetime
    recovered_at: datetime | None
    ended_at: datetime

    @property
    def length_s(self) -> float:
        return ((self.recovered_at or self.ended_at) - self.peak_at).total_seconds()


def index(points: Sequence[Point], payments: Iterable[Point] = ()) -> list[Point]:
    """The index of an equity at each of its times, which ascend; payments are (when, amount paid in), ascending too.

    What was paid in before the first point is in its equity. Where the account was worth nothing the index stands still
    until the next point: it goes on with what was paid in.
    """
    waiting = deque(payments)
    found: list[Point] = []
    before, value = ZERO, ONE
    for at, equity in points:
        paid = ZERO
        while waiting and waiting[0][0] <= at:
            paid += waiting.popleft()[1]
        if before > 0:
            value = max(value * (equity - paid) / before, ZERO)
        found.append((at, value))
        before = equity
    return found


def drawdowns(path: Iterable[Point]) -> list[Point]:
    """How far each point lies below the highest so far: a fraction, 0 or more."""
    highest = ZERO
    below = []
    for at, value in path:
        highest = max(highest, value)
        below.append((at, (highest - value) / highest if highest else ZERO))
    return below


def deepest(path: Sequence[Point]) -> Deepest | None:
    """The deepest drawdown of a path; None for a path without a fall, or without points."""
    worst: tuple[Decimal, Point, datetime] | None = None
    peak: Point | None = None
    for at, value in path:
        if peak is None or value >= peak[1]:
            peak = (at, value)
        elif worst is None or (peak[1] - value) / peak[1] > worst[0]:
            worst = ((peak[1] - value) / peak[1], peak, at)
    if worst is None:
        return None
    fraction, (peak_at, height), lowest_at = worst
    back = next((at for at, value in path if at > lowest_at and value >= height), None)
    return Deepest(fraction=fraction, peak_at=peak_at, lowest_at=lowest_at, recovered_at=back, ended_at=path[-1][0])


def mean_over_time(points: Sequence[Point], until: datetime) -> Decimal | None:
    """Average of a value that holds from each point to the next, weighted by time: Σ value × seconds ÷ Σ seconds."""
    weighted = seconds = ZERO
    for (at, value), following in zip(points, [*(at for at, _ in points[1:]), until], strict=False):
        lasted = Decimal((following - at).total_seconds())
        weighted, seconds = weighted + value * lasted, seconds + lasted
    return weighted / seconds if seconds > 0 else None
