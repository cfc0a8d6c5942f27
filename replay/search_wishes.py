"""What a search is asked to try, read from a form or a program's JSON, and how much work that is.

Levels are written as the command has them, `0.01,0.02` or `0.005..0.03:0.005`; a fraction may be said in per cent. One
level fixes a parameter. A search runs beside trading, one process at a time, so it is bounded: sets, and sets × candles
with those of each walk-forward's past. What is more is refused with the command that does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from math import prod
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from replay.rules.parameter_space import ParameterLevels, levels_of
from replay.rules.parameters import PARAMETERS, in_settings
from replay.rules.trial_figures import OBJECTIVES
from replay.rules.walk_forward import MANNERS, lengths_of, splits
from risk.acts.parameters import DIGITS_MAX, BadValue
from signals_app.rules.strategy import strategy_of

SETS_MOST, PARTS_MOST = 5_000, 200
SET_CANDLES_MOST = 1_000_000_000
SEED_MOST = 2**31
TEXT_MOST = 300
PER_CENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
DECIMAL_COMMA = re.compile(r"(?<![\d.])0,\d+(?![\d.])")


def one_of(choices: tuple[str, ...], usual: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if (text or usual).upper() not in choices:
            raise BadValue(_("one of: %(choices)s") % {"choices": ", ".join(choices)})
        return (text or usual).upper()

    return read


def _draws(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= SETS_MOST:
        raise BadValue(_("a number from 1 to %(most)s; empty: every set") % {"most": SETS_MOST})
    return int(text)


def _seed(text: str) -> int:
    if text and (not text.isdecimal() or len(text) > 10 or int(text) >= SEED_MOST):
        raise BadValue(_("a whole number of 0 or more"))
    return int(text or 1)


def _walk(text: str) -> str:
    try:
        if text:
            lengths_of(text)
    except (ValueError, OverflowError):
        raise BadValue(_("days or hours to choose by and to play, such as 90d/30d")) from None
    return text.lower()


READERS: dict[str, Callable[[str], Any]] = {
    "by": one_of(OBJECTIVES, OBJECTIVES[0]),
    "random": _draws,
    "seed": _seed,
    "walk_forward": _walk,
    "manner": one_of(MANNERS, MANNERS[0]),
}


def levels(texts: Mapping[str, str], errors: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(what is fixed as exact text, what varies as the command writes it); what is wrong goes into `errors`."""
    fixed: dict[str, str] = {}
    varying: dict[str, str] = {}
    for name, typed in texts.items():
        try:
            text = _as_commanded(typed)
            found = levels_of(f"{name}={text}").levels
            if any(abs(level.adjusted()) > DIGITS_MAX for level in found):
                raise BadValue(_("at most %(most)s digits") % {"most": DIGITS_MAX})
        except (BadValue, ValueError) as problem:
            errors[name.lower()] = str(problem)
            continue
        except ArithmeticError:
            errors[name.lower()] = _("levels such as 0.01,0.02 or 0.005..0.03:0.005")
            continue
        if len(found) > 1:
            varying[name] = text
        else:
            fixed[name] = format(found[0], "f")
    if not varying and not errors:
        errors["levels"] = _("give at least one parameter several levels, such as 0.01,0.02 or 0.005..0.03:0.005")
    return fixed, varying


def _as_commanded(typed: str) -> str:
    """With fractions instead of per cent. Raises BadValue where a comma may be a decimal point."""
    if len(typed) > TEXT_MOST:
        raise BadValue(_("at most %(most)s characters") % {"most": TEXT_MOST})
    if DECIMAL_COMMA.search(typed):
        raise BadValue(_("a comma parts levels: write 0.05 with a point, or a space behind the comma"))
    return PER_CENT.sub(lambda found: format(Decimal(found[1]) / 100, "f"), typed)


