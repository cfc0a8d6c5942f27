"""Which sets of parameters a search tries: every combination of the levels of some parameters, or a seeded choice.

    THRESHOLD=0.01,0.015,0.02        three levels
    THRESHOLD=0.01..0.03:0.005       from, to, both included, and the step: five levels

A set is a place in the grid of levels, one number a parameter. Its neighbours lie one level away at most in every
parameter. Combinations that make no strategy (an exit at or above its threshold) are left out and counted. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod
from random import Random

from replay.rules.parameters import Values, applied, assigned
from replay.rules.settings import ReplaySettings

Place = tuple[int, ...]
LEVELS_MAX, SETS_MAX = 1000, 100_000


@dataclass(frozen=True, slots=True)
class ParameterLevels:
    """The levels of one parameter, ascending, each once."""

    name: str
    levels: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class ParameterSpace:
    """`axes` are the parameters that vary, each of another name."""

    axes: tuple[ParameterLevels, ...]

    @property
    def size(self) -> int:
        return prod(len(axis.levels) for axis in self.axes)

    def values(self, place: Place) -> Values:
        return {axis.name: axis.levels[level] for axis, level in zip(self.axes, place, strict=True)}

    def grid(self) -> Iterator[Place]:
        """Every combination, the last parameter's level changing first."""
        return product(*(range(len(axis.levels)) for axis in self.axes))

    def drawn(self, count: int, seed: int) -> list[Place]:
        """So many different combinations, or all there are; the same ones for the same seed."""
        numbers = Random(seed).sample(range(self.size), min(count, self.size))  # noqa: S311 - a choice, no secret
        return [self._place(number) for number in sorted(numbers)]

    def neighbours(self, place: Place) -> Iterator[Place]:
        """Places at most one level away in every parameter, without the place itself."""
        around = (
            range(max(0, level - 1), min(len(axis.levels), level + 2))
            for axis, level in zip(self.axes, place, strict=True)
        )
        return (near for near in product(*around) if near != place)

    def _place(self, number: int) -> Place:
        levels = []
        for axis in reversed(self.axes):
            number, level = divmod(number, len(axis.levels))
            levels.append(level)
        return tuple(reversed(levels))


def space_of(texts: Iterable[str]) -> ParameterSpace:
    """The space of `NAME=LEVELS`, one a parameter. Raises ValueError, naming the parameter and the remedy."""
    axes = [levels_of(text) for text in texts]
    names = [axis.name for axis in axes]
    if not axes:
        raise ValueError("no parameter varies; name one as in THRESHOLD=0.01,0.015,0.02")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} was named twice; give all its levels at once")
    return ParameterSpace(tuple(axes))


def levels_of(text: str) -> ParameterLevels:
    """One parameter with its levels. Raises ValueError."""
    found, listed = assigned(text)
    levels = {found.value(level) for part in listed.split(",") for level in _stepped(found.name, part.strip())}
    if len(levels) > LEVELS_MAX:
        raise ValueError(f"{found.name} has {len(levels)} levels, at most {LEVELS_MAX} are tried; take a larger step")
    return ParameterLevels(found.name, tuple(sorted(levels)))


def _stepped(name: str, text: str) -> Iterator[str]:
    """A level, or those of `FROM..TO:STEP`."""
    if ".." not in text:
        yield text
        return
    ends, _, step_text = text.partition(":")
    first_text, _, last_text = ends.partition("..")
    try:
        first, last, step = Decimal(first_text), Decimal(last_text), Decimal(step_text)
        steps = (last - first) / step if step > 0 else Decimal(-1)
        if not steps.is_finite():
            raise ValueError("no end")
        count = int(steps) + 1 if 0 <= steps < LEVELS_MAX else 0
    except (ArithmeticError, ValueError) as problem:
        raise ValueError(f"{name}={text} is not of the form FROM..TO:STEP, as in 0.01..0.03:0.005") from problem
    if not count:
        raise ValueError(f"{name}={text} must go upwards in at most {LEVELS_MAX} steps, as in 0.01..0.03:0.005")
    yield from (str(first + number * step) for number in range(count))


def playable(space: ParameterSpace, places: Iterable[Place], settings: ReplaySettings) -> tuple[list[Place], int]:
    """(places that make a strategy, how many do not). Raises ValueError when none does, with the reason of the last."""
    kept: list[Place] = []
    refused, why = 0, "no combination at all"
    for place in places:
        try:
            applied(settings, space.values(place))
        except ValueError as problem:
            refused, why = refused + 1, str(problem)
        else:
            kept.append(place)
    if not kept:
        raise ValueError(f"no combination makes a strategy: {why}")
    return kept, refused


def chosen(space: ParameterSpace, *, draws: int | None, seed: int) -> Sequence[Place]:
    """The grid, or so many of it. Raises ValueError where that is more than is tried at once."""
    wanted = space.size if draws is None else min(draws, space.size)
    if wanted > SETS_MAX:
        raise ValueError(f"{wanted:,} sets are more than {SETS_MAX:,}; name fewer levels, or draw some with --random")
    return list(space.grid()) if draws is None else space.drawn(draws, seed)
