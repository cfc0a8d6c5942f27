"""Words of the replay's pages: kinds, states, parameters, measures, and why a run failed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.languages import twin
from dashboard import formats
from dashboard.limits.change import limit_words
from replay.models import ReplayRun
from replay.operations import ATTEMPTS_MOST, PROCESS_LOST
from replay.rules.parameters import PARAMETERS
from risk.rules.limits import BY_NAME

Words = str | Promise
KINDS: dict[str, Words] = {
    "REPLAY": gettext_lazy("Replay"),
    "WHAT_IF": gettext_lazy("What if"),
    "SEARCH": gettext_lazy("Parameter search"),
}
# What a kind is, and what stands on its list while there is none.
ABOUT: dict[str, Words] = {
    "": gettext_lazy("The functions that decide live, played on recorded candles and recorded days."),
    "REPLAY": gettext_lazy("Strategy and layers on recorded candles: what they would have decided and brought."),
    "WHAT_IF": gettext_lazy("A recorded day again, with other limits: which decisions come out otherwise."),
    "SEARCH": gettext_lazy("Many settings on the same candles, and how much of the best result is luck."),
}
COMMANDS = {"WHAT_IF": "manage.py what_if", "SEARCH": "manage.py search_parameters", "REPLAY": "manage.py replay"}
# state → (class, sign, word)
STATES: dict[str, tuple[str, str, Words]] = {
    "QUEUED": ("muted", "…", gettext_lazy("Waiting")),
    "RUNNING": ("info", "▶", gettext_lazy("Running")),
    "DONE": ("muted", "✓", gettext_lazy("Done")),
    "FAILED": ("bad", "✕", gettext_lazy("Failed")),
    "CANCELED": ("muted", "–", gettext_lazy("Canceled")),
}
FIELDS: dict[str, Words] = {
    "kind": gettext_lazy("Kind"),
    "day": gettext_lazy("Day"),
    "from": gettext_lazy("First day"),
    "to": gettext_lazy("Last day"),
    "symbols": gettext_lazy("Symbols"),
    "spread_bps": gettext_lazy("Spread"),
    "fill": gettext_lazy("Filled at"),
    "marks": gettext_lazy("Marked at"),
    "after_halt": gettext_lazy("After a halt"),
    "rule": gettext_lazy("Rule"),
    "levels": gettext_lazy("Parameters"),
    "by": gettext_lazy("Best by"),
    "random": gettext_lazy("Sets drawn"),
    "seed": gettext_lazy("Seed of the draw"),
    "walk_forward": gettext_lazy("Walk forward"),
    "manner": gettext_lazy("Its past"),
    "threshold": gettext_lazy("Threshold to buy"),
    "exit": gettext_lazy("Threshold to sell"),
    "min_volume": gettext_lazy("Least volume"),
    "top_n": gettext_lazy("Ranks that are bought"),
    "lookback_minutes": gettext_lazy("Lookback, minutes"),
}
CHOICES: dict[str, Words] = {
    "CLOSE": gettext_lazy("the close"),
    "OPEN": gettext_lazy("the next candle's open"),
    "LOW": gettext_lazy("the low, harsher"),
    "LIVE": gettext_lazy("as live"),
    "PEERS": gettext_lazy("as other back-testers play"),
    "SHARPE": gettext_lazy("Sharpe"),
    "SORTINO": gettext_lazy("Sortino"),
    "CALMAR": gettext_lazy("Calmar"),
    "NET": gettext_lazy("Net result"),
    "ROLLING": gettext_lazy("always as long"),
    "ANCHORED": gettext_lazy("from the first candle on"),
}
# What the form of a kind is called, the button that sends it, and the link to it.
NEW: dict[str, tuple[Words, Words, Words]] = {
    "REPLAY": (gettext_lazy("New replay"), gettext_lazy("Start the replay"), gettext_lazy("New replay…")),
    "WHAT_IF": (gettext_lazy("New what-if"), gettext_lazy("Play the day"), gettext_lazy("New what-if…")),
    "SEARCH": (gettext_lazy("New search"), gettext_lazy("Start the search"), gettext_lazy("New search…")),
}
IN_FORCE = gettext_lazy("as in force")
# What a run does now, by the name under which it says so.
STEPS: dict[str, Words] = {
    "": gettext_lazy("starting"),
    "candles": gettext_lazy("reading candles"),
    "candidates": gettext_lazy("finding signals"),
    "deciding": gettext_lazy("deciding"),
    "layers": gettext_lazy("reckoning what each layer costs"),
    "measures": gettext_lazy("measuring"),
    "day": gettext_lazy("reading the day"),
}
SETS = "sets "


def field(name: str) -> str:
    """The title of a field of the form; a limit's is what it means."""
    if name in FIELDS:
        return str(FIELDS[name])
    if name in BY_NAME:
        meaning = str(twin(BY_NAME[name], "meaning"))
        return meaning[:1].upper() + meaning[1:]
    return name


def parameter(name: str) -> str:
    """The same for a parameter by the name that the run keeps: THRESHOLD, MAX_EXPOSURE_PCT."""
    return field(PARAMETERS[name].name.lower() if name in PARAMETERS else name)


def step(run: ReplayRun) -> str:
    if run.step.startswith(SETS):
        done, _slash, total = run.step.removeprefix(SETS).partition("/")
        return _("%(done)s of %(total)s trials are made") % {"done": done, "total": total}
    return str(STEPS.get(run.step, run.step))


def failure(run: ReplayRun) -> str:
    """Why it failed."""
    if run.error != PROCESS_LOST:
        return run.error
    return _("its process ended %(times)s times without a result; the last time it was %(step)s") % {
        "times": ATTEMPTS_MOST,
        "step": step(run),
    }


def changes(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(title, value) of every parameter that is not as it was in force."""
    values: Mapping[str, str] = parameters.get("values") or {}
    levels: Mapping[str, str] = parameters.get("levels") or {}
    fixed = [(parameter(name), parameter_value(name, Decimal(text))) for name, text in values.items()]
    return [(parameter(name), text) for name, text in levels.items()] + fixed


def level(name: str, text: str) -> str:
    return parameter_value(name, Decimal(text))


def parameter_value(name: str, value: Decimal) -> str:
    """A value as people say it: 40 %, 600 s."""
    one = PARAMETERS.get(name)
    if one and one.is_limit:
        return limit_words(BY_NAME[one.field], value)
    return formats.percent_short(value) if name in ("THRESHOLD", "EXIT") else formats.quantity(value)