def errors_of(values: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """What of a readable search cannot be, or is more than is searched from here: field → what would be right."""
    axes = [levels_of(f"{name}={text}") for name, text in values["levels"].items()]
    sets = min(prod(len(axis.levels) for axis in axes), values["random"] or SETS_MOST + 1)
    if sets > SETS_MOST:
        return {"random": _more(_("fewer levels, or so many sets drawn"), SETS_MOST, values)}
    return _no_strategy(axes, values["values"]) or _too_much(sets, values, now)


def strategy_error(problem: ValueError) -> dict[str, str]:
    """The field of what makes no strategy: an exit above the threshold, a lookback of half a candle."""
    name, _colon, words = str(problem).partition(": ")
    return {{"SIGNAL_EXIT_PCT": "exit", "LOOKBACK_MINUTES": "lookback_minutes"}.get(name, "threshold"): words}


def _no_strategy(axes: Sequence[ParameterLevels], fixed: Mapping[str, str]) -> dict[str, str]:
    """Why no combination makes a strategy; empty: one does."""
    asked = [axis for axis in axes if not PARAMETERS[axis.name].is_limit]
    base = {name: Decimal(text) for name, text in fixed.items() if not PARAMETERS[name].is_limit}
    why: dict[str, str] = {}
    for combination in islice(product(*(axis.levels for axis in asked)), SETS_MOST):
        values = base | {axis.name: level for axis, level in zip(asked, combination, strict=True)}
        changes: dict[str, Any] = {PARAMETERS[name].field: in_settings(PARAMETERS[name].field, value)
                                   for name, value in values.items()}  # fmt: skip
        try:
            replace(strategy_of(settings.ENVIRONMENT), **changes)
        except ValueError as problem:
            why = strategy_error(problem)
        else:
            return {}
    return why


def _too_much(sets: int, values: Mapping[str, Any], now: datetime) -> dict[str, str]:
    first, last = (int(datetime.fromisoformat(values[name]).timestamp()) for name in ("from", "to"))
    last = min(last, int(now.timestamp()))
    played_s = last - first
    if text := values["walk_forward"]:
        choose_s, play_s = lengths_of(text)
        if (last - first - choose_s) // play_s > PARTS_MOST:
            return {"walk_forward": _("more than %(most)s parts; choose longer ones") % {"most": PARTS_MOST}}
        try:
            parts = splits(first, last, (choose_s, play_s), values["manner"])
        except ValueError:
            return {"walk_forward": _("longer than the days that are played; choose shorter parts")}
        played_s += sum(part.chosen_s - part.first_s for part in parts)
    symbols = len(values["symbols"]) or settings.ENVIRONMENT.UNIVERSE_SIZE
    if sets * symbols * (played_s // settings.ENVIRONMENT.interval_s) > SET_CANDLES_MOST:
        return {"to": _more(_("fewer days, symbols or levels"), SET_CANDLES_MOST, values, candles=True)}
    return {}


def _more(remedy: str, most: int, values: Mapping[str, Any], *, candles: bool = False) -> str:
    words = (
        _("more than %(most)s sets × candles, the most beside trading: %(remedy)s. On the command line: %(command)s")
        if candles
        else _("more than %(most)s sets, the most beside trading: %(remedy)s. On the command line: %(command)s")
    )
    return words % {"most": f"{most:,}", "remedy": remedy, "command": command_of(values)}


def command_of(values: Mapping[str, Any]) -> str:
    """The same search on the command line, where it may use every core and take hours."""
    return " ".join(["manage.py search_parameters", *_options(values)])


def _options(values: Mapping[str, Any]) -> Iterator[str]:
    yield f"--from {values['from'][:16]}Z --to {values['to'][:16]}Z"
    if values["symbols"]:
        yield f"--symbols {' '.join(values['symbols'])}"
    texts = {**values["values"], **values["levels"]}
    for option, is_limit in (("--set", False), ("--limit", True)):
        if named := [f"{name}={''.join(text.split())}" for name, text in texts.items()
                     if PARAMETERS[name].is_limit == is_limit]:  # fmt: skip
            yield f"{option} {' '.join(named)}"
    yield f"--by {values['by'].lower()} --spread-bps {values['spread_bps']} --after-halt {values['after_halt']}"
    yield f"--fill {values['fill'].lower()} --marks {values['marks'].lower()}"
    if values["random"]:
        yield f"--random {values['random']} --seed {values['seed']}"
    if values["walk_forward"]:
        yield f"--walk-forward {values['walk_forward']}" + (" --anchored" if values["manner"] == MANNERS[1] else "")
