"""A search seen as a map: every set beside its neighbours, the best of each square, and whether a peak stands alone.

    plateau of a set   median of its neighbours' figures, at most one level away in every parameter
    a peak alone       the best set whose plateau is less than half of it, or below 0: a figure that falls apart when a
                       parameter moves by one level was found by luck

Of more than two parameters the map shows the best over the others. A set that was not tried, or has no figure, is
None. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from cdb_site.units import plain
from replay.rules.parameter_space import ParameterSpace, Place

PLATEAU_LEAST = 0.5
Scores = Mapping[Place, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summit:
    """One set with its figure, the median of its neighbours, and how many of them there were."""

    place: Place
    score: float
    plateau: float | None
    neighbours: int

    @property
    def alone(self) -> bool | None:
        """Whether the neighbours are much worse; None without any, or where the figure itself is no gain."""
        if self.plateau is None or self.score <= 0:
            return None
        return self.plateau < PLATEAU_LEAST * self.score


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """`cells[y][x]` is the best figure at a level of `y` and one of `x`; one parameter alone has one row."""

    x: str
    y: str | None
    x_levels: tuple[str, ...]
    y_levels: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in HeatMap.__slots__}


def summit(space: ParameterSpace, scores: Scores, place: Place) -> Summit | None:
    """A set beside its neighbours; None where it has no figure."""
    score = scores.get(place)
    if score is None:
        return None
    around = [scores.get(near) for near in space.neighbours(place)]
    known = [value for value in around if value is not None]
    return Summit(place=place, score=score, plateau=median(known) if known else None, neighbours=len(known))


def peak(space: ParameterSpace, scores: Scores) -> Summit | None:
    """The best set, the first of equals."""
    known = [(score, place) for place, score in scores.items() if score is not None]
    if not known:
        return None
    best = max(score for score, _ in known)
    return summit(space, scores, next(place for score, place in known if score == best))


def plateau(space: ParameterSpace, scores: Scores) -> Summit | None:
    """The set whose neighbours do best, of those with at least half as many neighbours as any has; the better of
    equals."""
    found = [one for place in scores if (one := summit(space, scores, place)) and one.plateau is not None]
    if not found:
        return None
    most = max(one.neighbours for one in found)
    wide = [one for one in found if one.neighbours * 2 >= most]
    return max(wide, key=lambda one: (one.plateau if one.plateau is not None else one.score, one.score))


def heat_map(space: ParameterSpace, scores: Scores, x: str | None = None, y: str | None = None) -> HeatMap:
    """The map of two parameters: those asked for, else the first two that vary."""
    names = [axis.name for axis in space.axes]
    varying = [axis.name for axis in space.axes if len(axis.levels) > 1] or names
    x = x or next(name for name in varying if name != y)
    y = y or next((name for name in varying if name != x), None)
    across = names.index(x)
    down = names.index(y) if y else None
    best: dict[tuple[int, int], float] = {}
    for place, score in scores.items():
        if score is not None:
            at = (place[down] if down is not None else 0, place[across])
            best[at] = max(score, best.get(at, score))
    wide, high = space.axes[across].levels, space.axes[down].levels if down is not None else ()
    rows = range(len(high) or 1)
    return HeatMap(
        x=x,
        y=y,
        x_levels=tuple(map(plain, wide)),
        y_levels=tuple(map(plain, high)),
        cells=tuple(tuple(best.get((row, column)) for column in range(len(wide))) for row in rows),
    )
