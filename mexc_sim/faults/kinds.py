"""What a fault of the simulated exchange is: its name, numbers with bounds, what is to be seen, and one as asked for.

A fault lasts `seconds` of wall time and then ends by itself; several may hold at once. Shares are fractions of frames
or answers. What is random follows from the fault's seed. The rows are in `market_faults` and `trading_faults`.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECONDS = "seconds"
SYMBOLS = "symbols"
SEED = "seed"
TRADING = "trading"
CATEGORIES = ("data", "connection", "rest", "prices", TRADING)


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
    def needs_accounts(self) -> bool:
        """Of the exchange's trading side: nothing to strike where nobody can trade."""
        return self.category == TRADING

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


def share(default: float, of: str) -> Parameter:
    return Parameter(name="share", default=default, low=0, high=1, help=f"fraction of {of}")
