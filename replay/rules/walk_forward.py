"""Chosen on the past, played on what came after: the only part of a search that resembles trading.

    90d/30d    the best set of 90 days is played on the 30 days that follow; then 30 days further on
    ROLLING    the past is always the last 90 days
    ANCHORED   the past begins where the candles begin, and grows

    efficiency = yearly return of the joined out-of-sample curve ÷ average yearly return in sample of the sets chosen

An efficiency near 1 kept what it promised; at 0 or below, nothing of it was left. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from replay.rules import worth
from replay.rules.parameters import Values, told
from replay.rules.trial_figures import TrialFigures
from replay.rules.worth import DAY_S, WorthFigures, WorthPath

ROLLING, ANCHORED = "ROLLING", "ANCHORED"
MANNERS = (ROLLING, ANCHORED)
UNITS = {"d": DAY_S, "h": 3600}
CURVE_POINTS = 2000
SPLIT = re.compile(r"(\d+)([dh])/(\d+)([dh])")


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkSplit:
    """Chosen from `first_s` to `chosen_s`, played from there to `played_s`."""

    first_s: int
    chosen_s: int
    played_s: int


class WalkedPart(NamedTuple):
    """One split: the set that was chosen, what it did in sample and out of it, and its path out of sample, which
    begins at `chosen_s`."""

    split: WalkSplit
    values: Values
    inside: TrialFigures
    outside: TrialFigures
    path: WorthPath


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedForward:
    """`figures` are those of all out-of-sample parts joined, each going on with what the one before left."""

    parts: tuple[WalkedPart, ...]
    path: WorthPath
    figures: WorthFigures | None
    efficiency: float | None

    @property
    def trips(self) -> int:
        return sum(part.outside.trips for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """The curve in at most CURVE_POINTS points."""
        step = max(1, -(-len(self.path.at_s) // CURVE_POINTS))
        picked = [*range(0, len(self.path.at_s) - 1, step), len(self.path.at_s) - 1]
        return {
            "figures": self.figures.as_json() if self.figures else None,
            "efficiency": self.efficiency,
            "trips": self.trips,
            "parts": [_told_part(part) for part in self.parts],
            "curve": [[int(self.path.at_s[at]), float(self.path.value[at])] for at in picked],
        }


def _told_part(part: WalkedPart) -> dict[str, Any]:
    return {
        "first_s": part.split.first_s,
        "chosen_s": part.split.chosen_s,
        "played_s": part.split.played_s,
        "values": told(part.values),
        "net_inside": part.inside.net,
        "net_outside": part.outside.net,
        "trips_outside": part.outside.trips,
    }


def lengths_of(text: str) -> tuple[int, int]:
    """(seconds to choose by, seconds to play) of `90d/30d` or `36h/12h`. Raises ValueError."""
    found = SPLIT.fullmatch(text.strip().lower())
    lengths = (int(found[1]) * UNITS[found[2]], int(found[3]) * UNITS[found[4]]) if found else (0, 0)
    if not all(lengths):
        raise ValueError(f"{text} is not of the form 90d/30d: days or hours to choose by, and to play")
    return lengths


def splits(start_s: int, end_s: int, lengths: tuple[int, int], manner: str = ROLLING) -> list[WalkSplit]:
    """Every split that fits whole. Raises ValueError when none does."""
    choose_s, play_s = lengths
    found = []
    for chosen_s in range(start_s + choose_s, end_s - play_s + 1, play_s):
        first_s = start_s if manner == ANCHORED else chosen_s - choose_s
        found.append(WalkSplit(first_s=first_s, chosen_s=chosen_s, played_s=chosen_s + play_s))
    if not found:
        days, needed = (end_s - start_s) / DAY_S, sum(lengths) / DAY_S
        raise ValueError(f"{days:.1f} days are fewer than the {needed:.1f} of one split; choose shorter parts")
    return found


def walked(parts: Sequence[WalkedPart]) -> WalkedForward | None:
    """All splits together, in order of time; None without any."""
    if not parts:
        return None
    path = joined([part.path for part in parts])
    promised = [part.inside.yearly for part in parts]
    return WalkedForward(
        parts=tuple(parts),
        path=path,
        figures=worth.figures(path),
        efficiency=efficiency(worth.cagr(path), promised),
    )


def joined(paths: Sequence[WorthPath]) -> WorthPath:
    """One path after the other, each going on from what the one before ended with; begins at 1."""
    at_s, value, level = [paths[0].at_s[:1]], [np.ones(1)], 1.0
    for path in paths:
        grown = path.value / path.value[0] * level
        at_s.append(path.at_s[1:])
        value.append(grown[1:])
        level = float(grown[-1])
    return WorthPath(np.concatenate(at_s), np.concatenate(value))


def efficiency(kept: float | None, promised: Sequence[float | None]) -> float | None:
    """None where a part is too short for a yearly return, or nothing was promised that could be kept."""
    known = [value for value in promised if value is not None]
    if kept is None or len(known) < len(promised) or not known:
        return None
    mean = sum(known) / len(known)
    return kept / mean if mean > 0 else None
