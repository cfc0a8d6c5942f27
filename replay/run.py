"""One replay, from what is asked to what it brought: candles, candidates, the account, measures, and the manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from django.conf import settings as site

from replay.candle_cache import CandleCache
from replay.manifest import Manifest, manifest
from replay.rules.account import play
from replay.rules.candidates import candidates
from replay.rules.grid_window import window
from replay.rules.lookahead import Played
from replay.rules.measures import Measures, measures
from replay.rules.outcome import ReplayOutcome
from replay.rules.peers_decided import play_peers
from replay.rules.settings import PEERS, ReplaySettings
from replay.rules.warming import shown
from replay.source import Progress, ReplayCandles, ReplaySource, read


class Replayed(NamedTuple):
    """What a replay brought, what it was played on, and with."""

    outcome: ReplayOutcome
    measures: Measures
    manifest: Manifest
    recording: ReplayCandles
    settings: ReplaySettings


def quiet(what: str, done: int, count: int) -> None:
    """Nobody is told how far it is."""


def replay(settings: ReplaySettings, source: ReplaySource, *, progress: Progress = quiet) -> Replayed:
    """`settings.rules` come with the candles, unless there are some. `progress` is told what is done, how much of it
    and of how much; it may raise to end the replay.

    Raises NothingToReplay, FileProblem, ColumnsError, PriceRangeError.
    """
    recording = recorded(settings, source, progress)
    settings = with_rules(settings, recording)
    outcome = played(recording, settings, progress).outcome
    told = manifest(source, settings, recording, outcome)
    return Replayed(outcome, measures(outcome), told, recording, settings)


def with_rules(settings: ReplaySettings, recording: ReplayCandles) -> ReplaySettings:
    """With the instruments' rules of the recording, where there are none yet."""
    return settings if settings.rules else replace(settings, rules=recording.rules)


def recorded(settings: ReplaySettings, source: ReplaySource, progress: Progress = quiet) -> ReplayCandles:
    """The candles that these settings are played on. The peers' rule looks at nothing before the first of them."""
    recording = read(
        source,
        settings.strategy,
        taker_fee=site.ENVIRONMENT.PAPER_TAKER_FEE_PCT,
        cache=CandleCache(site.ENVIRONMENT.DATA_DIR / "candles"),
        progress=progress,
    )
    return recording.without_warm_up() if settings.rule == PEERS else recording


def played(recording: ReplayCandles, settings: ReplaySettings, progress: Progress = quiet) -> Played:
    """The signals of a recording, and what they brought. By the peers' rule there are trips, and no signals."""
    grid, warm_up, strategy = recording.grid, recording.warm_up, settings.strategy

    def told(done: int, count: int) -> None:
        progress("candles", done, count)

    found = candidates(grid, strategy, recording.universe)
    if settings.rule == PEERS:
        return Played(found, play_peers(grid, settings, told))
    first_s, after_s = grid.opens_s(warm_up), grid.closes_s(grid.periods - 1)
    _, signals = window(grid, found, first_s, after_s, strategy.lookback_s)
    return Played(signals, shown(play(grid, signals, settings, told), grid, warm_up))
