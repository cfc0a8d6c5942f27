"""A search over parameters: every set tried on all cores, what was tried kept, the best one replayed, decided.

The candles are written once and mapped by every process; sets go out in small batches, of which each is kept when it
comes back. So a search may be canceled or killed at any moment: begun again with the same candles and settings it tries
only what is left. With a walk-forward every set is tried on each stretch of the past as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from cdb_site.units import plain
from replay.rules.data_hash import data_hash
from replay.rules.grid import CandleGrid
from replay.rules.grid_window import column_at, window
from replay.rules.measures import measures
from replay.rules.outcome import ReplayOutcome
from replay.rules.parameter_space import ParameterSpace, Place
from replay.rules.parameters import PARAMETERS, Values, applied, current, told
from replay.rules.search_result import SearchResult, judged
from replay.rules.settings import ReplaySettings
from replay.rules.trial_figures import NET, TrialFigures, best_of, figures_of, path_from
from replay.rules.walk_forward import WalkedPart, WalkSplit, walked
from replay.rules.warming import shown
from replay.search_workers import PlayDecided, TrialBatch, TrialSpan, TrySet, begin, try_batch
from replay.shared_market import SharedMarket, shared
from replay.trial_store import TrialStore
from signals_app.rules.momentum import Bools
from signals_app.rules.strategy import Strategy

# A batch is what a killed search loses: at most so many sets, and few enough that every worker has so many batches.
BATCH_SETS, ROUNDS = 8, 8
LOOKED_AT_EVERY_S = 0.2
PLAYED_WITH = ("starting_cash", "spread_bps", "fill", "marks", "after_halt", "rule", "model")
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What is searched. `places` are those of the space that make a strategy, of `sets` that were asked for; `splits`
    are empty without a walk-forward. What is played begins at `first_s`, candles before it only warm up; None: at the
    first of them. `axes` are those of the map, None: the first that vary."""

    settings: ReplaySettings
    space: ParameterSpace
    places: Sequence[Place]
    sets: int
    objective: str
    splits: Sequence[WalkSplit] = ()
    first_s: int | None = None
    axes: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMeans:
    """How it is searched: `try_set` tries one quickly, `play` decides one; `revision` names the code that does."""

    folder: Path
    workers: int
    try_set: TrySet
    play: PlayDecided
    revision: str
    progress: Progress = lambda done, total: None
    stopped: Callable[[], bool] = lambda: False


def search(grid: CandleGrid, universe: Bools | None, plan: SearchPlan, means: SearchMeans) -> SearchResult:
    """Try what is left, then judge all of it. Raises SearchRunning when another process is at the same search, and
    BrokenProcessPool when a worker was killed; what was tried until then is kept."""
    with TrialStore(means.folder, basis(plan, data_hash(grid, universe), means.revision)) as store:
        # Named after the search: another one of the same candles takes away its own when it ends.
        folder = means.folder / f"candles-{store.name}"
        try:
            return SearchUnderWay(shared(grid, universe, folder), plan, means, store).result()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def basis(plan: SearchPlan, hashed: str, revision: str) -> dict[str, Any]:
    """What figures depend on beside the values of a set and its span."""
    settings, varying = plan.settings, {axis.name for axis in plan.space.axes}
    return {
        "candles": hashed,
        "revision": revision,
        "fixed": {name: plain(current(settings, name)) for name in PARAMETERS if name not in varying},
        "interval": settings.strategy.interval,
        "layers": [layer.code for layer in settings.layers],
        "rules": repr(sorted(settings.rules.items())),
        **{name: repr(getattr(settings, name)) for name in PLAYED_WITH},
    }


def key_of(span: TrialSpan, values: Values) -> str:
    """What a trial is kept by."""
    return ",".join([f"{span.first_s}-{span.after_s}", *(f"{name}={value}" for name, value in told(values).items())])


