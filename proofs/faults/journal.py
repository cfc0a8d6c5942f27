"""Counting what a fault run lost or did twice, from two journals that do not lie in our own database.

    expected   what the load made happen, written before it was sent: which signal must come of which candle
    answers    what the paper venue answered to whom, one line an order, written before the answer was given

Against them stand the stored rows. Pure: lists in, counts out, so that a planted loss and a planted double prove the
count itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

PASSED = ("APPROVED", "TRIMMED")
TERMINAL = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED"})
Trade = tuple[str, str]
Decided = tuple[str, str, str, str]
Attempt = tuple[str, str]
# Such an approval names the order of the exit that was under way already; it has none of its own.
JOINED = "POSITION_EXIT_JOINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A signal that must come, and the client_order_id its order would have."""

    signal_id: str
    symbol: str
    side: str
    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRows:
    """What our database says. `orders`: (client_order_id, state); `fills`: trades.

    `decided`: (signal_id, outcome, reason code, client_order_id of the order that the decision names, "" for none).
    `attempts`: (client_order_id, signal_id) of orders that carry on an exit whose first order did not sell all.
    """

    decided: tuple[Decided, ...]
    orders: tuple[tuple[str, str], ...]
    fills: tuple[Trade, ...]
    cash: Decimal
    starting_cash: Decimal
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Journals:
    """Both witnesses, each in the order of its file. `answers` are the venue's lines."""

    expected: tuple[Expected, ...]
    answers: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTally:
    """Names of what is wrong, by kind; empty lists when nothing is."""

    undecided: list[str]
    orderless: list[str]
    unsettled: list[str]
    unbooked: list[str]
    decided_twice: list[str]
    answered_twice: list[str]
    booked_twice: list[str]
    uncaused: list[str]
    overtaken: list[str]
    cash_off: Decimal

    @property
    def lost(self) -> int:
        """Signals without a decision, approvals without an ended order, venue trades that were not booked."""
        return len(self.undecided) + len(self.orderless) + len(self.unsettled) + len(self.unbooked)

    @property
    def double(self) -> int:
        """Whatever took effect twice, or without a cause that the journals know."""
        return len(self.decided_twice) + len(self.answered_twice) + len(self.booked_twice) + len(self.uncaused)

    @property
    def cents_off(self) -> str:
        """Difference of stored cash to the venue's trades, in hundredths of the quote asset, as plain digits."""
        cents = (abs(self.cash_off) * 100).normalize()
        return format(cents, "f") if cents else "0"

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, those with none left out."""
        return {name: len(rows) for name, rows in self._kinds().items() if rows}

    def named(self) -> str:
        """Every kind with its count and first names."""
        return "; ".join(f"{name} {len(rows)}: {', '.join(rows[:3])}" for name, rows in self._kinds().items() if rows)

    def _kinds(self) -> dict[str, list[str]]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "cash_off"}


def tally(journals: Journals, stored: StoredRows) -> FaultTally:
    """Compare the stored rows with what the witnesses saw."""
    decided = Counter(signal_id for signal_id, *_ in stored.decided)
    known = {item.signal_id for item in journals.expected}
    ordered = {name for name, _ in stored.orders}
    order_of = {item.signal_id: item.client_order_id for item in journals.expected}
    trades = _trades(journals.answers)
    booked = Counter(stored.fills)
    sides = {item.client_order_id: item.side for item in journals.expected}
    sides |= {name: "SELL" for name, signal_id in stored.attempts if signal_id in known}
    answered = Counter(answer["client_order_id"] for answer in journals.answers)
    return FaultTally(
        undecided=sorted(known - set(decided)),
        orderless=sorted(
            signal_id
            for signal_id, outcome, reason, named in stored.decided
            if outcome in PASSED
            and signal_id in known
            and (named if reason == JOINED else order_of[signal_id]) not in ordered
        ),
        unsettled=sorted(name for name, state in stored.orders if state not in TERMINAL),
        unbooked=sorted(trade_id for _, trade_id in set(trades) - set(booked)),
        decided_twice=sorted(name for name, count in decided.items() if count > 1),
        answered_twice=sorted(name for name, count in answered.items() if count > 1),
        booked_twice=sorted(trade_id for (_, trade_id), count in booked.items() if count > 1),
        uncaused=sorted(
            [*(set(decided) - known), *(set(answered) - set(sides))]
            + [trade_id for _, trade_id in set(booked) - set(trades)]
        ),
        overtaken=_overtaken(journals),
        cash_off=stored.cash - cash_of(journals.answers, sides, stored.starting_cash),
    )


def _overtaken(journals: Journals) -> list[str]:
    """Orders that reached the venue after a later one of their symbol; the first answer of each counts."""
    place = {item.client_order_id: (item.symbol, number) for number, item in enumerate(journals.expected)}
    newest: dict[str, int] = {}
    late = []
    for name in dict.fromkeys(answer["client_order_id"] for answer in journals.answers):
        symbol, number = place.get(name, ("", 0))
        if number < newest.get(symbol, 0):
            late.append(name)
        newest[symbol] = max(number, newest.get(symbol, 0))
    return late


def _trades(answers: Iterable[dict[str, Any]]) -> list[Trade]:
    return [(answer["client_order_id"], trade["trade_id"]) for answer in answers for trade in answer["trades"]]


def cash_of(answers: Iterable[dict[str, Any]], sides: dict[str, str], start: Decimal) -> Decimal:
    """Cash by the venue's journal alone: start, minus what was bought, plus what was sold, minus fees.

    Each order counts once, whatever the journal repeats. Orders of unknown side are left out (they are `uncaused`).
    """
    cash = start
    for answer in {answer["client_order_id"]: answer for answer in answers}.values():
        sign = {"BUY": -1, "SELL": 1}.get(sides.get(answer["client_order_id"], ""), 0)
        for trade in answer["trades"]:
            cash += sign * Decimal(trade["price"]) * Decimal(trade["quantity"])
            cash -= abs(sign) * Decimal(trade["fee"])
    return cash


def blind_spots(journals: Journals, stored: StoredRows) -> list[str]:
    """Plant losses, doubles and a wrong order into copies; the kinds that the count did not find, best none."""
    traded = next(answer for answer in journals.answers if answer["trades"])
    before = tally(journals, stored)
    undecided = {item.signal_id for item in journals.expected} & {stored.decided[0][0]}
    planted: Sequence[tuple[str, Journals, StoredRows, int, int]] = (
        ("a removed decision", journals, replace(stored, decided=stored.decided[1:]), len(undecided), 0),
        ("a removed fill", journals, replace(stored, fills=stored.fills[1:]), 1, 0),
        ("a doubled decision", journals, replace(stored, decided=(*stored.decided, stored.decided[0])), 0, 1),
        ("a doubled fill", journals, replace(stored, fills=(*stored.fills, stored.fills[0])), 0, 1),
        ("a doubled answer", replace(journals, answers=(*journals.answers, traded)), stored, 0, 1),
    )
    missed = []
    for name, with_journals, with_stored, lost, double in planted:
        found = tally(with_journals, with_stored)
        if (found.lost - before.lost, found.double - before.double) != (lost, double):
            missed.append(name)
    if not tally(replace(journals, answers=journals.answers[::-1]), stored).overtaken:
        missed.append("answers in the wrong order")
    return missed
