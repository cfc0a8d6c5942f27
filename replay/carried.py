"""A run of the replay carried out: what its row asks for is put together, played, and made into what is kept.

How far it is: reading the candles is its first fifth, playing them goes up to a half; the rest is playing them again
without each layer, which tells what the layer costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings as site

from execution.queries import PAPER
from replay.asked import settings_of
from replay.kept import KeptRun, kept
from replay.rules.layer_prices import layer_prices
from replay.rules.outcome import ReplayOutcome
from replay.rules.settings import PEERS, ReplaySettings, after_halt_of
from replay.run import Replayed, played, replay
from replay.source import ReplaySource
from replay.told_rules import rules
from risk import queries

READ, PLAYED = 0.2, 0.5

RunProgress = Callable[[float, str], None]
"""Told how far it is, a fraction, and what it does now. Raises where the run is to end."""


class Brought(NamedTuple):
    """What a run brought, and what it would take to bring it again."""

    kept: KeptRun
    manifest: Mapping[str, Any]


Carrier = Callable[[Mapping[str, Any], RunProgress], Brought]


def carry_replay(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    """Raises ValueError or LookupError where there is nothing to play, in words for who asked."""

    def told(what: str, done: int, count: int) -> None:
        part = done / count if count else 1.0
        if what == "candles":
            progress(READ + (PLAYED - READ) * part, "deciding")
        else:
            progress(READ * part, "candles")

    found = replay(asked_settings(parameters), asked_source(parameters), progress=told)
    progress(PLAYED, "layers")
    more = {
        "layer_prices": [price.as_json() for price in prices(found, progress)],
        "rules": [*rules(found.settings, found.recording.chosen_by), *found.recording.notes],
    }
    progress(1.0, "measures")
    return Brought(kept(found.outcome, found.measures.as_json(), more), found.manifest)


def prices(found: Replayed, progress: RunProgress) -> list[Any]:
    """What each layer costs: a replay for each. The peers' rule knows no layers."""
    if found.settings.rule == PEERS or not found.outcome.decisions:
        return []
    done, count = 0, len(found.settings.layers)

    def without_one(settings: ReplaySettings) -> ReplayOutcome:
        nonlocal done

        def told(_what: str, some: int, all_of_it: int) -> None:
            part = (done + (some / all_of_it if all_of_it else 1.0)) / count
            progress(PLAYED + (1 - PLAYED) * part, "layers")

        outcome = played(found.recording, settings, told).outcome
        done += 1
        return outcome

    return layer_prices(without_one, found.settings, found.measures)


def asked_settings(parameters: Mapping[str, Any]) -> ReplaySettings:
    values = {name: Decimal(text) for name, text in parameters["values"].items()}
    environment = replace(site.ENVIRONMENT, INTERVAL=parameters["interval"])
    return settings_of(
        environment,
        queries.limits(PAPER),
        values,
        spread_bps=Decimal(parameters["spread_bps"]),
        fill=parameters["fill"],
        marks=parameters["marks"],
        after_halt=after_halt_of(parameters["after_halt"]),
        rule=parameters["rule"],
    )


def asked_source(parameters: Mapping[str, Any]) -> ReplaySource:
    since, until = (int(datetime.fromisoformat(parameters[name]).timestamp()) for name in ("from", "to"))
    return ReplaySource(
        since_s=since,
        until_s=until,
        symbols=tuple(parameters["symbols"]),
        universe_size=site.ENVIRONMENT.UNIVERSE_SIZE,
        quote_asset=site.ENVIRONMENT.QUOTE_ASSET,
    )
