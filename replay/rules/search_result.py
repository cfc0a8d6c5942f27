"""What a search found: the best set, what surrounds it, and how far it is to be believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from replay.rules.heat_map import HeatMap, Summit, heat_map, peak, plateau
from replay.rules.measures import Measures
from replay.rules.overfitting import Deflated, Overfit, deflated, overfit
from replay.rules.parameter_space import ParameterSpace, Place
from replay.rules.parameters import Values, told
from replay.rules.search_warnings import SearchWarning, warnings_of
from replay.rules.trial_figures import NET, TrialFigures, best_of, returns_table
from replay.rules.walk_forward import WalkedForward
from replay.rules.worth import ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """`objective` is the figure that decided: NET where no set has the one asked for. `best` stands on `peak`;
    `high_ground` is the plateau beside it. `decided` is the best set replayed by the functions that decide live; None
    where the search was canceled. `sets` were asked for, `refused` make no strategy."""

    space: ParameterSpace
    objective: str
    sets: int
    refused: int
    figures: Mapping[Place, TrialFigures]
    peak: Summit | None
    high_ground: Summit | None
    map: HeatMap
    deflated: Deflated | None
    overfit: Overfit | None
    warnings: tuple[SearchWarning, ...]
    walked: WalkedForward | None = None
    decided: Measures | None = None
    canceled: bool = False

    @property
    def best(self) -> TrialFigures | None:
        return self.figures[self.peak.place] if self.peak else None

    @property
    def best_values(self) -> Values | None:
        return self.space.values(self.peak.place) if self.peak else None

    def as_json(self) -> dict[str, Any]:
        """Without the figures of every set; `ranking` has those of the best hundred."""
        return {
            "objective": self.objective,
            "sets": self.sets,
            "tried": len(self.figures),
            "refused": self.refused,
            "canceled": self.canceled,
            "best": self._told(self.peak),
            "plateau": self._told(self.high_ground),
            "heat_map": self.map.as_json(),
            "deflated_sharpe": asdict(self.deflated) if self.deflated else None,
            "overfit": asdict(self.overfit) if self.overfit else None,
            "walk_forward": self.walked.as_json() if self.walked else None,
            "warnings": [one.code for one in self.warnings],
            "decided": self.decided.as_json() if self.decided else None,
            "ranking": self._ranking(),
        }

    def _told(self, found: Summit | None) -> dict[str, Any] | None:
        if found is None:
            return None
        near = {"plateau": found.plateau, "neighbours": found.neighbours, "alone": found.alone}
        return {**self._told_set(found.place), **near}

    def _told_set(self, place: Place) -> dict[str, Any]:
        one = self.figures[place]
        return {
            "values": told(self.space.values(place)),
            "score": one.objective(self.objective),
            "net": one.net,
            "drawdown": one.drawdown,
            "trips": one.trips,
            "gross": one.gross,
            "fees": one.fees,
        }

    def _ranking(self) -> list[dict[str, Any]]:
        scores = scores_of(self.figures, self.objective)
        known = [(score, place) for place, score in scores.items() if score is not None]
        return [self._told_set(place) for _, place in sorted(known, key=lambda one: (-one[0], one[1]))[:RANKED]]


RANKED = 100


def judged(
    space: ParameterSpace,
    figures: Mapping[Place, TrialFigures],
    objective: str,
    *,
    sets: int,
    refused: int,
    axes: tuple[str | None, str | None] = (None, None),
) -> SearchResult:
    """What the figures of all sets that were tried say, by one objective."""
    tried = list(figures.values())
    if best_of(tried, objective) is None:
        objective = NET
    scores = scores_of(figures, objective)
    top = peak(space, scores)
    returns = returns_table(tried)
    found = overfit(returns)
    best = figures[top.place] if top else None
    ratios = np.array([one if (one := ratio(column)) is not None else np.nan for column in returns.T])
    return SearchResult(
        space=space,
        objective=objective,
        sets=sets,
        refused=refused,
        figures=figures,
        peak=top,
        high_ground=plateau(space, scores),
        map=heat_map(space, scores, *axes),
        deflated=deflated(best.daily, ratios) if best else None,
        overfit=found,
        warnings=tuple(warnings_of(best, top, found)) if best else (),
    )


def scores_of(figures: Mapping[Place, TrialFigures], objective: str) -> dict[Place, float | None]:
    return {place: one.objective(objective) for place, one in figures.items()}
