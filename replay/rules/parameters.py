"""What a replay may be asked to change, by name: the strategy's parameters and the limits.

THRESHOLD, EXIT, MIN_VOLUME, TOP_N and LOOKBACK_MINUTES are the strategy's, everything in `cdb_site.limit_table` is a
limit; the names of their environment's variables are understood as well, in any case. A value may be what the variable
may hold, no more; together they must make a strategy. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cdb_site.env import value_of
from cdb_site.limit_table import LIMITS
from cdb_site.units import plain
from replay.rules.settings import ReplaySettings

Values = Mapping[str, Decimal]
MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayParameter:
    """`variable` bounds its values; `field` is where they stand in the strategy, or in the limits."""

    name: str
    variable: str
    field: str
    is_limit: bool

    def value(self, text: str) -> Decimal:
        """Raises ValueError, naming the parameter and what it may be."""
        try:
            return Decimal(value_of(self.variable, text))
        except ValueError as problem:
            raise ValueError(f"{self.name}={text} {problem}") from problem


STRATEGY = (
    ReplayParameter(name="THRESHOLD", variable="SIGNAL_THRESHOLD_PCT", field="threshold", is_limit=False),
    ReplayParameter(name="EXIT", variable="SIGNAL_EXIT_PCT", field="exit", is_limit=False),
    ReplayParameter(name="MIN_VOLUME", variable="SIGNAL_MIN_VOLUME", field="min_volume", is_limit=False),
    ReplayParameter(name="TOP_N", variable="TOP_N", field="top_n", is_limit=False),
    ReplayParameter(name="LOOKBACK_MINUTES", variable="LOOKBACK_MINUTES", field="lookback_s", is_limit=False),
)
PARAMETERS = {
    one.name: one
    for one in (
        *STRATEGY,
        *(ReplayParameter(name=it.variable, variable=it.variable, field=it.name, is_limit=True) for it in LIMITS),
    )
}
_KNOWN = PARAMETERS | {one.variable: one for one in STRATEGY}


def parameter(name: str, *, is_limit: bool | None = None) -> ReplayParameter:
    """The parameter of a name. Raises ValueError with all there are; of limits alone, or of the strategy's, if asked.
    One of the other kind is found all the same: whoever asked says what is wrong with it."""
    found = _KNOWN.get(name.strip().upper())
    if found is None:
        what = "parameter" if is_limit is None else "limit" if is_limit else "parameter of the strategy"
        there = (one.name for one in PARAMETERS.values() if is_limit in (None, one.is_limit))
        raise ValueError(f"{name} is no {what}; there are {', '.join(there)}")
    return found


def assigned(text: str, *, is_limit: bool | None = None) -> tuple[ReplayParameter, str]:
    """`THRESHOLD=0.01` taken apart. Raises ValueError; `is_limit` says of what kind there are others."""
    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise ValueError(f"{text} is not of the form NAME=VALUE")
    return parameter(name, is_limit=is_limit), value.strip()


def applied(settings: ReplaySettings, values: Values) -> ReplaySettings:
    """The settings with these values, by name. Raises ValueError where they make no strategy."""
    strategy: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for name, value in values.items():
        found = PARAMETERS[name]
        (limits if found.is_limit else strategy)[found.field] = in_settings(found.field, value)
    return replace(settings, strategy=replace(settings.strategy, **strategy), limits=replace(settings.limits, **limits))


def current(settings: ReplaySettings, name: str) -> Decimal:
    """What a parameter is in the settings."""
    found = PARAMETERS[name]
    value = Decimal(getattr(settings.limits if found.is_limit else settings.strategy, found.field))
    return value / MINUTE_S if found.field == "lookback_s" else value


def in_settings(field: str, value: Decimal) -> Decimal | int:
    """The value as its field of the strategy or the limits has it."""
    if field == "lookback_s":
        return int(value) * MINUTE_S
    return int(value) if field == "top_n" else value


def told(values: Values) -> dict[str, str]:
    """The values as exact text, in the order of their names: what a trial is known by."""
    return {name: plain(values[name]) for name in sorted(values)}
