"""A recorded day played again with other limits: the same signals, looks, pauses, acts of operators, market breakers.

What was decided is decided again on the account as it would stand; what comes out as it was recorded keeps its recorded
fill, anything else fills from the tape after the day's median delay (`replay/rules/other_day.py`). Nothing here differs
from the record before a limit makes it differ: the same limits give the same day. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from replay.rules.day_path import begins, ends
from replay.rules.other_day import OtherDay, is_placed, said, stopped
from replay.rules.rebuilding import Rebuilding, RebuiltDecision
from replay.rules.recorded_day import DayBooking, DayDecision, DayOrder, RecordedDay
from replay.rules.what_if import WhatIf
from risk.rules.account_state import AccountState, Levels
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.exiting import wants_flat
from risk.rules.limits import BY_NAME

SLIPPAGE = "SLIPPAGE"
LOSS_CLOSE_OUT = "DAILY_LOSS"
NOT_FOUND_ANEW = (
    "max_data_silence_s",
    "max_jump_pct",
    "max_spread_bps",
    "max_orders_per_minute",
    "max_reject_rate_pct",
    "max_clock_skew_s",
    "good_data_s",
)


class Playing(OtherDay):
    """One day with other limits, gone through once."""

    def run(self, progress: Callable[[float], None] = lambda part: None) -> WhatIf:
        """Play the day to its end."""
        self._sample(self._now)
        self._keep_what_was_open()
        decisions, count = Rebuilding(self.day).decisions(), max(1, len(self.day.decisions))
        for number, rebuilt in enumerate(decisions, 1):
            recorded = rebuilt.recorded if isinstance(rebuilt, RebuiltDecision) else rebuilt
            self._take_bookings(recorded.version)
            self._walk(recorded.at)
            if isinstance(rebuilt, RebuiltDecision):
                self._decided(rebuilt)
            else:
                self.not_recorded += 1
                self._follow_record(rebuilt)
            progress(number / count)
        self._take_bookings(None)
        self._walk(ends(self.day))
        self._fill_due(ends(self.day), at_last=True)
        self._sample(ends(self.day))
        return self._result()

    def _keep_what_was_open(self) -> None:
        """Orders from before the first decision fill as they did."""
        begun = begins(self.day)
        self.other.kept |= {order.order_id for order in self.day.orders.values() if order.placed_at < begun}
        self.other.stops |= {symbol: moment for symbol, moment, at in sorted(self.day.facts.stops) if at < begun}

    def _take_bookings(self, version: int | None) -> None:
        """The recorded bookings up to a version of the account; None: all."""
        while self._next < len(self.day.bookings):
            booking = self.day.bookings[self._next]
            if version is not None and booking.version > version:
                return
            self._next += 1
            self._walk(booking.at)
            self._book(booking)

    def _book(self, booking: DayBooking) -> None:
        for account in (self.twin, self.other):
            account.pay(booking.paid)
        for one in booking.fills:
            self.twin.take(one)
            if one.order_id in self.other.kept:
                self.other.take(one)
                order = self.day.orders.get(one.order_id)
                if order is not None and order.last_fill_id == one.fill_id:
                    self._slipped(order, booking.at)
        self._sample(booking.at)

    def _slipped(self, order: DayOrder, at: datetime) -> None:
        """A kept order slipped by more than the other limit allows, and opened nothing then."""
        if "max_slippage_pct" not in self.changes or not order.slippage:
            return
        if order.slippage > self.protection.limits(at).max_slippage_pct and self.protection.open(
            SLIPPAGE, order.symbol
        ):
            self._differs(at, None, "BREAKER", "", order.symbol, other=f"SLIPPAGE {order.slippage:.4f}")

    def _decided(self, rebuilt: RebuiltDecision) -> None:
        """A recorded decision, decided on the other account."""
        recorded, symbol = rebuilt.recorded, rebuilt.recorded.request.symbol
        self._learn(recorded)
        if not self._is_asked(rebuilt):
            self._gone(recorded)
            return
        batch = DecisionBatch(
            state=self._state(rebuilt),
            markets={symbol: recorded.market},
            levels=self._levels(rebuilt),
            market_now=recorded.market_now,
        )
        seen, ruling = batch.decide(recorded.request)
        if self._same(rebuilt, ruling):
            if wants_flat(seen, ruling):
                self.other.leaving.add(symbol)
            self._follow_record(recorded)
            return
        placed = is_placed(ruling)
        self.gone += int(recorded.order_id is not None and not placed)
        self.new += int(recorded.order_id is None and placed)
        self._differs(
            recorded.at,
            recorded.number,
            recorded.request.kind,
            recorded.request.side,
            symbol,
            recorded=said(recorded.outcome, recorded.reason_code, recorded.quantity),
            other=said(ruling.outcome, ruling.reason_code, ruling.quantity),
            modelled=placed,
        )
        self._follow(recorded.decision_id, recorded.at, seen, ruling)
        if recorded.request.kind == "STOP" and ruling.approved:
            self.other.stops[symbol] = recorded.market_now

    def _same(self, rebuilt: RebuiltDecision, ruling: Ruling) -> bool:
        recorded = rebuilt.recorded
        order = self.day.orders.get(recorded.order_id) if recorded.order_id else None
        return (
            (ruling.outcome, ruling.reason_code, ruling.quantity)
            == (recorded.outcome, recorded.reason_code, recorded.quantity)
            and (order is not None) == is_placed(ruling)
            and (order is None or order.side == "SELL" or order.limit_price == ruling.limit_price)
        )

    def _learn(self, decision: DayDecision) -> None:
        """The market as the decision saw it."""
        market, symbol = decision.market, decision.request.symbol
        self.twin.marks.update(decision.marks)
        if market.rules is not None:
            self._rules[symbol] = market.rules
        if market.book is not None:
            self._looked[symbol] = market.book

    def _is_asked(self, rebuilt: RebuiltDecision) -> bool:
        """Whether the other account asks for it too. Signals are always asked; an exit only of what is held there and
        has its cause there."""
        recorded = rebuilt.recorded
        request, holding = recorded.request, self.other.holding(recorded.request.symbol)
        if request.kind == "SIGNAL" and request.open_time is not None:
            return True
        is_apart = request.symbol in self.other.apart
        if is_apart and (not holding.quantity or self._is_leaving(request.symbol)):
            return False
        if request.kind == "STOP":
            return self._stop_holds(rebuilt, is_apart=is_apart)
        if request.kind == "HALT" and not self.protection.loss_follows and not self.protection.halted:
            return self._closed_out_by(recorded.at) != LOSS_CLOSE_OUT
        return not is_apart or request.kind in ("HALT", "OPERATOR") or request.symbol in self.other.leaving

    def _stop_holds(self, rebuilt: RebuiltDecision, *, is_apart: bool) -> bool:
        """A stop that was carried out again follows the first one; a first one must be reached here."""
        recorded, holding = rebuilt.recorded, self.other.holding(rebuilt.recorded.request.symbol)
        if recorded.inputs.exit_wanted and recorded.request.symbol in self.other.leaving:
            return True
        if not is_apart and "stop_loss_pct" not in self.changes:
            return True
        bid, limits = recorded.inputs.bid, self.protection.changed(rebuilt.state.limits)
        return bid is not None and bool(holding.quantity) and stopped(bid, holding.avg_entry_price, limits)

    def _closed_out_by(self, at: datetime) -> str:
        causes = [spell.value for spell in self.day.facts.close_outs if spell.begun <= at]
        return causes[-1] if causes else ""

    def _gone(self, decision: DayDecision) -> None:
        self.gone += int(decision.order_id is not None)
        request, was = decision.request, said(decision.outcome, decision.reason_code, decision.quantity)
        self._differs(decision.at, decision.number, request.kind, request.side, request.symbol, recorded=was)

    def _follow_record(self, decision: DayDecision) -> None:
        """Decided as recorded: its order keeps its recorded fill."""
        if decision.order_id is None:
            return
        self.other.kept.add(decision.order_id)
        self.other.orders += 1
        if decision.request.kind == "STOP":
            self.other.stops[decision.request.symbol] = decision.market_now

    def _state(self, rebuilt: RebuiltDecision) -> AccountState:
        recorded, was, symbol = rebuilt.recorded, rebuilt.state, rebuilt.recorded.request.symbol
        is_apart = symbol in self.other.apart
        leaving = symbol in self.other.leaving if is_apart else recorded.inputs.exit_wanted
        stops = {symbol: self.other.stops[symbol]} if is_apart and symbol in self.other.stops else {}
        return AccountState(
            trading_state=self.protection.trading_state(recorded.at, was.trading_state),
            limits=self.protection.changed(was.limits),
            portfolio=self.other.portfolio(rebuilt.orders, recorded.marks, [symbol] if leaving else []),
            breakers=self.protection.breakers(rebuilt),
            orders_last_minute=was.orders_last_minute,
            paused=was.paused,
            not_buyable=was.not_buyable,
            last_stops=stops if is_apart else was.last_stops,
            last_sells=was.last_sells,
        )

    def _levels(self, rebuilt: RebuiltDecision) -> Levels:
        was = rebuilt.levels
        if not self.other.is_apart:
            return was
        peak = self._peak(rebuilt.recorded.at)
        return Levels(
            day=was.day,
            opening=was.opening,
            peak=None if peak is None else peak + self.other.paid_in,
            paid_in=self.other.paid_in,
        )

    def _result(self) -> WhatIf:
        recorded = sum(decision.order_id is not None for decision in self.day.decisions)
        return WhatIf(
            account=self.day.account,
            day=self.day.day,
            limits=self.asked,
            decisions=len(self.day.decisions),
            changed=len(self.found),
            gone=self.gone,
            new=self.new,
            modelled=self.modelled,
            from_look=self.from_look,
            not_recorded=self.not_recorded + self.day.unrecorded,
            delay_s=None if self.delay is None else round(self.delay.total_seconds(), 3),
            recorded=self._paths["recorded"].side(self.twin, recorded),
            other=self._paths["other"].side(self.other, self.other.orders),
            changes=tuple(self.found),
            not_modelled=not_modelled(self.changes, self.day),
        )


def not_modelled(changes: Mapping[str, Decimal], day: RecordedDay) -> tuple[str, ...]:
    """Limits made tighter whose further breakers are not found: a tape has no silences, rates or clocks."""
    loosest = {name: _loosest(name, day) for name in NOT_FOUND_ANEW if name in changes}
    return tuple(name for name, was in loosest.items() if (changes[name] < was) == (BY_NAME[name].tighter == "LOWER"))


def _loosest(name: str, day: RecordedDay) -> Decimal:
    values: list[Decimal] = [getattr(limits, name) for _, limits in day.facts.limits]
    return max(values) if BY_NAME[name].tighter == "LOWER" else min(values)
