"""What a replay is asked to play, put together: strategy, limits, costs and rules, and all of it as plain JSON.

With a database the limits are those in force; without one, those that the environment would seed. What is named anew
takes their place. The JSON makes the same settings again, so that a replay can be repeated whatever has changed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from cdb_site.env import Environment
from execution.rules.fill_model import Model, Rules
from replay.rules.parameters import Values, applied
from replay.rules.settings import ReplaySettings
from risk.rules.limits import LIMITS, Limits
from signals_app.rules.strategy import Strategy, strategy_of

SPREAD_BPS = Decimal(4)
SEEDED = 1
PARTS: dict[str, Any] = {
    "strategy": Strategy,
    "limits": Limits,
    "model": Model,
    "rules": dict[str, Rules],
    "starting_cash": Decimal,
    "spread_bps": Decimal,
    "fill": str,
    "marks": str,
    "after_halt": str | int,
    "rule": str,
}


def settings_of(environment: Environment, limits: Limits, values: Values, **asked: Any) -> ReplaySettings:
    """`values` by the names of `parameters`; `asked` are fields of the settings. The instruments' rules come with the
    candles. Raises ValueError, naming the field."""
    if "LOOKBACK_MINUTES" in values:
        environment = replace(environment, LOOKBACK_MINUTES=int(values["LOOKBACK_MINUTES"]))
    model = Model(impact_bps=environment.PAPER_IMPACT_BPS, depth_share=environment.PAPER_DEPTH_SHARE)
    usual = {"starting_cash": environment.STARTING_CASH, "spread_bps": SPREAD_BPS}
    found = ReplaySettings(strategy=strategy_of(environment), limits=limits, model=model, rules={}, **usual | asked)
    return applied(found, values)


def seeded_limits(environment: Environment) -> Limits:
    """The first version of the limits, as the environment would seed it."""
    return Limits(version=SEEDED, **{limit.name: getattr(environment, limit.variable) for limit in LIMITS})


def as_json(settings: ReplaySettings) -> dict[str, Any]:
    """Plain values, decimals as exact text. The layers are all there are."""
    told: dict[str, Any] = msgspec.to_builtins({name: getattr(settings, name) for name in PARTS})
    return told


def from_json(told: Mapping[str, Any]) -> ReplaySettings:
    """Raises ValueError for anything else than `as_json` gave."""
    try:
        return ReplaySettings(**{name: msgspec.convert(told[name], kind, strict=False) for name, kind in PARTS.items()})
    except KeyError as problem:
        raise ValueError(f"settings: {problem.args[0]} is missing") from problem
    except (msgspec.ValidationError, TypeError) as problem:
        raise ValueError(f"settings: {problem}") from problem
