"""The paper venue: answers orders from the latest book (`execution/rules/paper_answer.py`), and remembers every answer.

An order it has answered before gets the same answer again: a crash between sending and recording cannot fill twice.
One whose book is missing, stale, or without the depth it needs gets no answer: it never came, and may be sent again.
A LIMIT order rests with what did not fill at once (`execution/venues/paper_resting.py`): each look at the book may fill
more of it, and each change is a further line in the journal.

An order is on its way for `latency_ms`, drawn by its id between half of that and half as much again; it meets the book
that is there when it arrives.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from cdb_site.clock import iso
from execution.rules.accounting import ZERO
from execution.rules.fill_model import Answer, Book, Model, Rules
from execution.rules.paper_answer import DRAWN_REJECT, answer_to, asked_by, latency_s, lot, model_of, trades_of
from execution.venues import paper_resting as resting
from execution.venues.journal import Journal
from execution.venues.protocol import Report, Ticket, VenueAnswers, VenueRecords, VenueTrade

LIMIT = "LIMIT"


class PaperVenue:
    """`book_of` and `rules_of` give a symbol's latest book (None: no fresh quote) and rules. `reject_share` of the
    orders are rejected, drawn by their ids: the same order always meets the same fate."""

    name = "PAPER"

    def __init__(
        self,
        *,
        journal: Journal,
        model: Model,
        quote_asset: str,
        book_of: Callable[[str], Book | None],
        rules_of: Callable[[str], Rules | None],
        now: Callable[[], datetime],
        reject_share: Decimal = ZERO,
        latency_ms: int = 0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.journal = journal
        self.model = model
        self.quote_asset = quote_asset
        self.book_of, self.rules_of, self.now = book_of, rules_of, now
        self.reject_share = reject_share
        self.latency_ms, self.pause = latency_ms, pause

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        """Answer each order once, whatever is sent how often; none for what no answer can be computed for."""
        answers: dict[str, Report] = {}
        for arrived in self._arriving(tickets):
            answers |= self._take(arrived)
        return [answers[ticket.client_order_id] for ticket in tickets if ticket.client_order_id in answers]

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        """One that rests ends with what it filled. One that never came is remembered as canceled, and is answered so
        when it comes."""
        names = [ticket.client_order_id for ticket in tickets]
        with self.journal.exclusive():
            known = {name: self.journal.get(name) or Report(client_order_id=name, open=True) for name in names}
            new = {name: replace(report, canceled=reason, open=False) for name, report in known.items() if report.open}
            self.journal.append(list(new.values()))
        return VenueAnswers(known | new)

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        names = [ticket.client_order_id for ticket in tickets]
        with self.journal.exclusive():
            self._look([name for name in self.journal.resting if name in names])
            known = {name: report for name in names if (report := self.journal.get(name))}
        return VenueAnswers(known, frozenset(names) - known.keys())

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        """Its journal knows orders by our own name alone, and no balances: what is held is what our books say."""
        with self.journal.exclusive():
            found = list(self.journal.since(since))
        trades = [
            VenueTrade(
                venue_order_id=report.venue_order_id,
                client_order_id=report.client_order_id,
                symbol="",
                side="",
                trade=trade,
            )
            for report in found
            for trade in report.trades
        ]
        return VenueRecords(trades=tuple(trades))

    def waits_for(self, symbols: Iterable[str]) -> bool:
        """Whether an order rests here, as far as this process knows, that a quote of these symbols may fill."""
        waiting = self.journal.resting
        return bool(waiting) and not set(waiting.values()).isdisjoint(symbols)

    def look(self) -> list[Report]:
        """Fill what rests here and can fill at the books of now. Returns the orders that did."""
        with self.journal.exclusive():
            return self._look(self.journal.resting)

    def _arriving(self, tickets: Sequence[Ticket]) -> Iterator[Sequence[Ticket]]:
        """The tickets as they arrive, the journal free while they are on their way."""
        if not self.latency_ms:
            yield tickets
            return
        passed_s = 0.0
        for ticket in sorted(tickets, key=self._latency_s):
            arrives_s = self._latency_s(ticket)
            self.pause(max(0.0, arrives_s - passed_s))
            passed_s = arrives_s
            yield (ticket,)

    def _latency_s(self, ticket: Ticket) -> float:
        return latency_s(ticket.client_order_id, self.latency_ms)

    def _take(self, tickets: Sequence[Ticket]) -> Mapping[str, Report]:
        with self.journal.exclusive():
            known = {ticket.client_order_id: self.journal.get(ticket.client_order_id) for ticket in tickets}
            asked = {ticket.client_order_id: ticket for ticket in tickets if not known[ticket.client_order_id]}
            new = {name: report for name, ticket in asked.items() if (report := self._answer(ticket))}
            self.journal.append(list(new.values()))
        return {name: report for name, report in known.items() if report} | new

    def _look(self, names: Collection[str]) -> list[Report]:
        """Hold the journal. Orders of one symbol and side share what is there: the better limit first."""
        reports = [report for name in names if (report := self.journal.get(name))]
        used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        changed: list[Report] = []
        for report in resting.first_come(reports):
            place = report.model["symbol"], report.model["side"]
            book = self.book_of(place[0])
            if book is None:
                continue
            after, took = resting.looked_at(report, book, used[place])
            if took:
                used[place] += took
                changed.append(resting.with_trades(after, self.quote_asset, self._executed_at(book)))
        if changed:
            self.journal.append(changed)
        return changed

    def _answer(self, ticket: Ticket) -> Report | None:
        name = ticket.client_order_id
        if lot(name) < self.reject_share:
            return Report(client_order_id=name, rejected=DRAWN_REJECT)
        book, rules = self.book_of(ticket.symbol), self.rules_of(ticket.symbol)
        if rules is None:
            return Report(client_order_id=name, rejected="VENUE_UNKNOWN_SYMBOL")
        if book is None:
            return None
        if ticket.order_type == LIMIT and ticket.limit_price is not None:
            report = resting.begin(ticket, ticket.limit_price, book, rules, self.model)
            report = report if report.rejected else self._traded(report, book)
            return replace(report, venue_order_id=_named(name))
        answer = answer_to(asked_by(ticket), book, rules, self.model)
        return None if answer is None else self._report(ticket, answer, book, rules)

    def _report(self, ticket: Ticket, answer: Answer, book: Book, rules: Rules) -> Report:
        name = ticket.client_order_id
        stated = model_of(asked_by(ticket), answer, book, rules, self.model)
        stated["quoted_at"] = iso(book.quoted_at) if book.quoted_at else None
        return Report(
            client_order_id=name,
            trades=trades_of(name, answer, fee_asset=self.quote_asset, executed_at=self._executed_at(book)),
            rejected=answer.rejected,
            venue_order_id=_named(name),
            model=stated,
        )

    def _traded(self, report: Report, book: Book) -> Report:
        return resting.with_trades(report, self.quote_asset, self._executed_at(book))

    def _executed_at(self, book: Book) -> datetime:
        """A trade is no earlier than the quote it was made at, whose time is the exchange's: our own market clock lags
        for a moment after a start, when the anchor that is shared is still the former run's."""
        return max(self.now(), book.quoted_at) if book.quoted_at else self.now()


def _named(client_order_id: str) -> str:
    """The venue's own name for an order."""
    return f"paper-{client_order_id[:12]}"
