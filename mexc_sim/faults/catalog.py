"""The faults a simulated exchange can be told to have: one table of names, parameters, bounds and what to expect.

Everything that lists, checks or explains faults (the control endpoint, `manage.py sim_fault`, the pages) reads this
table. Pure.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from mexc_sim.faults.kinds import SYMBOLS, Fault, FaultKind, Parameter
from mexc_sim.faults.market_faults import MARKET_FAULTS
from mexc_sim.faults.trading_faults import TRADING_FAULTS

KINDS: dict[str, FaultKind] = {kind.name: kind for kind in (*MARKET_FAULTS, *TRADING_FAULTS)}


class FaultProblem(Exception):
    """A request that names no usable fault. The text names the field and the remedy."""


def read_fault(body: Mapping[str, Any], listed: Collection[str]) -> Fault:
    """The fault that a request describes; `listed` are the exchange's symbols. Raises FaultProblem."""
    kind = KINDS.get(str(body.get("kind", "")))
    if kind is None:
        raise FaultProblem(f"kind: there is no fault {body.get('kind', '')!r}. {_nearest(body.get('kind'), KINDS)}")
    unknown = sorted(set(body) - {"kind", *kind.field_names})
    if unknown:
        raise FaultProblem(f"{unknown[0]}: {kind.name} has no such field. It takes {', '.join(kind.field_names)}.")
    values = {item.name: _number(item, body.get(item.name, item.default)) for item in kind.fields}
    return Fault(kind=kind.name, values=values, symbols=_symbols(body.get(SYMBOLS, ()), listed))


def _number(parameter: Parameter, given: Any) -> float:
    name, low, high = parameter.name, parameter.low, parameter.high
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise FaultProblem(f"{name}: expected a number, got {given!r}. It is: {parameter.help}.")
    if parameter.whole and given != int(given):
        raise FaultProblem(f"{name}: expected a whole number, got {given!r}. It is: {parameter.help}.")
    if not low <= given <= high:
        raise FaultProblem(f"{name}: must be between {low:g} and {high:g}, got {given:g}. It is: {parameter.help}.")
    return float(given)


def _symbols(given: Any, listed: Collection[str]) -> frozenset[str]:
    if not isinstance(given, list | tuple) or not all(isinstance(symbol, str) for symbol in given):
        raise FaultProblem(f"{SYMBOLS}: expected a list of symbols, got {given!r}. Leave it out for all symbols.")
    for symbol in given:
        if symbol not in listed:
            raise FaultProblem(f"{SYMBOLS}: {symbol!r} is not listed here. {_nearest(symbol, listed)}")
    return frozenset(given)


def _nearest(given: Any, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(given), known, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {', '.join(near)}?"
    return f"Choose one of {', '.join(known)}." if len(known) < 40 else "Leave it out for all symbols."
