"""The market side of a day with other limits: quotes of the tape, what watches the account over them, modelled fills.

    layer 5   the bid of a held symbol at or below its stop → an exit, where account or limit are not as recorded
    layer 1   the day's loss at the limit → halt, cancel open buys, sell everything
    layer 2   the drawdown at its limit → trading only reduces
    fills     an order that was not placed then is filled on the newest quote after the day's median delay; on the
              look it was decided on where the tape has none

Pure: `replay/rules/playing.py` goes through the record and asks this for what lies between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from cdb_site.units import plain
from execution.rules.fill_model import Book, DepthUnknown, Model, Rules, fill
from replay.rules.day_path import DAY, DayPath, begins, ends, median_delay
from replay.rules.other_account import Due, OtherAccount
from replay.rules.other_protection import OtherProtection
from replay.rules.recorded_day import DayOrder, RecordedDay
from replay.rules.tape_quotes import DayTape, TapeQuote
from replay.rules.what_if import ChangedDecision
from risk.rules.account_state import AccountState, SymbolMarket
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.exiting import wants_flat
from risk.rules.layers import STOP_LOSS
from risk.rules.limits import Limits

OWN = UUID("6f1d6e3c-0f6f-5b0e-9a43-6a1f8f3f7c11")
# As much of the tape before the day's first moment as its newest quotes may be old.
BEFORE = timedelta(minutes=1)
WATCH_EVERY = timedelta(milliseconds=250)
SAMPLE_EVERY = timedelta(seconds=5)
# From a quote to the beginning of the decision that it made.
SAME_LOOK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRequest:
    """An exit that only the other limits ask for."""

    decision_id: UUID
    kind: str
    symbol: str
    side: str = "SELL"
    strength: Decimal = Decimal(1)
    expires_at: datetime | None = None
    open_time: datetime | None = None


class OtherDay:
    """One account with other limits, as the market goes on."""

    def __init__(self, day: RecordedDay, changes: Mapping[str, Decimal], *, tape: DayTape, model: Model) -> None:
        self.day, self.asked, self.tape, self.model = day, changes, tape, model
        self.changes = really_changed(day, changes)
        self.other = OtherAccount(cash=day.cash, paid_in=day.paid_in, holdings=dict(day.holdings))
        self.twin = OtherAccount(cash=day.cash, paid_in=day.paid_in, holdings=dict(day.holdings))
        self.other.marks = self.twin.marks
        self.protection = OtherProtection(day.facts, self.changes)
        self.opening = day.facts.levels.opening
        self.delay = median_delay(day)
        self.found: list[ChangedDecision] = []
        self.gone = self.new = self.modelled = self.from_look = self.not_recorded = 0
        self._books: dict[str, TapeQuote] = {}
        self._rules: dict[str, Rules] = {}
        self._looked: dict[str, Book] = {}
        self._paths = {"recorded": DayPath(), "other": DayPath()}
        self._now, self._next = begins(day) - BEFORE, 0
        self._watched: datetime | None = None
        self._ended_with = {one.order_id: row.version for row in day.bookings for one in row.fills}
        self._stops_of: dict[str, list[datetime]] = {}
        for one in day.decisions:
            if one.request.kind == "STOP":
                self._stops_of.setdefault(one.request.symbol, []).append(one.at)
        self._sampled: datetime | None = None
        self._apart_at: datetime | None = None

    def _walk(self, until: datetime) -> None:
        """Over the quotes of the tape, up to a wall time."""
        if until > self._now:
            for quote in self.tape.quotes(self._now, until):
                self._step(quote.at)
                self._take_quote(quote)
            self._now = until
        self._step(self._now)

    def _step(self, at: datetime) -> None:
        self.protection.advance(at, self.other, self.opening)
        self._fill_due(at)
        if self._sampled is None or at - self._sampled >= SAMPLE_EVERY:
            self._sample(at)

    def _take_quote(self, quote: TapeQuote) -> None:
        self._books[quote.symbol] = quote
        self.twin.marks[quote.symbol] = (quote.book.bid + quote.book.ask) / 2
        if quote.symbol in self.other.held:
            self._watch_stop(quote)
            if self._watched is None or quote.at - self._watched >= WATCH_EVERY:
                self._watched = quote.at
                self._watch_account(quote.at)

    def _watch_stop(self, quote: TapeQuote) -> None:
        """Layer 5, where account or limit are not as recorded."""
        symbol, holding = quote.symbol, self.other.holding(quote.symbol)
        is_apart, limits = symbol in self.other.apart, self.protection.limits(quote.at)
        if not is_apart and "stop_loss_pct" not in self.changes:
            return
        if self._is_leaving(symbol) or not stopped(quote.book.bid, holding.avg_entry_price, limits):
            return
        if not self._stop_ahead(symbol, quote.at):
            self._own_exit(symbol, "STOP", quote.at)

    def _stop_ahead(self, symbol: str, at: datetime) -> bool:
        """Whether the record stops the symbol on this very look: then that decision is the one to be made."""
        return any(at <= moment <= at + SAME_LOOK for moment in self._stops_of.get(symbol, ()))

    def _is_leaving(self, symbol: str) -> bool:
        """Whether an exit of the symbol is under way: one that is due, or a kept one that is not booked yet."""
        if any(one.order.symbol == symbol and one.order.side == "SELL" for one in self.other.due):
            return True
        return symbol in self.other.leaving and symbol not in self.other.apart

    def _watch_account(self, at: datetime) -> None:
        """Layers 1 and 2 of the whole account, where account or limits are not as recorded."""
        protection, other = self.protection, self.other
        if not protection.as_recorded(other, "max_daily_drawdown_pct") and not protection.halted:
            held = protection.trading_state(at) == "HALTED" and protection.loss_follows and self._loss_held(at)
            if not held and protection.loss_reached(other, self.opening, at):
                self._halt(at)
        if not protection.as_recorded(other, "max_drawdown_pct") and not protection.has("DRAWDOWN", at):
            protection.peak = self._peak(at)
            if protection.fallen(other, at) and protection.open("DRAWDOWN"):
                self._differs(at, None, "BREAKER", "", "", other="DRAWDOWN opened: trading only reduces")

    def _loss_held(self, at: datetime) -> bool:
        states = [change.state for change in self.day.facts.holds if change.owner == "LOSS" and change.at <= at]
        return states[-1:] == ["HALTED"]

    def _halt(self, at: datetime) -> None:
        """The day's loss: no entries, open ones canceled, everything sold."""
        self.protection.halted = True
        self._differs(at, None, "HALT", "", "", other="HALTED for the day's loss")
        unfilled = [order for order in self.day.orders.values() if order.side == "BUY" and not self._is_over(order)]
        open_buys = [order for order in unfilled if order.order_id in self.other.kept and order.placed_at <= at]
        self.other.withdraw([one.order_id for one in open_buys], [one.symbol for one in open_buys])
        self.other.due = [one for one in self.other.due if one.order.side == "SELL"]
        for symbol in list(self.other.held):
            if not self._is_leaving(symbol):
                self._own_exit(symbol, "HALT", at)

    def _is_over(self, order: DayOrder) -> bool:
        """Whether the order is among what was booked, or ended without a fill."""
        if order.last_fill_id is not None:
            booked = self.day.bookings[self._next - 1].version if self._next else self.day.version
            return self._ended_with.get(order.order_id, self.day.version) <= booked
        return order.closed_at is not None and order.closed_at <= self._now

    def _own_exit(self, symbol: str, kind: str, at: datetime) -> None:
        """An exit that only the other limits ask for, decided on the newest quote."""
        quote, rules = self._books.get(symbol), self._rules.get(symbol)
        book = quote.book if quote else self._looked.get(symbol)
        market = SymbolMarket(rules=rules, book=book, book_age_ms=_age_ms(at, quote) if quote else None)
        request = OwnRequest(decision_id=uuid5(OWN, f"{kind} {symbol} {at.isoformat()}"), kind=kind, symbol=symbol)
        seen = self._seen_orders(at)
        state = AccountState(
            trading_state=self.protection.trading_state(at),
            limits=self.protection.limits(at),
            portfolio=self.other.portfolio(seen, self.other.marks, self.other.leaving),
        )
        batch = DecisionBatch(state=state, markets={symbol: market}, levels=None, market_now=at)
        inputs, ruling = batch.decide(request)
        if ruling.approved:
            self.new += 1
        was = said(ruling.outcome, ruling.reason_code, ruling.quantity)
        self._differs(at, None, kind, "SELL", symbol, other=was, modelled=is_placed(ruling))
        self._follow(request.decision_id, at, inputs, ruling)
        if kind == "STOP" and ruling.approved:
            self.other.stops[symbol] = at

    def _seen_orders(self, at: datetime) -> list[DayOrder]:
        """Kept orders that are open at a wall time."""
        kept = (self.day.orders[one] for one in self.other.kept if one in self.day.orders)
        return [order for order in kept if order.placed_at <= at and not self._is_over(order)]

    def _follow(self, order_id: UUID, at: datetime, seen: DecisionInputs, ruling: Ruling) -> None:
        """What a decision of the other account leads to: its order, and a symbol that is to be flat."""
        if wants_flat(seen, ruling):
            self.other.leaving.add(seen.symbol)
        if not is_placed(ruling):
            return
        self.modelled += 1
        self.other.orders += 1
        order = DayOrder(
            order_id=order_id,
            symbol=seen.symbol,
            side=seen.side,
            quantity=ruling.quantity,
            limit_price=ruling.limit_price,
            reserved=ruling.reserved,
            taker_fee=seen.venue_rules.taker_fee,
            placed_at=at,
            closed_at=None,
            last_fill_id=None,
        )
        self.other.due.append(Due(order=order, at=at + (self.delay or timedelta(0)), decision_price=seen.price))

    def _fill_due(self, at: datetime, *, at_last: bool = False) -> None:
        for one in [one for one in self.other.due if one.at <= at]:
            book = self._book_of(one, at, at_last=at_last)
            if book is None and one.order.side == "SELL" and not at_last:
                continue
            self.other.due.remove(one)
            self._fill(one, book, at)

    def _book_of(self, one: Due, at: datetime, *, at_last: bool) -> Book | None:
        """The newest quote while it is fresh. Without any of the tape, the look it was decided on."""
        quote = self._books.get(one.order.symbol)
        if quote is not None and at - quote.at <= timedelta(seconds=float(self.protection.limits(at).max_price_age_s)):
            return quote.book
        if quote is not None and not at_last:
            return None
        self.from_look += 1
        return self._looked.get(one.order.symbol)

    def _fill(self, one: Due, book: Book | None, at: datetime) -> None:
        order, rules = one.order, self._rules.get(one.order.symbol)
        if book is None or rules is None:
            return
        try:
            answer = fill(
                side=order.side,
                quantity=order.quantity,
                limit_price=order.limit_price if order.side == "BUY" else None,
                reduce_only=order.side == "SELL",
                book=book,
                rules=rules,
                model=self.model,
            )
        except DepthUnknown:
            return
        for execution in answer.executions:
            self.other.fill(order, execution, at)
        self._sample(at)

    def _peak(self, at: datetime) -> Decimal | None:
        """The highest equity of 24 hours less what was paid in: the recorded one until the books came apart."""
        since = self._apart_at or at
        recorded = [one.earned for one in self.day.facts.levels.points if at - DAY < one.stored_at <= since]
        own = self._paths["other"].peak_since
        return max([*recorded, *([own] if own is not None else [])], default=None)

    def _differs(self, at: datetime, number: int | None, kind: str, side: str, symbol: str, **sides: Any) -> None:
        """Something comes out otherwise; from here on the symbol is apart. `sides` are fields of ChangedDecision."""
        self.found.append(ChangedDecision(at=at, number=number, kind=kind, side=side, symbol=symbol, **sides))
        if symbol and side:
            self._apart_at = self._apart_at or at
            self.other.apart.add(symbol)

    def _sample(self, at: datetime) -> None:
        """What both accounts are worth now."""
        self._sampled = at
        for name, account in (("recorded", self.twin), ("other", self.other)):
            self._paths[name].add(account.equity() - account.paid_in, account.paid_in, apart=self.other.is_apart)


def really_changed(day: RecordedDay, changes: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Those of the changes that differ from the limits which were in force that day."""
    begun = begins(day)
    older = [limits for since, limits in day.facts.limits if since <= begun]
    in_force = older[-1:] + [limits for since, limits in day.facts.limits if begun < since <= ends(day)]
    return {name: value for name, value in changes.items() if any(getattr(row, name) != value for row in in_force)}


def said(outcome: str, reason_code: str, quantity: Decimal) -> str:
    """A decision in a few words."""
    return f"{outcome} {reason_code}" + (f" {plain(quantity)}" if quantity else "")


def is_placed(ruling: Ruling) -> bool:
    """Whether an order of its own follows from it."""
    return ruling.approved and not ruling.joined_order


def stopped(bid: Decimal, avg_entry_price: Decimal, limits: Limits) -> bool:
    """Whether a position must go at this bid."""
    return STOP_LOSS.triggered(bid=bid, avg_entry_price=avg_entry_price, stop_loss_pct=limits.stop_loss_pct)


def _age_ms(at: datetime, quote: TapeQuote) -> int:
    return max(0, int((at - quote.at).total_seconds() * 1000))
