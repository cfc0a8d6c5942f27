"""Every decision of a recorded day made again: its inputs put together anew, then decided. Pure.

    account    by `replay/rules/standing.py`: from fills, payments and orders, not from what the decision stored
    market     the look that is stored with the decision; the marks of what was held
    the rest   limits, breakers, pauses, holds, levels, rates: from their own rows, as they were at that moment

What waits for no lock is as it may have been seen (`replay/rules/concurrent.py`). The same functions decide as live.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from replay.rules.concurrent import CONCURRENT, holds_seen, limits_seen, orders_seen, peak_is_possible, perhaps, surely
from replay.rules.recorded_day import DayDecision, DayFacts, DayOrder, RecordedDay, Spell
from replay.rules.standing import DayStanding, portfolio_of
from risk.rules.account_state import AccountState, Levels
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.portfolio import Portfolio


class Unmarked(Exception):
    """A position is held at a decision that stored no mark of it. The text is the symbol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltDecision:
    """A decision made again, with the account and the orders it saw. `provisional`: its day's opening was not final
    yet, and is not compared."""

    recorded: DayDecision
    state: AccountState
    levels: Levels
    orders: tuple[DayOrder, ...]
    seen: DecisionInputs
    ruling: Ruling
    provisional: bool = False


class Rebuilding:
    """A day gone through once, in its own order."""

    def __init__(self, day: RecordedDay) -> None:
        self.day, self.standing = day, DayStanding(day)
        self._batch: tuple[datetime, int] | None = None

    def decisions(self) -> Iterator[RebuiltDecision | DayDecision]:
        """Each decision made again; one whose marks are not all stored comes back as it was recorded."""
        for decision in self.day.decisions:
            self.standing.advance(decision.version)
            try:
                yield self._again(decision)
            except Unmarked:
                yield decision
            self._note(decision)
        self.standing.advance()

    def _note(self, decision: DayDecision) -> None:
        before = self._in_batch(decision)
        self._batch = decision.at, before + int(decision.order_id is not None)
        self.standing.placed(decision)

    def _in_batch(self, decision: DayDecision) -> int:
        """Orders that the same batch had placed before."""
        return self._batch[1] if self._batch and self._batch[0] == decision.at else 0

    def _again(self, decision: DayDecision) -> RebuiltDecision:
        held = self.standing.held
        if unmarked := held.keys() - decision.marks.keys():
            raise Unmarked(", ".join(sorted(unmarked)))
        levels, provisional = levels_of(self.day.facts, decision, self.standing.paid_in)
        leaving = leaving_of(self.day.facts, decision)
        ways = [
            (orders, portfolio_of(self.standing.cash, held, decision.marks, orders, leaving))
            for orders in self.standing.open_orders(decision.at)
        ]
        orders, portfolio = next((way for way in ways if _same_account(way[1], decision)), ways[0])
        state = self._state(decision, portfolio)
        batch = DecisionBatch(
            state=state,
            markets={decision.request.symbol: decision.market},
            levels=levels,
            market_now=decision.market_now,
        )
        seen, ruling = batch.decide(decision.request)
        return RebuiltDecision(
            recorded=decision,
            state=state,
            levels=levels,
            orders=tuple(orders),
            seen=seen,
            ruling=ruling,
            provisional=provisional,
        )

    def _state(self, decision: DayDecision, portfolio: Portfolio) -> AccountState:
        facts, stored, at, symbol = self.day.facts, decision.inputs, decision.at, decision.request.symbol
        states = holds_seen(facts.holds, at)
        versions = limits_seen(facts.limits, at)
        fewest, most = orders_seen(facts.orders_placed, at, self._in_batch(decision))
        return AccountState(
            trading_state=stored.trading_state if stored.trading_state in states else sorted(states)[0],
            limits=next((one for one in versions if one.version == stored.limits_version), versions[0]),
            portfolio=portfolio,
            breakers=breakers_of(facts, decision),
            orders_last_minute=min(max(stored.orders_last_minute, fewest), most),
            paused=frozenset({symbol} if _seen_as(facts.pauses, symbol, at, stored.paused) else ()),
            not_buyable=frozenset() if stored.tradable else frozenset({symbol}),
            last_stops=stops_of(facts, decision),
            last_sells=sells_of(facts, decision),
        )


