"""What a search is asked for, put together: which parameters vary, which are fixed, and on which stretches of time.

The candles are read once for all sets, so they must reach back as far as the longest lookback asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings as site

from replay.command_line import settings_asked
from replay.manifest import code
from replay.rules.account import play
from replay.rules.parameter_space import ParameterSpace, Place, chosen, levels_of, playable, space_of
from replay.rules.parameters import applied, current, parameter
from replay.rules.quick import try_set
from replay.rules.settings import LIVE, ReplaySettings
from replay.rules.walk_forward import lengths_of, splits
from replay.search import Progress as SetsDone
from replay.search import SearchMeans, SearchPlan
from replay.source import ReplayCandles

LOOKBACK = "LOOKBACK_MINUTES"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAsked:
    """`settings` are what does not vary, `places` what makes a strategy of the `sets` that were asked for; `widest`
    are the settings with the longest lookback of all."""

    settings: ReplaySettings
    widest: ReplaySettings
    space: ParameterSpace
    places: Sequence[Place]
    sets: int


def search_asked(options: Mapping[str, Any]) -> SearchAsked:
    """Raises ValueError naming the option and the remedy."""
    named = [levels_of(text) for text in (*options["set"], *options["limit"])]
    if twice := {one.name for one in named if [each.name for each in named].count(one.name) > 1}:
        raise ValueError(f"{', '.join(sorted(twice))} was named twice; give all its levels at once")
    varying = [text for text in (*options["set"], *options["limit"]) if len(levels_of(text).levels) > 1]
    fixed = {name: [_one_level(text) for text in options[name] if text not in varying] for name in ("set", "limit")}
    settings = settings_asked({**options, **fixed})
    if settings.rule != LIVE:
        raise ValueError("--rule: only what decides live is searched; leave it out")
    if options["random"] is not None and options["random"] < 1:
        raise ValueError(f"--random: {options['random']} must be at least 1")
    space = space_of(varying)
    asked = chosen(space, draws=options["random"], seed=options["seed"])
    places, _ = playable(space, asked, settings)
    longest = max(current(applied(settings, space.values(place)), LOOKBACK) for place in places)
    widest = next(
        found for place in places if current(found := applied(settings, space.values(place)), LOOKBACK) == longest
    )
    return SearchAsked(settings=settings, widest=widest, space=space, places=places, sets=len(asked))


def _one_level(text: str) -> str:
    """As `manage.py replay` reads it: of a level that is said twice, once."""
    found = levels_of(text)
    return f"{found.name}={found.levels[0]:f}"


def means_of(workers: int, progress: SetsDone, stopped: Callable[[], bool]) -> SearchMeans:
    """Sets tried by the quick loop, the best decided; what was tried is kept with all other searches."""
    here = code()
    return SearchMeans(
        folder=site.ENVIRONMENT.DATA_DIR.resolve() / "searches",
        workers=workers,
        try_set=try_set,
        play=play,
        revision=f"{here['revision']}{'+' if here['changed'] else ''}",
        progress=progress,
        stopped=stopped,
    )


def plan_asked(
    asked: SearchAsked, settings: ReplaySettings, recording: ReplayCandles, options: Mapping[str, Any]
) -> SearchPlan:
    """Raises ValueError."""
    grid = recording.grid
    first_s, end_s = grid.opens_s(recording.warm_up), grid.closes_s(grid.periods - 1)
    walk = options["walk_forward"]
    names = [axis.name for axis in asked.space.axes]
    axes = [None if name is None else parameter(name).name for name in options["map"]]
    if unknown := [name for name in axes if name is not None and name not in names]:
        raise ValueError(f"--map: {', '.join(unknown)} does not vary; there are {', '.join(names)}")
    if axes[0] is not None and axes[0] == axes[1]:
        raise ValueError(f"--map: {axes[0]} is named twice")
    return SearchPlan(
        settings=settings,
        space=asked.space,
        places=asked.places,
        sets=asked.sets,
        objective=options["by"],
        splits=splits(first_s, end_s, lengths_of(walk), options["manner"]) if walk else (),
        first_s=first_s,
        axes=(axes[0], axes[1]),
    )
