"""What protects the account with other limits: which recorded holds and breakers it has too, and which are its own.

An operator's and the audit's holds, pauses and the market's breakers come as they were recorded; a breaker whose
observed value is within the other limit does not open. A halt for loss and the drawdown follow the record while account
and limit are as recorded, and are found anew where one of them is not. What was released by an operator is released
here as well; what only the other limits hold lasts until such a release, or the end of the day. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from replay.rules.concurrent import STRICTNESS, holds_seen
from replay.rules.other_account import OtherAccount
from replay.rules.rebuilding import RebuiltDecision
from replay.rules.recorded_day import DayFacts, HoldChange, Spell
from risk.rules.circuit_breakers import KINDS, OpenBreaker, drawdown
from risk.rules.layers import DAILY_LOSS
from risk.rules.limits import NAMES, Limits

LOSS, BREAKERS, DRAWDOWN, SLIPPAGE = "LOSS", "BREAKERS", "DRAWDOWN", "SLIPPAGE"
# A breaker of the other limits has no row: its number follows all that have.
OWN_FROM = 1 << 62
Fact = tuple[datetime, HoldChange | Spell[OpenBreaker]]


class OtherProtection:
    """Gone through with the day: `facts` in order of wall time, each once."""

    def __init__(self, facts: DayFacts, changes: Mapping[str, Decimal]) -> None:
        self.facts, self.changes = facts, changes
        self.halted = False
        self.loss_follows = True
        self.dropped: set[int] = set()
        self.own: dict[tuple[str, str], OpenBreaker] = {}
        self.peak: Decimal | None = None
        self._waiting = sorted(_timed(facts), key=lambda fact: fact[0])[::-1]

    def limits(self, at: datetime) -> Limits:
        """The limits of the day at a moment, with those that are changed."""
        known = [limits for since, limits in self.facts.limits if since <= at] or [self.facts.limits[0][1]]
        return self.changed(known[-1])

    def changed(self, limits: Limits) -> Limits:
        named = {name: getattr(limits, name) for name in NAMES}
        return Limits(version=limits.version, **(named | dict(self.changes)))

    def advance(self, at: datetime, account: OtherAccount, opening: Decimal | None) -> None:
        """Take in what was recorded until a wall time."""
        while self._waiting and self._waiting[-1][0] <= at:
            moment, fact = self._waiting.pop()
            if isinstance(fact, HoldChange):
                self._hold(fact, account, opening)
            elif fact.begun == moment:
                self._opened(fact.value, moment, account)
            else:
                self.own.pop(fact.value.key, None)

    def _hold(self, change: HoldChange, account: OtherAccount, opening: Decimal | None) -> None:
        if change.owner != LOSS:
            return
        if change.state != "HALTED":
            self.halted, self.loss_follows = False, True
            return
        self.loss_follows = self.as_recorded(account, "max_daily_drawdown_pct") or self.loss_reached(
            account, opening, change.at
        )

    def as_recorded(self, account: OtherAccount, limit: str) -> bool:
        """Whether neither the account nor this limit is another than then."""
        return not account.is_apart and limit not in self.changes

    def loss_reached(self, account: OtherAccount, opening: Decimal | None, at: datetime) -> bool:
        if opening is None:
            return False
        limit = self.limits(at).max_daily_drawdown_pct
        return DAILY_LOSS.reached(equity=account.equity(), opening=opening + account.paid_in, limit=limit)

    def _opened(self, breaker: OpenBreaker, at: datetime, account: OtherAccount) -> None:
        if not self._opens(breaker, at, account):
            self.dropped.add(breaker.id)

    def _opens(self, breaker: OpenBreaker, at: datetime, account: OtherAccount) -> bool:
        observed, cause = self.facts.found.get(breaker.id, (None, ""))
        limit = KINDS[breaker.kind].limit
        if breaker.kind == DRAWDOWN:
            return self.as_recorded(account, limit) or self.fallen(account, at)
        if breaker.kind == SLIPPAGE and cause and account.is_apart and cause not in map(str, account.kept):
            return False
        return limit not in self.changes or observed is None or observed > getattr(self.limits(at), limit)

    def fallen(self, account: OtherAccount, at: datetime) -> bool:
        """Whether the account fell from its peak by the drawdown's limit."""
        peak = None if self.peak is None else self.peak + account.paid_in
        return drawdown(account.equity(), peak) >= self.limits(at).max_drawdown_pct

    def open(self, kind: str, symbol: str = "") -> bool:
        """Open a breaker of its own; False when it is open."""
        row = OpenBreaker(id=OWN_FROM + len(self.own), kind=kind, symbol=symbol)
        if row.key in self.own:
            return False
        self.own[row.key] = row
        return True

    def has(self, kind: str, at: datetime, symbol: str = "") -> bool:
        """Whether such a breaker is open, its own or a recorded one."""
        return (kind, symbol) in self.own or any(row.key == (kind, symbol) for row in self._recorded(at))

    def _recorded(self, at: datetime) -> list[OpenBreaker]:
        return [
            spell.value
            for spell in self.facts.breakers
            if spell.begun <= at and (spell.ended is None or spell.ended > at) and spell.value.id not in self.dropped
        ]

    def breakers(self, rebuilt: RebuiltDecision) -> tuple[OpenBreaker, ...]:
        """Those that a decision sees."""
        seen = [row for row in rebuilt.state.breakers if row.id not in self.dropped]
        symbol, keys = rebuilt.recorded.request.symbol, {row.key for row in seen}
        own = [row for key, row in self.own.items() if key not in keys and row.symbol in ("", symbol)]
        return tuple(sorted([*seen, *own], key=lambda row: row.id))

    def trading_state(self, at: datetime, recorded: str | None = None) -> str:
        """What holds trading here. `recorded` is what was seen then: it stands where nothing of it is dropped."""
        whole = [spell.value for spell in self.facts.breakers if not spell.value.symbol and spell.begun <= at]
        dropped = {LOSS} if not self.loss_follows else set()
        if any(row.id in self.dropped for row in whole) and not any(not row.symbol for row in self._recorded(at)):
            dropped.add(BREAKERS)
        states = holds_seen([change for change in self.facts.holds if change.owner not in dropped], at)
        state = recorded if recorded in states else max(states, key=STRICTNESS.index)
        own = "HALTED" if self.halted else "REDUCING" if any(not row.symbol for row in self.own.values()) else "ACTIVE"
        return max(state or "HALTED", own, key=STRICTNESS.index)


def _timed(facts: DayFacts) -> list[Fact]:
    timed: list[Fact] = [(change.at, change) for change in facts.holds]
    timed += [(spell.begun, spell) for spell in facts.breakers]
    return timed + [(spell.ended, spell) for spell in facts.breakers if spell.ended is not None]
