"""The form of a new run: what is asked for, what is in force, and what was wrong with what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from dashboard import formats
from dashboard.replays import words
from execution.queries import PAPER
from replay.models import ReplayRun
from replay.rules.parameters import MINUTE_S, PARAMETERS
from replay.rules.settings import FILLS, MARKS, RULES
from replay.rules.trial_figures import OBJECTIVES
from replay.rules.walk_forward import MANNERS
from replay.wishes import AFTER_HALT, SPREAD_BPS
from risk import queries
from risk.rules.limits import Limits
from signals_app.rules.strategy import strategy_of

DAYS_USUAL = 7
FORMS = ("REPLAY", "WHAT_IF", "SEARCH")
CHOSEN = {"fill": FILLS, "marks": MARKS, "rule": RULES, "by": OBJECTIVES, "manner": MANNERS}
PLAYED = ("from", "to", "symbols", "spread_bps", "after_halt")
CANDLES = ("fill", "marks", "rule")
SEARCHED = (*PLAYED, "random", "seed", "walk_forward")
# kind → what its form has besides the parameters: fields that are typed, and choices.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "REPLAY": (PLAYED, ("fill", "marks", "rule")),
    "WHAT_IF": (("day",), ()),
    "SEARCH": (SEARCHED, ("fill", "marks", "by", "manner")),
}


def usual(today: date) -> dict[str, str]:
    """The last whole days, as everything is in force."""
    first, last = today - timedelta(days=DAYS_USUAL), today - timedelta(days=1)
    own = {"from": first.isoformat(), "to": last.isoformat(), "day": last.isoformat()}
    return own | {"spread_bps": SPREAD_BPS, "after_halt": AFTER_HALT, "seed": "1"}


def of_run(run: ReplayRun) -> dict[str, str]:
    """What an earlier run was asked, to ask for it again."""
    told: Mapping[str, Any] = run.parameters
    names = ("day", "spread_bps", "after_halt", "random", "seed", "walk_forward", *CHOSEN)
    kept = {name: str(told[name]) for name in names if told.get(name) is not None}
    texts = {**(told.get("values") or {}), **(told.get("levels") or {})}
    values = {name.lower(): text for name, text in texts.items()}
    symbols = {"symbols": " ".join(told.get("symbols") or [])}
    return kept | values | symbols | _days(told)


def _days(told: Mapping[str, Any]) -> dict[str, str]:
    """Its days, or its moments where they are no whole days."""
    try:
        first, last = (datetime.fromisoformat(told[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        return {}
    if first.time() == last.time() == datetime.min.time():
        return {"from": first.date().isoformat(), "to": (last - timedelta(days=1)).date().isoformat()}
    return {"from": told["from"], "to": told["to"]}


def found_set(run: ReplayRun, name: str) -> dict[str, str]:
    """The set of a search, `best` or `plateau`, as a replay would be asked for it; empty: it has none."""
    told = ((run.result or {}).get("search") or {}).get(name) or {}
    return {name.lower(): text for name, text in (told.get("values") or {}).items()}


def context(kind: str, given: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    """What the form of a kind shows; errors of what it does not show stand above it."""
    typed, chosen = FIELDS.get(kind, ((), ()))
    named = {name: _field(name, given, errors) for name in typed}
    in_force = _in_force()
    parameters = [_parameter(name, given, errors, in_force) for name in PARAMETERS]
    known = {*named, *chosen, *(row["name"] for row in parameters if row["is_limit"] or kind != "WHAT_IF")}
    return {
        "fields": named,
        "picks": {name: _pick(name, CHOSEN[name], given, errors) for name in chosen},
        "candle_picks": [_pick(name, CHOSEN[name], given, errors) for name in CANDLES if name in chosen],
        "strategy": [row for row in parameters if not row["is_limit"]],
        "limits": [row for row in parameters if row["is_limit"]],
        "other_errors": [(words.field(name), said) for name, said in errors.items() if name not in known],
    }


def _field(name: str, given: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "title": words.field(name), "value": given.get(name, ""), "problem": errors.get(name, "")}


def _pick(name: str, choices: tuple[str, ...], given: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    options = [(value, words.CHOICES[value]) for value in choices]
    return _field(name, given, errors) | {"options": options, "value": given.get(name, "").upper()}


def _parameter(
    name: str, given: Mapping[str, str], errors: Mapping[str, str], in_force: Mapping[str, str]
) -> dict[str, Any]:
    return _field(name.lower(), given, errors) | {"in_force": in_force[name], "is_limit": PARAMETERS[name].is_limit}


def _in_force() -> dict[str, str]:
    """What each parameter is now, in words; of a limit nothing before there are any."""
    strategy, limits = strategy_of(settings.ENVIRONMENT), _limits()
    found = {}
    for name, one in PARAMETERS.items():
        value = getattr(limits if one.is_limit else strategy, one.field, None)
        value = value and Decimal(value) / (MINUTE_S if one.field == "lookback_s" else 1)
        found[name] = formats.MISSING if value is None else words.parameter_value(name, value)
    return found


def _limits() -> Limits | None:
    try:
        return queries.limits(PAPER)
    except LookupError:
        return None