@dataclass(frozen=True, slots=True)
class SearchUnderWay:
    """One search: its candles, what is asked, how it is done, and what is kept of it."""

    market: SharedMarket
    plan: SearchPlan
    means: SearchMeans
    store: TrialStore

    @property
    def whole(self) -> TrialSpan:
        grid = self.market.grid
        first_s = grid.opens_s(0) if self.plan.first_s is None else self.plan.first_s
        return TrialSpan(first_s, grid.closes_s(grid.periods - 1))

    def result(self) -> SearchResult:
        plan = self.plan
        everything = self._try_all([self.whole, *(TrialSpan(one.first_s, one.chosen_s) for one in plan.splits)])
        found = judged(
            plan.space,
            self._figures(self.whole),
            plan.objective,
            sets=plan.sets,
            refused=plan.sets - len(plan.places),
            axes=plan.axes,
        )
        if not everything or found.best_values is None:
            return replace(found, canceled=not everything)
        decided, _ = self._played(self.whole, found.best_values)
        parts = [part for split in plan.splits if (part := self._walked(split))]
        return replace(found, decided=measures(decided), walked=walked(parts))

    def _figures(self, span: TrialSpan) -> dict[Place, TrialFigures]:
        """Of the sets that were tried on a span."""
        keys = {place: key_of(span, self.plan.space.values(place)) for place in self.plan.places}
        return {place: self.store.done[key] for place, key in keys.items() if key in self.store.done}

    def _try_all(self, spans: Sequence[TrialSpan]) -> bool:
        """Whether all was tried."""
        total, left = len(spans) * len(self.plan.places), list(self._batches(spans))
        count = total - sum(len(batch.sets) for batch in left)
        self.means.progress(count, total)
        for batch, found in self._tried(left):
            self.store.add((key_of(batch.span, one), told) for one, told in zip(batch.sets, found, strict=False))
            count += len(found)
            self.means.progress(count, total)
        return count == total

    def _tried(self, left: Sequence[TrialBatch]) -> Iterator[tuple[TrialBatch, Sequence[TrialFigures]]]:
        """Each batch with its figures as it comes back; those that were begun alone when the search is to stop."""
        if not left:
            return
        context = get_context("spawn")
        stopped = context.Event()
        given = (self.market.folder, self.plan.settings, self.means.try_set, stopped)
        with ProcessPoolExecutor(min(self.means.workers, len(left)), context, begin, given) as pool:
            asked = {pool.submit(try_batch, batch): batch for batch in left}
            waiting = set(asked)
            try:
                while waiting:
                    done, waiting = wait(waiting, LOOKED_AT_EVERY_S, FIRST_COMPLETED)
                    yield from ((asked[future], future.result()) for future in done)
                    if self.means.stopped():
                        stopped.set()
                        waiting -= {future for future in waiting if future.cancel()}
            except BaseException:
                # Nobody waits for the sets that are under way: this process is to end.
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in active_children():
                    worker.terminate()
                raise

    def _batches(self, spans: Iterable[TrialSpan]) -> Iterator[TrialBatch]:
        """What is left to try. Batches of as many strategies as there are workers alternate, so that no two of them
        look for the signals of one strategy at the same time."""
        size = max(1, min(BATCH_SETS, len(self.plan.places) // (ROUNDS * self.means.workers)))
        for span in spans:
            groups = (list(_cut(span, sets, size)) for sets in self._left(span).values())
            while together := list(islice(groups, self.means.workers)):
                yield from (batch for row in zip_longest(*together) for batch in row if batch)

    def _left(self, span: TrialSpan) -> dict[Strategy, list[Values]]:
        """Sets that were not tried on a span, by strategy."""
        found: dict[Strategy, list[Values]] = {}
        for values in map(self.plan.space.values, self.plan.places):
            if key_of(span, values) not in self.store.done:
                found.setdefault(applied(self.plan.settings, values).strategy, []).append(values)
        return found

    def _walked(self, split: WalkSplit) -> WalkedPart | None:
        """The best set of a stretch of the past, decided on what followed; None when none was tried there."""
        figures = self._figures(TrialSpan(split.first_s, split.chosen_s))
        places, tried = list(figures), list(figures.values())
        best = best_of(tried, self.plan.objective)
        best = best_of(tried, NET) if best is None else best
        if best is None:
            return None
        values = self.plan.space.values(places[best])
        outcome, start_s = self._played(TrialSpan(split.chosen_s, split.played_s), values)
        return WalkedPart(split, values, tried[best], figures_of(outcome, start_s), path_from(outcome, start_s))

    def _played(self, span: TrialSpan, values: Values) -> tuple[ReplayOutcome, int]:
        """(what a set brought, decided; from when on it counts)."""
        settings = applied(self.plan.settings, values)
        found = self.market.candidates(settings.strategy)
        grid, cut = window(self.market.grid, found, *span, settings.strategy.lookback_s)
        outcome = shown(self.means.play(grid, cut, settings), grid, column_at(grid, span.first_s))
        return outcome, max(span.first_s, grid.opens_s(0))


def _cut(span: TrialSpan, sets: Sequence[Values], size: int) -> Iterator[TrialBatch]:
    return (TrialBatch(span, tuple(sets[at : at + size])) for at in range(0, len(sets), size))
