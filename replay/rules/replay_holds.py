"""What keeps a replayed account from trading, and until when: the halt for loss, breakers, and who releases them.

What the rules that watch live (`risk.rules.watching`) want is carried out here on plain values. What waits for an
operator live waits here for `after_halt`: the next UTC day, never, or so many minutes. A halt for loss goes on while
the day's loss is at its limit, as an operator could not release it either, and is tried again with each new day. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from replay.rules.settings import NEVER, NEXT_DAY
from replay.rules.symbol_breakers import MarketBreakers
from risk.rules.account_state import AccountState
from risk.rules.circuit_breakers import ACCOUNT, KINDS, Observations, OpenBreaker
from risk.rules.watching import BreakerKey, watch_market

MINUTE_S = 60


class ReplayHolds:
    """`market` are the breakers that the candles alone open; None: nobody watches the market."""

    def __init__(self, after_halt: str | int, market: MarketBreakers | None) -> None:
        self.after_halt, self.market = after_halt, market
        self.halted_at_s: int | None = None
        self.open: dict[BreakerKey, OpenBreaker] = {}
        self.opened: Counter[str] = Counter(market.counts() if market else {})
        self._opened_at_s: dict[BreakerKey, int] = {}
        self._good_since: Mapping[BreakerKey, float] = {}

    @property
    def drawdown_is_open(self) -> bool:
        return ("DRAWDOWN", ACCOUNT) in self.open

    @property
    def must_be_watched(self) -> bool:
        """Whether a breaker is open that releases itself."""
        return any(not KINDS[kind].latched for kind, _ in self.open)

    @property
    def ends_by_minutes(self) -> bool:
        """Whether what holds may be released in the middle of a day."""
        return not isinstance(self.after_halt, str) and bool(self.open or self.halted_at_s is not None)

    def trading_state(self, column: int) -> str:
        if self.halted_at_s is not None:
            return "HALTED"
        reducing = any(not symbol for _, symbol in self.open) or bool(self.market and self.market.feed_at(column))
        return "REDUCING" if reducing else "ACTIVE"

    def breakers(self, column: int, rows: Mapping[str, int]) -> tuple[OpenBreaker, ...]:
        """All that are open at a column's close: the account's, and those of the symbols with these rows."""
        found = list(self.open.values())
        if self.market:
            if self.market.feed:
                found += [OpenBreaker(id=0, kind=kind, symbol=ACCOUNT) for kind in self.market.feed_at(column)]
            for symbol, row in rows.items():
                if kinds := self.market.of(row, column):
                    found += [OpenBreaker(id=0, kind=kind, symbol=symbol) for kind in kinds]
        return tuple(sorted(found, key=lambda breaker: breaker.key)) if found else ()

    def halt(self, at_s: int) -> None:
        """Halt for loss; one that holds already keeps its time."""
        if self.halted_at_s is None:
            self.halted_at_s = at_s

    def look(self, state: AccountState, seen: Observations, at_s: int) -> None:
        """Open and release what one look at the account asks for. `state` has the breakers of `open` alone; no slip is
        seen twice."""
        acts = watch_market(state, seen, good_since=self._good_since, known_causes=(), now_s=float(at_s))
        for breaker, _ in acts.released:
            self._release(breaker.key)
        for finding in acts.opened:
            self.open[finding.key] = OpenBreaker(id=0, kind=finding.kind, symbol=finding.symbol)
            self._opened_at_s[finding.key] = at_s
            self.opened[finding.kind] += 1
        self._good_since = acts.good_since

    def due_at_s(self) -> list[int]:
        """When what is held now may be released by minutes, seconds of market time."""
        if isinstance(self.after_halt, str):
            return []
        since = [self._opened_at_s[key] for key in self.open if KINDS[key[0]].latched]
        since += [] if self.halted_at_s is None else [self.halted_at_s]
        return [at_s + self.after_halt * MINUTE_S for at_s in since]

    def release_due(self, before_s: int, at_s: int, *, new_day: bool, loss_lasts: bool) -> bool:
        """Release what is due at a close, `before_s` being that of the column before; True: the peak counts anew."""
        if self.halted_at_s is not None and not loss_lasts and self._is_due(self.halted_at_s, before_s, at_s, new_day):
            self.halted_at_s = None
        due = [
            key
            for key in self.open
            if KINDS[key[0]].latched and self._is_due(self._opened_at_s[key], before_s, at_s, new_day)
        ]
        for key in due:
            self._release(key)
        return ("DRAWDOWN", ACCOUNT) in due

    def _is_due(self, since_s: int, before_s: int, at_s: int, new_day: bool) -> bool:
        if self.after_halt in (NEXT_DAY, NEVER) or isinstance(self.after_halt, str):
            return new_day and self.after_halt == NEXT_DAY
        due_s = since_s + self.after_halt * MINUTE_S
        return due_s <= at_s and (new_day or due_s > before_s)

    def _release(self, key: BreakerKey) -> None:
        del self.open[key]
        del self._opened_at_s[key]
