"""The faults a simulated exchange can be told to have: one table of names, parameters, bounds and what to expect.

A fault lasts `seconds` of wall time and then ends by itself; several may hold at once. Shares are fractions of
frames or answers. What is random follows from the fault's seed. Everything that lists, checks or explains faults
(the control endpoint, `manage.py sim_fault`, the page in docs) reads this table. Pure.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

SECONDS = "seconds"
SYMBOLS = "symbols"
SEED = "seed"
CATEGORIES = ("data", "connection", "rest", "prices")


class FaultProblem(Exception):
    """A request that names no usable fault. The text names the field and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One number of a fault; the bounds are inclusive."""

    name: str
    default: float
    low: float
    high: float
    help: str
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class ExpectedAlert:
    """An alert that must be raised within so many wall seconds, if the fault lasts `needs_s` and meets all symbols at
    its usual strength, and be closed again within `closes_within_s` of the fault's end. On a machine that has time."""

    code: str
    within_s: float
    needs_s: float = 0.0
    closes_within_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """One row of the table. `category`: one of CATEGORIES. `by_symbol`: may be narrowed to some symbols. `at_once`:
    over as soon as it is done.
    `expects`: of what is `seen`, the alerts that whoever orders the fault can wait for with a clock in hand."""

    name: str
    title: str
    category: str
    help: str
    seen: str
    expects: tuple[ExpectedAlert, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    by_symbol: bool = False
    at_once: bool = False

    @property
    def fields(self) -> tuple[Parameter, ...]:
        """All numbers that may be given, the common ones included."""
        return (*self.parameters, *(() if self.at_once else (DURATION,)), CHANCE)

    @property
    def field_names(self) -> list[str]:
        return [item.name for item in self.fields] + ([SYMBOLS] if self.by_symbol else [])


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault as asked for. No symbols: all of them."""

    kind: str
    values: Mapping[str, float]
    symbols: frozenset[str] = field(default_factory=frozenset)

    def concerns(self, symbol: str) -> bool:
        return not self.symbols or symbol in self.symbols

    @property
    def seconds(self) -> float:
        """Wall seconds; 0 for one that is over at once."""
        return self.values.get(SECONDS, 0.0)

    @property
    def sentence(self) -> str:
        """The fault in words for the log: silence of SOLUSDT, seconds 20, seed 1."""
        numbers = ", ".join(f"{name} {value:g}" for name, value in self.values.items())
        return f"{self.kind} of {', '.join(sorted(self.symbols)) or 'everything'}, {numbers}"


DURATION = Parameter(name=SECONDS, default=10, low=0.1, high=3600, help="wall seconds it lasts")
CHANCE = Parameter(name=SEED, default=1, low=0, high=99_999, help="what is random follows from it", whole=True)


def _share(default: float, of: str) -> Parameter:
    return Parameter(name="share", default=default, low=0, high=1, help=f"fraction of {of}")


KINDS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind(
            name="silence",
            title="No market data",
            category="data",
            help="no market data; sockets stay open, pings are answered",
            seen="after 5 s quotes come over REST, FEED_FALLBACK; sockets replaced after WS_SILENCE_S; after "
            "max_data_silence_s FEED_SILENT and the breaker SILENCE, exits only; SYMBOL_SILENT of one symbol",
            expects=(
                ExpectedAlert(code="FEED_FALLBACK", within_s=15, needs_s=8, closes_within_s=20),
                ExpectedAlert(code="FEED_SILENT", within_s=45, needs_s=40, closes_within_s=20),
                ExpectedAlert(code="BREAKER_SILENCE", within_s=45, needs_s=40, closes_within_s=60),
            ),
            by_symbol=True,
        ),
        FaultKind(
            name="garbage",
            title="Rubbish",
            category="data",
            help="frames replaced by rubbish, text and binary in turn",
            seen="cdb_malformed_total rises, FEED_MALFORMED",
            expects=(ExpectedAlert(code="FEED_MALFORMED", within_s=15, needs_s=8, closes_within_s=30),),
            parameters=(_share(0.5, "frames"),),
            by_symbol=True,
        ),
        FaultKind(
            name="corrupt",
            title="Damaged frames",
            category="data",
            help="frames cut off or with flipped bits",
            seen="cdb_malformed_total rises, FEED_MALFORMED; a price with a flipped bit may open JUMP or SPREAD; "
            "candles are confirmed or corrected from REST",
            expects=(ExpectedAlert(code="FEED_MALFORMED", within_s=15, needs_s=8, closes_within_s=30),),
            parameters=(_share(0.5, "frames"),),
            by_symbol=True,
        ),
        FaultKind(
            name="oversized",
            title="Huge frame",
            category="connection",
            help="a frame larger than any client should take",
            seen="the socket closes with code 1009 and opens again; cdb_malformed_total{reason=oversized}",
            parameters=(
                Parameter(name="mb", default=9, low=1, high=128, help="size of the frame in MiB", whole=True),
                Parameter(name="every_s", default=0, low=0, high=3600, help="wall seconds to the next; 0: only one"),
            ),
            by_symbol=True,
        ),
        FaultKind(
            name="gaps",
            title="Lost frames",
            category="data",
            help="frames lost on the way",
            seen="candles confirmed or corrected from REST",
            parameters=(_share(0.3, "frames"),),
            by_symbol=True,
        ),
        FaultKind(
            name="duplicates",
            title="Duplicates",
            category="data",
            help="frames sent twice, the second time a little later",
            seen="nothing but cdb_ws_stale_total rising",
            parameters=(_share(0.5, "frames"), Parameter(name="ms", default=300, low=0, high=60000, help="how late")),
            by_symbol=True,
        ),
        FaultKind(
            name="reordering",
            title="Wrong order",
            category="data",
            help="frames held back at random, so that later ones overtake them",
            seen="nothing but cdb_ws_stale_total rising; doubtful candles are confirmed from REST",
            parameters=(
                _share(0.5, "frames"),
                Parameter(name="ms", default=500, low=0, high=60000, help="longest time one is held back"),
            ),
            by_symbol=True,
        ),
        FaultKind(
            name="delay",
            title="Delay",
            category="data",
            help="every frame late, in its order",
            seen="candles stored late, quotes older by the delay",
            parameters=(
                Parameter(name="ms", default=1000, low=0, high=60000, help="delay"),
                Parameter(name="jitter_ms", default=200, low=0, high=60000, help="at most so much less or more"),
            ),
            by_symbol=True,
        ),
        FaultKind(
            name="lost_last_push",
            title="Lost close",
            category="data",
            help="the closed state of a candle is never pushed",
            seen="the candle is confirmed or corrected from REST",
            parameters=(_share(1, "candles"),),
            by_symbol=True,
        ),
        FaultKind(
            name="late_last_push",
            title="Late close",
            category="data",
            help="the closed state of a candle comes after the next one has begun",
            seen="the candle is confirmed or corrected from REST",
            parameters=(
                _share(1, "candles"),
                Parameter(name="late_s", default=1.5, low=0, high=60, help="wall seconds late"),
            ),
            by_symbol=True,
        ),
        FaultKind(
            name="disconnect",
            title="Disconnect",
            category="connection",
            help="all sockets closed without a word",
            seen="cdb_ws_reconnects_total rises; new sockets after jittered pauses, gaps filled",
            parameters=(
                Parameter(name="every_s", default=0, low=0, high=3600, help="wall seconds to the next; 0: only once"),
            ),
        ),
        FaultKind(
            name="refuse",
            title="Refuse sockets",
            category="connection",
            help="no new sockets: the upgrade is answered with 503",
            seen="sockets down; after 5 s quotes come over REST, FEED_FALLBACK; candles, too",
            expects=(ExpectedAlert(code="FEED_FALLBACK", within_s=15, needs_s=8, closes_within_s=20),),
            parameters=(
                Parameter(name="drop", default=1, low=0, high=1, help="1: open ones are closed first", whole=True),
            ),
        ),
        FaultKind(
            name="rest_5xx",
            title="Server errors",
            category="rest",
            help="REST answers with a server error",
            seen="calls repeated with growing pauses; EXCHANGE_UNREACHABLE after 10 s without any answer",
            expects=(ExpectedAlert(code="EXCHANGE_UNREACHABLE", within_s=25, needs_s=15, closes_within_s=20),),
            parameters=(
                _share(1, "answers"),
                Parameter(name="status", default=503, low=500, high=599, help="HTTP status", whole=True),
            ),
        ),
        FaultKind(
            name="rest_429",
            title="Too many requests",
            category="rest",
            help="REST says that too much was asked",
            seen="all processes wait as long as the exchange says; EXCHANGE_UNREACHABLE after 10 s without any answer",
            expects=(ExpectedAlert(code="EXCHANGE_UNREACHABLE", within_s=25, needs_s=15, closes_within_s=20),),
            parameters=(
                _share(1, "answers"),
                Parameter(name="retry_after_s", default=1, low=0, high=60, help="Retry-After header", whole=True),
            ),
        ),
        FaultKind(
            name="rest_slow",
            title="Slow REST",
            category="rest",
            help="REST answers late",
            seen="candles over REST late, calls of 10 s and more repeated; the socket goes on",
            parameters=(
                _share(1, "answers"),
                Parameter(name="delay_s", default=3, low=0, high=60, help="wall seconds to the answer"),
            ),
        ),
        FaultKind(
            name="clock_skew",
            title="Wrong clock",
            category="rest",
            help="the exchange's time is off, in /time and in frames",
            seen="CLOCK_SKEW and its breaker, exits only; market time, quotes and candles go on; what looked closed "
            "too early is corrected",
            expects=(
                ExpectedAlert(code="CLOCK_SKEW", within_s=15, needs_s=5, closes_within_s=20),
                ExpectedAlert(code="BREAKER_CLOCK_SKEW", within_s=15, needs_s=5, closes_within_s=60),
            ),
            parameters=(
                Parameter(
                    name="skew_s", default=5, low=-86400, high=86400, help="market seconds ahead; negative: behind"
                ),
            ),
        ),
        FaultKind(
            name="crash",
            title="Crash",
            category="prices",
            help="prices fall at once and recover over hours of market time",
            seen="breakers JUMP of the symbols; stops sell, one after the other; the market goes on",
            expects=(ExpectedAlert(code="BREAKER_JUMP", within_s=15, closes_within_s=90),),
            parameters=(Parameter(name="size", default=0.08, low=0.001, high=0.9, help="fraction lost"),),
            by_symbol=True,
            at_once=True,
        ),
        FaultKind(
            name="wide_spread",
            title="Wide spread",
            category="prices",
            help="bid and ask far apart",
            seen="fills cost more; stops may be touched by the lower bid",
            parameters=(Parameter(name="factor", default=10, low=1, high=1000, help="times the usual spread"),),
            by_symbol=True,
        ),
        FaultKind(
            name="sell_only",
            title="Only for sale",
            category="prices",
            help="a pair may be sold and not bought: tradeSideType 3",
            seen="within half a minute the instrument says SELL and leaves the universe unless it is held",
            by_symbol=True,
        ),
        FaultKind(
            name="delisted",
            title="Delisted",
            category="prices",
            help="a pair is gone: from the list, from REST and from the sockets",
            seen="within half a minute the instrument is HALTED and leaves the universe unless it is held; "
            "SYMBOL_SILENT while it is",
            by_symbol=True,
        ),
        FaultKind(
            name="coarser_step",
            title="Coarser steps",
            category="prices",
            help="quantities, or prices, take fewer decimals, and the smallest quantity is a step at least",
            seen="within half a minute the instrument has the coarser step and tick",
            parameters=(
                Parameter(name="quantity_places", default=1, low=0, high=12, help="decimals fewer", whole=True),
                Parameter(name="price_places", default=0, low=0, high=12, help="decimals fewer", whole=True),
            ),
            by_symbol=True,
        ),
    )
}


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
