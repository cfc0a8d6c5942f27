"""The desk: takes commands to the venue and brings its answers into the books, in three steps.

    claim   NEW → SUBMITTED, committed                     (execution.operations)
    send    no lock, no transaction                        (the venue)
    record  fills, ledger, position, account, order        (execution.booking)

A crash after the claim leaves SUBMITTED orders, a venue that does not answer UNKNOWN ones: when nobody has renewed
their lease any more, the venue is asked for them by client_order_id. What it knows is recorded; what never reached it
passes the gate again and is sent, or is canceled at the venue, so that it can not arrive later either. Whoever else
sends the same order at the same time gets the same answer. An order whose symbol has no fresh book, or one without the
depth it needs, is not claimed and waits; an exit that was lost on its way and cannot fill now is canceled at the venue,
and whoever carries the exit out places the next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache

from django.conf import settings
from prometheus_client import Counter

from cdb_site import db
from cdb_site.bus.crash import crash_point
from cdb_site.bus.events import BusEvent
from cdb_site.clock import SYSTEM, Clock
from cdb_site.limits_in_force import LimitInForce
from execution import booking, claims, operations, queries
from execution.commands import NO_CAUSES, placing_events
from execution.quotes import QuoteBoard
from execution.rules.fill_model import Model, is_enough
from execution.rules.orders import LiveOrder
from execution.venues.journal import Journal
from execution.venues.paper import PaperVenue
from execution.venues.protocol import Report, Ticket, Venue

log = logging.getLogger(__name__)
RECOVERED = Counter("cdb_orders_recovered_total", "Orders found without an answer after a crash", ["how"])
CANCEL_REQUESTED = "CANCEL_REQUESTED"
EXIT_NO_QUOTE = "EXIT_NO_QUOTE"
_first = threading.Lock()


class Desk:
    """One account at one venue."""

    def __init__(self, *, account: str, venue: Venue, board: QuoteBoard, clock: Clock = SYSTEM) -> None:
        self.account, self.venue, self.board, self.clock = account, venue, board, clock
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def can_fill(self, symbol: str, side: str, quantity: Decimal) -> bool:
        """Whether there is a fresh book with all that the fill of such an order is computed from."""
        book = self.board.fresh_book(symbol)
        return book is not None and is_enough(book, side=side, quantity=quantity)

    def execute(self, order_ids: Sequence[str], causes: Mapping[str, BusEvent] = NO_CAUSES) -> int:
        """Claim, send and record these orders. Returns the number of new fills."""
        with self._sending(order_ids):
            claimed = claims.claim(self.account, order_ids, clock=self.clock, causes=causes)
            return self._send(claimed, causes)

    def send_claimed(self, orders: Sequence[LiveOrder], causes: Mapping[str, BusEvent]) -> int:
        """Send and record orders that were claimed with their decision. Returns the number of new fills."""
        with self._sending([str(order.order_id) for order in orders]):
            return self._send(sorted(orders, key=lambda order: not order.reduce_only), causes)

    def recover(self) -> int:
        """Settle orders whose answer was never recorded."""
        ids = [order_id for order_id in queries.unanswered_orders(claims.LEASE_S) if order_id not in self._under_way]
        if not ids:
            return 0
        causes = placing_events(ids)
        orders = {order.client_order_id: order for order in queries.orders_by_id(ids)}
        known = self.venue.query(list(orders))
        RECOVERED.labels("asked").inc(len(known))
        reports = {str(orders[name].order_id): report for name, report in known.items()}
        fills = booking.record(self.account, reports, clock=self.clock, causes=causes) if reports else 0
        lost = [str(order.order_id) for name, order in orders.items() if name not in known]
        if not lost:
            return fills
        ready, refused = claims.claim_again(self.account, lost)
        sent = [order for order in ready if self.can_fill(order.symbol, order.side, order.quantity)]
        waiting = [order for order in ready if order not in sent]
        refused |= {order: EXIT_NO_QUOTE for order in waiting if order.reduce_only}
        RECOVERED.labels("sent_again").inc(len(sent))
        with self._sending([str(order.order_id) for order in sent]):
            fills += self._cancel(refused, causes) + self._send(sent, causes)
        # An entry that waits for its book is nobody's: the next sweep looks again.
        unsent = [str(order.order_id) for order in waiting if not order.reduce_only]
        if unsent:
            db.execute(queries.END_LEASES, (unsent,))
        return fills

    def renew_leases(self) -> int:
        """Say that what is being sent here is not lost. Returns how many orders that are."""
        with self._lock:
            mine = sorted(self._under_way)
        return db.execute(queries.RENEW_LEASES, (mine,)) if mine else 0

    def cancel(self, order_ids: Sequence[str], causes: Mapping[str, BusEvent] = NO_CAUSES) -> int:
        """Cancel orders that are at the venue or on their way to it. Returns the fills that were faster."""
        return self._cancel(dict.fromkeys(operations.cancelable(order_ids), CANCEL_REQUESTED), causes)

    def _cancel(self, orders: Mapping[LiveOrder, str], causes: Mapping[str, BusEvent]) -> int:
        """The venue decides: what it canceled can not come any more, what it had filled is booked."""
        fills = 0
        for reason in sorted(set(orders.values())):
            chosen = {order.client_order_id: order for order, why in orders.items() if why == reason}
            reports = self.venue.cancel(list(chosen), reason)
            answered = {str(chosen[report.client_order_id].order_id): report for report in reports}
            faster = [order_id for order_id, report in answered.items() if report.trades]
            said = {**causes, **placing_events(faster)} if faster else causes
            fills += booking.record(self.account, answered, clock=self.clock, causes=said)
        return fills

    @contextmanager
    def _sending(self, order_ids: Sequence[str]) -> Iterator[None]:
        """An order that another thread gave up here could still reach the venue: its fill would find it canceled."""
        mine = {str(order_id) for order_id in order_ids}
        with self._lock:
            mine -= self._under_way
            self._under_way |= mine
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= mine

    def _send(self, orders: Sequence[LiveOrder], causes: Mapping[str, BusEvent]) -> int:
        if not orders:
            return 0
        by_client_id = {order.client_order_id: order for order in orders}
        reports = self.venue.submit([_ticket(order) for order in orders])
        crash_point("after_send", "execution")
        answered: dict[str, Report] = {str(by_client_id[report.client_order_id].order_id): report for report in reports}
        silent = [str(order.order_id) for order in orders if str(order.order_id) not in answered]
        if silent:
            claims.no_answer(self.account, silent, clock=self.clock, causes=causes)
        return booking.record(self.account, answered, clock=self.clock, causes=causes, sent=orders)


def _ticket(order: LiveOrder) -> Ticket:
    return Ticket(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        limit_price=order.limit_price,
        reduce_only=order.reduce_only,
    )


def paper_desk() -> Desk:
    """The desk of the paper account in this process, one for all its threads."""
    with _first:
        return _paper_desk()


@cache
def _paper_desk() -> Desk:
    environment = settings.ENVIRONMENT
    board = QuoteBoard(clock=SYSTEM, max_age_s=LimitInForce("max_price_age_s", SYSTEM))
    venue = PaperVenue(
        journal=Journal(environment.DATA_DIR / "paper_venue.jsonl"),
        model=Model(impact_bps=environment.PAPER_IMPACT_BPS, depth_share=environment.PAPER_DEPTH_SHARE),
        quote_asset=environment.QUOTE_ASSET,
        book_of=board.fresh_book,
        rules_of=board.rules,
        now=SYSTEM.market_now,
        reject_share=environment.PAPER_REJECT_PCT,
    )
    return Desk(account=queries.PAPER, venue=venue, board=board)
