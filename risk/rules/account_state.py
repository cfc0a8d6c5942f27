"""What is known when a batch is decided, as plain values: the account, the market of its symbols, the loss baselines.

Whoever decides brings these three: the services from PostgreSQL, Redis and their quote board, a replay from its
recorded market. Nothing here reads anything by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import msgspec

from execution.rules.fill_model import Book, Rules
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.day_opening import HeldAtMidnight
from risk.rules.limits import Limits
from risk.rules.portfolio import Mark, Portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What a UTC day's loss and the drawdown are measured from: equities in the quote asset. `peak` is None before the
    first stored mark. `missing` is what was held at midnight and still lacks the last close before it. `paid_in` is
    what had been paid into the account when they were read; None: nobody pays into it."""

    day: date
    opening: Decimal
    peak: Decimal | None
    final: bool = True
    missing: tuple[HeldAtMidnight, ...] = ()
    paid_in: Decimal | None = None

    def with_paid_in(self, paid_in: Decimal) -> Levels:
        """The same levels of an account into which so much was paid: as if it had been there all the time. What is
        compared to them must be of the same reading, or a deposit were a gain until the levels are read again."""
        if self.paid_in is None or paid_in == self.paid_in:
            return self
        moved = paid_in - self.paid_in
        peak = None if self.peak is None else self.peak + moved
        return replace(self, opening=self.opening + moved, peak=peak, paid_in=paid_in)

    def certain_opening(self, first_seen: Mapping[str, Decimal]) -> Decimal:
        """What layer 1 sells for is measured from it: an unknown close counts at most as the first price seen today."""
        return self.opening - sum((row.value - row.certain_value(first_seen) for row in self.missing), Decimal(0))


class SymbolMarket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One symbol at the venue. No rules: it is not listed. No book: it was never quoted; its age is in ms of wall
    time."""

    rules: Rules | None = None
    book: Book | None = None
    book_age_ms: int | None = None


class MarketLook(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a batch sees of the market, taken once: the market time, the symbols that are asked for, and the marks of
    those that are held, without those that were never priced. `place` is the newest entry of the stream of quotes that
    was seen; empty where that is not known."""

    market_now: datetime
    markets: Mapping[str, SymbolMarket] = msgspec.field(default_factory=dict)
    marks: Mapping[str, Mark] = msgspec.field(default_factory=dict)
    place: str = ""


class AccountState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an account stands at one moment. `last_stops` are market times, `last_sells` the open times of the newest
    SELL signals, `paused` the symbols without entries, `not_buyable` those that the exchange lets nobody buy now."""

    trading_state: str
    limits: Limits
    portfolio: Portfolio
    breakers: tuple[OpenBreaker, ...] = ()
    orders_last_minute: int = 0
    paused: frozenset[str] = frozenset()
    not_buyable: frozenset[str] = frozenset()
    last_stops: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    last_sells: Mapping[str, datetime] = msgspec.field(default_factory=dict)