def _same_account(portfolio: Portfolio, decision: DayDecision) -> bool:
    """Whether a way to see the open orders is the one that was seen."""
    stored, symbol = decision.inputs, decision.request.symbol
    return (
        portfolio.exposure == stored.exposure
        and portfolio.free_cash == stored.free_cash
        and (symbol in portfolio.reserved) == stored.entry_open
        and portfolio.exiting.get(symbol) == stored.live_exit_order
    )


def _seen_as(spells: tuple[Spell[str], ...], symbol: str, at: datetime, stored: bool) -> bool:
    """Whether something that concerns one symbol was seen: as stored, where both are possible."""
    own = [spell for spell in spells if spell.value == symbol]
    sure, maybe = bool(surely(own, at)), bool(perhaps(own, at))
    return stored if sure <= stored <= maybe else sure


def leaving_of(facts: DayFacts, decision: DayDecision) -> tuple[str, ...]:
    """The symbol where it was to be flat; others concern no decision but their own."""
    symbol, stored = decision.request.symbol, decision.inputs.exit_wanted
    return (symbol,) if _seen_as(facts.leaving, symbol, decision.at, stored) else ()


def breakers_of(facts: DayFacts, decision: DayDecision) -> tuple[OpenBreaker, ...]:
    """The open breakers of the account and of the decision's symbol, in order of their numbers."""
    stored, at = set(decision.inputs.breakers), decision.at
    own: list[Spell[OpenBreaker]] = [
        spell for spell in facts.breakers if spell.value.symbol in ("", decision.request.symbol)
    ]
    sure, maybe = surely(own, at), perhaps(own, at)
    fits = {str(row) for row in sure} <= stored <= {str(row) for row in maybe}
    chosen = {str(row): row for row in maybe if str(row) in stored} if fits else {str(row): row for row in sure}
    return tuple(sorted(chosen.values(), key=lambda row: row.id))


def stops_of(facts: DayFacts, decision: DayDecision) -> dict[str, datetime]:
    """The market time of the symbol's newest stop that another batch had ordered before."""
    symbol, since = decision.request.symbol, decision.market_now.timestamp() - 86_400
    times = [
        moment for name, moment, at in facts.stops if name == symbol and at < decision.at and moment.timestamp() > since
    ]
    return {symbol: max(times)} if times else {}


def sells_of(facts: DayFacts, decision: DayDecision) -> dict[str, datetime]:
    """A candle that said SELL of the symbol: a later one than the request's only where one may have been seen."""
    symbol, opened = decision.request.symbol, decision.request.open_time
    if opened is None:
        return {}
    later = [(moment, at) for name, moment, at in facts.sells if name == symbol and moment > opened]
    sure = [moment for moment, at in later if at <= decision.at - CONCURRENT]
    maybe = [moment for moment, at in later if at <= decision.at + CONCURRENT]
    chosen = maybe if decision.inputs.overtaken else (sure if decision.request.side == "BUY" else [])
    return {symbol: max(chosen)} if chosen else {}


def levels_of(facts: DayFacts, decision: DayDecision, paid_in: Decimal) -> tuple[Levels, bool]:
    """(The day's opening and the peak as they must have been seen, whether the opening was not final yet)."""
    stored, levels = decision.inputs, facts.levels
    opening = None if levels.opening is None else levels.opening + paid_in
    provisional = opening != stored.day_opening_equity and (
        opening is None or (levels.provisional_until is not None and decision.at <= levels.provisional_until)
    )
    told = stored.day_opening_equity if provisional else opening
    earned = None if stored.peak_equity is None else stored.peak_equity - paid_in
    possible = peak_is_possible(levels, earned, decision.at, decision.market_now)
    peak = stored.peak_equity if possible else _highest(facts, decision, paid_in)
    day = decision.market_now.date()
    return Levels(day=day, opening=told if told is not None else paid_in, peak=peak, paid_in=paid_in), provisional


def _highest(facts: DayFacts, decision: DayDecision, paid_in: Decimal) -> Decimal | None:
    """The peak as its points have it, for one that none of them explains."""
    points = [point.earned for point in facts.levels.points if point.stored_at <= decision.at]
    return max(points) + paid_in if points else None
