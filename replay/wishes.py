"""What a run is asked to play, read from a form or a program's JSON: every wrong field is named, with what is right.

Days are UTC days and both are played; a moment with its zone may stand for a day, the last one is then not played any
more. Without symbols the universe as it was is played. A parameter that is not named stays as it is in force.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cdb_site.clock import iso
from replay import search_wishes
from replay.rules.parameters import PARAMETERS, in_settings
from replay.rules.settings import CLOSE, FILLS, LIVE, MARKS, RULES, WIDEST_SPREAD_BPS, after_halt_of
from replay.search_wishes import one_of
from risk.acts.parameters import BadValue, decimal
from signals_app.rules.strategy import strategy_of

FIRST_YEAR = 2000
CANDLES_MOST = 20_000_000
SYMBOLS_MOST = 200
SPREAD_BPS = "4"
AFTER_HALT = "next-day"


class UnfitRun(Exception):
    """A wish that cannot be played: field → what is wrong and what would be right."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {words}" for name, words in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """`parameters` are plain JSON: what the run's row keeps, and its process reads."""

    kind: str
    parameters: dict[str, Any]


# The kinds that can be asked for: those that `replay.carriers` carries out.
OFFERED = ("REPLAY", "WHAT_IF", "SEARCH")


def offered() -> list[str]:
    return list(OFFERED)


def read_run(kind: str, typed: Mapping[str, Any], now: datetime) -> RunWish:
    """`now` is market time: what lies behind it has no candles. Raises UnfitRun."""
    if kind not in offered():
        raise UnfitRun({"kind": _("one of: %(kinds)s") % {"kinds": ", ".join(offered()) or "–"}})
    errors = {name[:60]: _("is nothing that such a run can be told") for name in typed if name not in names_of(kind)}
    values: dict[str, Any] = {}
    for name, read in READERS.get(kind, {}).items():
        try:
            values[name] = read(_text(typed.get(name)))
        except (BadValue, ValueError) as problem:
            errors[name] = str(problem).removeprefix(f"{name}: ")
    texts = {name: text for name in PARAMETERS if (text := _text(typed.get(name.lower())))}
    if kind == "SEARCH":
        values["values"], values["levels"] = search_wishes.levels(texts, errors)
    else:
        values["values"] = _values(texts, errors)
    errors |= _strategy_errors(values["values"])
    if "from" in values and "to" in values:
        errors |= _period_errors(values, now)
    if values.get("day", "") >= now.date().isoformat():
        errors["day"] = _("is not over yet: a day is played when it is whole")
    if kind == "SEARCH" and not errors:
        errors |= search_wishes.errors_of(values, now)
    if errors:
        raise UnfitRun(errors)
    return RunWish(kind=kind, parameters=values | {"interval": settings.ENVIRONMENT.INTERVAL})


def names_of(kind: str) -> set[str]:
    """What a run of this kind can be told. Another strategy would have had other signals than the recorded day."""
    parameters = {name.lower() for name, one in PARAMETERS.items() if one.is_limit or kind != "WHAT_IF"}
    return parameters | set(READERS.get(kind, {}))


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "").strip()


def _values(texts: Mapping[str, str], errors: dict[str, str]) -> dict[str, str]:
    """The parameters that are named, each as exact text."""
    found: dict[str, str] = {}
    for name, text in texts.items():
        try:
            found[name] = format(PARAMETERS[name].value(decimal(text)), "f")
        except (BadValue, ValueError) as problem:
            errors[name.lower()] = str(problem)
    return found


def _strategy_errors(values: Mapping[str, str]) -> dict[str, str]:
    """What two of them together cannot be: an exit above the threshold, a lookback of half a candle."""
    named = {PARAMETERS[name].field: text for name, text in values.items() if not PARAMETERS[name].is_limit}
    changes: dict[str, Any] = {field: in_settings(field, Decimal(text)) for field, text in named.items()}
    try:
        replace(strategy_of(settings.ENVIRONMENT), **changes)
    except ValueError as problem:
        return search_wishes.strategy_error(problem)
    return {}


def _moment(text: str, *, last: bool) -> str:
    moment = None
    try:
        day = date.fromisoformat(text) + timedelta(days=last)
        moment = datetime.combine(day, time(), UTC)
    except (ValueError, OverflowError):
        moment = _exact(text)
    if moment is None or not FIRST_YEAR <= moment.year < 2200:
        raise BadValue(_("a day such as 2026-01-31, or a moment with its zone such as 2026-01-31T12:00:00Z"))
    return iso(moment)


def _exact(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def _symbols(text: str) -> list[str]:
    found = list(dict.fromkeys(text.replace(",", " ").upper().split()))
    if not all(re.fullmatch(r"[A-Z0-9]{2,30}", name) for name in found):
        raise BadValue(_("a symbol has letters and digits, such as BTCUSDT"))
    if len(found) > SYMBOLS_MOST:
        raise BadValue(_("at most %(most)s symbols") % {"most": SYMBOLS_MOST})
    return found


def _spread(text: str) -> str:
    spread = Decimal(decimal(text or SPREAD_BPS))
    if not 0 <= spread < WIDEST_SPREAD_BPS:
        raise BadValue(_("basis points from 0 to below %(most)s") % {"most": WIDEST_SPREAD_BPS})
    return format(spread, "f")


def _halt(text: str) -> str:
    try:
        after_halt_of(text or AFTER_HALT)
    except ValueError:
        raise BadValue(_("next-day, never, or minutes of 1 or more")) from None
    return (text or AFTER_HALT).strip().lower().replace("_", "-")


def _day(text: str) -> str:
    with suppress(ValueError):
        if (day := date.fromisoformat(text)).year >= FIRST_YEAR:
            return day.isoformat()
    raise BadValue(_("a day such as 2026-01-31"))


PLAYED: dict[str, Callable[[str], Any]] = {
    "from": lambda text: _moment(text, last=False),
    "to": lambda text: _moment(text, last=True),
    "symbols": _symbols,
    "spread_bps": _spread,
    "fill": one_of(FILLS, CLOSE),
    "marks": one_of(MARKS, CLOSE),
    "after_halt": _halt,
    "rule": one_of(RULES, LIVE),
}
SEARCHED = {name: read for name, read in PLAYED.items() if name != "rule"} | search_wishes.READERS
READERS: dict[str, dict[str, Callable[[str], Any]]] = {"REPLAY": PLAYED, "WHAT_IF": {"day": _day}, "SEARCH": SEARCHED}


def _period_errors(values: Mapping[str, Any], now: datetime) -> dict[str, str]:
    first, last = datetime.fromisoformat(values["from"]), datetime.fromisoformat(values["to"])
    if first >= last:
        return {"to": _("must lie after the first day")}
    if first >= now:
        return {"from": _("lies ahead: only what has been can be played")}
    symbols = len(values.get("symbols") or ()) or settings.ENVIRONMENT.UNIVERSE_SIZE
    candles = symbols * int((last - first).total_seconds()) // settings.ENVIRONMENT.interval_s
    if candles > CANDLES_MOST:
        words = _("%(candles)s candles are too many, at most %(most)s: fewer days or symbols, or the command `replay`")
        return {"to": words % {"candles": f"{candles:,}", "most": f"{CANDLES_MOST:,}"}}
    return {}
