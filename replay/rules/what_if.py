"""What other limits would have made of a day: every decision that comes out otherwise, and both accounts side by side.

    changed   recorded decisions that come out otherwise, and those that only the other limits ask for
    gone      recorded orders that are not placed; `new` are orders that were not placed then
    modelled  orders filled from the tape, after the day's median delay from decision to fill; all others as recorded

Money in the quote asset. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cdb_site.units import plain

FOLLOWING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDecision:
    """One decision as it was and as it would be: outcome, reason, quantity. An empty side was not asked for; `number`
    None: only the other limits ask for it. `modelled`: its order is filled by the model. `at` is wall time."""

    at: datetime
    number: int | None
    kind: str
    side: str
    symbol: str
    recorded: str = ""
    other: str = ""
    modelled: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "number": self.number,
            "kind": self.kind,
            "side": self.side,
            "symbol": self.symbol,
            "recorded": self.recorded or None,
            "other": self.other or None,
            "modelled": self.modelled,
        }

    def __str__(self) -> str:
        named = f"decision {self.number}" if self.number is not None else "new"
        sides = f"{self.recorded or 'not asked for'} → {self.other or 'not asked for'}"
        mark = " (modelled)" if self.modelled else ""
        return f"{self.at:%H:%M:%S} {named} {self.kind} {self.side} {self.symbol}: {sides}{mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySide:
    """One account over the day. `drawdown` is the deepest fall from a peak of the day, a fraction; `orders` how many
    were placed."""

    pnl: Decimal
    fees: Decimal
    drawdown: Decimal
    equity: Decimal
    orders: int

    def as_json(self) -> dict[str, Any]:
        money = {name: plain(round(getattr(self, name), 12)) for name in ("pnl", "fees", "equity")}
        return money | {"drawdown": plain(round(self.drawdown, 8)), "orders": self.orders}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The result. `delay_s` is the median from decision to fill, None: nothing was filled that day, and what is
    modelled is filled at once; `from_look` counts modelled orders that the tape had no fresh quote for."""

    account: str
    day: date
    limits: Mapping[str, Decimal]
    decisions: int
    changed: int
    gone: int
    new: int
    modelled: int
    from_look: int
    not_recorded: int
    delay_s: float | None
    recorded: DaySide
    other: DaySide
    changes: tuple[ChangedDecision, ...] = ()
    not_modelled: tuple[str, ...] = ()

    @property
    def first(self) -> ChangedDecision | None:
        return self.changes[0] if self.changes else None

    def as_json(self) -> dict[str, Any]:
        counted = ("decisions", "changed", "gone", "new", "modelled", "from_look", "not_recorded", "delay_s")
        return {
            "day": self.day.isoformat(),
            "account": self.account,
            "limits": {name: plain(value) for name, value in self.limits.items()},
            **{name: getattr(self, name) for name in counted},
            "recorded": self.recorded.as_json(),
            "other": self.other.as_json(),
            "first": self.first.as_json() if self.first else None,
            "follows": [one.as_json() for one in self.changes[1 : FOLLOWING + 1]],
            "not_modelled": list(self.not_modelled),
        }
