"""A parameter search that a page asked for, carried out as the command does it, by one process beside trading.

What was tried is kept where the command keeps it: killed, taken up again or asked for once more, it goes on with the
rest. Reading the candles is its first tenth, trying the sets goes up to nine, the rest is deciding the best.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from replay.carried import Brought, RunProgress, asked_source
from replay.kept import KeptRun
from replay.manifest import code, told_source
from replay.rules.account import play
from replay.rules.candidates import Candidates
from replay.rules.data_hash import data_hash
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayOutcome
from replay.rules.parameters import PARAMETERS
from replay.rules.settings import LIVE, ReplaySettings, after_halt_of
from replay.run import recorded, with_rules
from replay.search import SearchPlan, basis, search
from replay.search_asked import SearchAsked, means_of, plan_asked, search_asked
from replay.source import ReplayCandles, ReplaySource
from replay.trial_store import SearchRunning

WORKERS = 1
READ, TRIED = 0.1, 0.9
FORM = 1


class SearchTold:
    """How far a search is, told to who carries it out. Where the run is to end, the sets under way are waited for
    before that is raised: a worker is never left alone."""

    def __init__(self, progress: RunProgress) -> None:
        self.progress = progress
        self.part, self.step = 0.0, ""
        self.ends: Exception | None = None

    def reading(self, _what: str, done: int, count: int) -> None:
        self.progress(READ * (done / count if count else 1.0), "candles")

    def deciding(self, done: int, count: int) -> None:
        self.progress(TRIED + (1 - TRIED) * (done / count if count else 1.0), "deciding")

    def tried(self, done: int, total: int) -> None:
        self.part, self.step = READ + (TRIED - READ) * done / total, f"sets {done}/{total}"
        self.stopped()

    def stopped(self) -> bool:
        try:
            self.progress(self.part, self.step)
        except Exception as ends:
            self.ends = ends
        return self.ends is not None


def carry_search(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    """Raises ValueError or LookupError where there is nothing to search, in words for who asked."""
    told, options, source = SearchTold(progress), options_of(parameters), asked_source(parameters)
    asked = search_asked(options)
    recording = recorded(asked.widest, source, told.reading)
    plan = planned(asked, recording, options)

    def decided(grid: CandleGrid, found: Candidates, settings: ReplaySettings) -> ReplayOutcome:
        return play(grid, found, settings, told.deciding)

    means = replace(means_of(WORKERS, told.tried, told.stopped), play=decided)
    try:
        found = search(recording.grid, recording.universe, plan, means)
    except SearchRunning:
        words = _("the same search is under way elsewhere; ask again when it is over: what it has tried is kept")
        raise ValueError(words) from None
    except BrokenProcessPool:
        raise ValueError(
            _("the process that tried the sets was killed; ask again: what it has tried is kept")
        ) from None
    if told.ends is not None:
        raise told.ends
    progress(1.0, "measures")
    return Brought(KeptRun({"search": found.as_json()}, [], []), manifest(source, options, plan, recording))


def planned(asked: SearchAsked, recording: ReplayCandles, options: Mapping[str, Any]) -> SearchPlan:
    """Raises ValueError, with what is to be known of the candles: days may be asked for that are not stored."""
    try:
        return plan_asked(asked, with_rules(asked.settings, recording), recording, options)
    except ValueError as problem:
        raise ValueError(" ".join([f"{problem}.", *recording.notes])) from None


def options_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the run's row keeps, as the command's options."""
    texts = {**parameters["values"], **parameters["levels"]}
    named = {is_limit: [f"{name}={text}" for name, text in texts.items() if PARAMETERS[name].is_limit == is_limit]
             for is_limit in (False, True)}  # fmt: skip
    same = {name: parameters[name] for name in ("interval", "fill", "marks", "by", "random", "seed", "manner")}
    return same | {
        "set": named[False],
        "limit": named[True],
        "spread_bps": Decimal(parameters["spread_bps"]),
        "after_halt": after_halt_of(parameters["after_halt"]),
        "rule": LIVE,
        "cash": None,
        "files": None,
        "walk_forward": parameters["walk_forward"],
        "map": (None, None),
    }


def manifest(
    source: ReplaySource, options: Mapping[str, Any], plan: SearchPlan, recording: ReplayCandles
) -> dict[str, Any]:
    """What it takes to search again."""
    hashed, here = data_hash(recording.grid, recording.universe), code()
    return {
        "form": FORM,
        "source": told_source(source),
        "played": {"symbols": list(recording.grid.symbols), "chosen_by": recording.chosen_by},
        "searched": {name: list(options[name]) for name in ("set", "limit")}
        | {name: options[name] for name in ("by", "random", "seed", "walk_forward", "manner")},
        "fixed": basis(plan, hashed, "")["fixed"],
        "data_hash": hashed,
        "code": here,
    }
