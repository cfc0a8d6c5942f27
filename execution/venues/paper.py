"""The paper venue: answers orders from the latest quoted book with the fill model, and remembers every answer.

An order it has answered before gets the same answer again: a crash between sending and recording cannot fill twice.
One whose book is missing, stale, or without the depth it needs gets no answer: it never came, and may be sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal

from cdb_site.clock import iso
from execution.rules.fill_model import Answer, Book, DepthUnknown, Model, Rules, depth_of, fill
from execution.venues.journal import Journal
from execution.venues.protocol import Report, Ticket, Trade, VenueAnswers, VenueRecords, VenueTrade


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
        reject_share: Decimal = Decimal(0),
    ) -> None:
        self.journal = journal
        self.model = model
        self.quote_asset = quote_asset
        self.book_of, self.rules_of, self.now = book_of, rules_of, now
        self.reject_share = reject_share

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        """Answer each order once, whatever is sent how often; none for what no answer can be computed for."""
        with self.journal.exclusive():
            answers = {ticket.client_order_id: self.journal.get(ticket.client_order_id) for ticket in tickets}
            asked = {ticket.client_order_id: ticket for ticket in tickets if not answers[ticket.client_order_id]}
            new = {name: report for name, ticket in asked.items() if (report := self._answer(ticket))}
            self.journal.append(list(new.values()))
        answers |= new
        return [report for ticket in tickets if (report := answers[ticket.client_order_id])]

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        """One that never came is remembered as canceled, and is answered so when it comes."""
        names = [ticket.client_order_id for ticket in tickets]
        with self.journal.exclusive():
            known = {name: self.journal.get(name) for name in names}
            new = {name: Report(client_order_id=name, canceled=reason) for name, report in known.items() if not report}
            self.journal.append(list(new.values()))
        return VenueAnswers({name: known[name] or new[name] for name in names})

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        names = [ticket.client_order_id for ticket in tickets]
        with self.journal.exclusive():
            known = {name: report for name in names if (report := self.journal.get(name))}
        return VenueAnswers(known, frozenset(names) - known.keys())

    def records(self, symbols: Collection[str], since: datetime) -> VenueRecords:
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

    def _answer(self, ticket: Ticket) -> Report | None:
        if _lot(ticket.client_order_id) < self.reject_share:
            return Report(client_order_id=ticket.client_order_id, rejected="VENUE_DRAWN_REJECT")
        book, rules = self.book_of(ticket.symbol), self.rules_of(ticket.symbol)
        if rules is None:
            return Report(client_order_id=ticket.client_order_id, rejected="VENUE_UNKNOWN_SYMBOL")
        if book is None:
            return None
        try:
            answer = fill(
                side=ticket.side,
                quantity=ticket.quantity,
                limit_price=ticket.limit_price,
                reduce_only=ticket.reduce_only,
                book=book,
                rules=rules,
                model=self.model,
            )
        except DepthUnknown:
            return None
        return self._report(ticket, answer, book)

    def _report(self, ticket: Ticket, answer: Answer, book: Book) -> Report:
        """A trade is no earlier than the quote it was made at, whose time is the exchange's: our own market clock lags
        for a moment after a start, when the anchor that is shared is still the former run's."""
        executed_at = max(self.now(), book.quoted_at) if book.quoted_at else self.now()
        trades = tuple(
            Trade(
                trade_id=f"{ticket.client_order_id}-{number}",
                price=trade.price,
                quantity=trade.quantity,
                fee=trade.fee,
                fee_asset=self.quote_asset,
                executed_at=executed_at,
            )
            for number, trade in enumerate(answer.executions, 1)
        )
        return Report(
            client_order_id=ticket.client_order_id,
            trades=trades,
            rejected=answer.rejected,
            venue_order_id=f"paper-{ticket.client_order_id[:12]}",
            model=self._model(book, ticket.side),
        )

    def _model(self, book: Book, side: str) -> dict[str, str | None]:
        """What the fill was computed from; null is what was not known, and not needed."""
        depth, source = depth_of(book, side, self.model) or (None, None)
        values = {
            "bid": book.bid,
            "ask": book.ask,
            "bid_quantity": book.bid_quantity,
            "ask_quantity": book.ask_quantity,
            "quote_volume_24h": book.quote_volume_24h,
            "depth": depth,
            "depth_source": source,
            "impact_bps": self.model.impact_bps,
            "depth_share": self.model.depth_share,
            "quoted_at": iso(book.quoted_at) if book.quoted_at else None,
        }
        return {name: None if value is None else str(value) for name, value in values.items()}


def _lot(client_order_id: str) -> Decimal:
    """A number in [0, 1) that belongs to the order."""
    return Decimal(int.from_bytes(hashlib.sha256(client_order_id.encode()).digest()[:4])) / 2**32
