"""Where the shapes of the Trades page's drawings stand: how the results are distributed, and bars beside numbers.

A drawing is plain SVG that the server writes; its units are those of its view box. Counts and fractions come in, places
go out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

WIDTHS = tuple(map(Decimal, ("0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25")))
BINS_MAX, LABELS_MAX = 32, 9
LEFT, RIGHT, TOP, BASE = 8.0, 430.0, 26.0, 144.0
MARGIN, WORDS = 14.0, 90.0
BAR = 84


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """`count` bins, each `width` of the entry value wide, the first beginning at `first` × `width`. 0 is an edge."""

    width: Decimal
    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar of the distribution, and what it says: its number of trips from one fraction up to another."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    trips: int
    since: Decimal
    until: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """`labels` and `grid` are (place, value); `mean` and `stop` are places, None where they are off the drawing;
    `mean_words` where the mean's words are anchored, on the side that is away from 0."""

    bars: list[Bar]
    labels: list[tuple[float, Decimal]]
    grid: list[tuple[float, int]]
    zero: float
    mean: float | None
    mean_words: tuple[float, str] | None
    stop: float | None


def bins_for(low: float, high: float) -> Bins:
    """Bins for results from `low` to `high`, fractions, with 0 among them."""
    low, high = min(low, 0.0), max(high, 0.0)
    width = next((width for width in WIDTHS if (high - low) / float(width) <= BINS_MAX - 2), None)
    if width is None:
        width = Decimal(math.ceil((high - low) / (BINS_MAX - 2)))
    first, last = math.floor(low / float(width)) - 1, math.floor(high / float(width)) + 1
    return Bins(width=width, first=first, count=last - first + 1)


def distribution(bins: Bins, counts: Mapping[int, int], *, mean: float, stop: Decimal | None) -> Distribution:
    """The drawing of so many trips in each bin; `stop` is the stop loss in force, a fraction."""
    step = (RIGHT - LEFT) / bins.count
    most = max(counts.values(), default=1)
    grid_step = _nice(most / 2.5)

    def at(fraction: float) -> float:
        return LEFT + (fraction / float(bins.width) - bins.first) * step

    def on(fraction: float | None) -> float | None:
        place = None if fraction is None else at(fraction)
        return round(place, 1) if place is not None and LEFT <= place <= RIGHT else None

    bars = [
        Bar(
            x=round(LEFT + (number - bins.first) * step + 1, 1),
            y=round(BASE - _height(count, most), 1),
            width=round(step - 2, 1),
            height=_height(count, most),
            tone="up" if number >= 0 else "down",
            trips=count,
            since=number * bins.width,
            until=(number + 1) * bins.width,
        )
        for number, count in sorted(counts.items())
    ]
    every = math.ceil(bins.count / LABELS_MAX)
    edges = [number for number in range(bins.first, bins.last + 2) if number % every == 0]
    return Distribution(
        bars=bars,
        labels=[(place, number * bins.width) for number in edges if (place := _label_place(at, number, bins))],
        grid=[(round(BASE - _height(count, most), 1), count) for count in range(grid_step, most + 1, grid_step)],
        zero=round(at(0), 1),
        mean=on(mean),
        mean_words=_mean_words(on(mean), left=mean < 0),
        stop=on(-float(stop)) if stop else None,
    )


def _label_place(at: Callable[[float], float], number: int, bins: Bins) -> float | None:
    """Where an edge's label stands; none where it would be cut off."""
    place = round(at(float(number * bins.width)), 1)
    return place if LEFT + MARGIN <= place <= RIGHT else None


def _mean_words(mean: float | None, *, left: bool) -> tuple[float, str] | None:
    if mean is None:
        return None
    left = (left and mean > LEFT + WORDS) or mean > RIGHT - WORDS
    return (mean - 5, "end") if left else (mean + 5, "start")


def _height(count: int, most: int) -> float:
    return round(count / most * (BASE - TOP), 1)


def _nice(rough: float) -> int:
    """1, 2, 5, 10, 20, 50 …: the first that is no less."""
    size = 10 ** max(0, math.floor(math.log10(max(rough, 1))))
    return next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)


@dataclass(frozen=True, slots=True, kw_only=True)
class SidewaysBar:
    """A bar to the right of the middle for what was won, to the left for what was lost."""

    x: float
    width: float
    tone: str


def sideways(value: Decimal, most: Decimal, width: int = BAR) -> SidewaysBar:
    """The bar of `value`, where `most` reaches the edge."""
    share = min(1.0, float(abs(value) / most)) if most else 0.0
    length = round(max(1.0, share * (width / 2 - 2)), 1) if value else 0.0
    return SidewaysBar(
        x=width / 2 if value >= 0 else width / 2 - length, width=length, tone="up" if value > 0 else "down"
    )
