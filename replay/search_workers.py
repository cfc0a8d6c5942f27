"""The processes of a search: each maps the candles, tries sets one after the other, and ends with whoever began it.

A worker looks between two sets whether it is to stop; what it has tried until then it hands back. SIGINT is for the
process that began the search: a worker does not hear it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.synchronize import Event
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from replay.rules.candidates import Candidates
from replay.rules.grid import CandleGrid
from replay.rules.grid_window import window
from replay.rules.outcome import ReplayOutcome
from replay.rules.parameters import Values, applied
from replay.rules.settings import ReplaySettings
from replay.rules.trial_figures import TrialFigures
from replay.shared_market import SharedMarket

# Candles, signals, settings, and from when on what happens counts.
TrySet = Callable[[CandleGrid, Candidates, ReplaySettings, int], TrialFigures]
PlayDecided = Callable[[CandleGrid, Candidates, ReplaySettings], ReplayOutcome]


class TrialSpan(NamedTuple):
    """From `first_s` up to `after_s`, market time."""

    first_s: int
    after_s: int


class TrialBatch(NamedTuple):
    """Sets of one strategy, tried on one span."""

    span: TrialSpan
    sets: tuple[Values, ...]


@dataclass(frozen=True, slots=True)
class SearchWorker:
    """What tries sets in this process."""

    market: SharedMarket
    settings: ReplaySettings
    try_set: TrySet

    def figures(self, span: TrialSpan, values: Values) -> TrialFigures:
        settings = applied(self.settings, values)
        found = self.market.candidates(settings.strategy)
        grid, cut = window(self.market.grid, found, span.first_s, span.after_s, settings.strategy.lookback_s)
        return self.try_set(grid, cut, settings, max(span.first_s, grid.opens_s(0)))


_here: list[tuple[SearchWorker, Event]] = []


def begin(folder: Path, settings: ReplaySettings, try_set: TrySet, stopped: Event) -> None:
    """Called once in every worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _here[:] = [(SearchWorker(SharedMarket(folder), settings, try_set), stopped)]


def try_batch(batch: TrialBatch) -> list[TrialFigures]:
    """The figures of the batch's sets, in order; of fewer when the search is to stop."""
    worker, stopped = _here[0]
    found: list[TrialFigures] = []
    for values in batch.sets:
        if stopped.is_set():
            break
        found.append(worker.figures(batch.span, values))
    return found


def _end_with_parent() -> None:
    """A killed parent tells nobody: a worker would wait for its next batch for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
