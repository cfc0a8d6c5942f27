"""The desk: takes commands to the venue and brings its answers into the books, in three steps.

    claim   NEW → SUBMITTED, committed                     (execution.operations)
    send    no lock, no transaction                        (the venue)
    record  fills, ledger, position, account, order        (execution.booking)

A crash after the claim leaves SUBMITTED orders, a venue that does not answer UNKNOWN ones: when nobody has renewed
their lease any more, the venue is asked for them by client_order_id. What it knows is recorded, and what rests there is
asked for again a lease later; what never reached it passes the gate again and is sent, or is canceled at the venue, so
that it can not arrive later either. An order whose symbol has no fresh book, or one without the depth it needs, is not
claimed and waits; an exit that was lost on its way and cannot fill now is canceled at the venue, and whoever carries
the exit out places the next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from prometheus_client import Counter

from cdb_site import db
from cdb_site.bus import readiness
from cdb_site.bus.crash import crash_point
from cdb_site.bus.events import BusEvent
from cdb_site.clock import SYSTEM, Clock
from execution import booking, claims, operations, queries
from execution.commands import NO_CAUSES, placing_events
from execution.mode_in_force import ModeInForce
from execution.quotes import QuoteBoard
from execution.rules.fill_model import is_enough
from execution.rules.mode import PAPER_VENUE, Mode
from execution.rules.orders import DEADLINE_PASSED, LiveOrder
from execution.venues.paper import PaperVenue
from execution.venues.protocol import Report, Ticket, Venue
from execution.venues.routed import RoutedVenue

log = logging.getLogger(__name__)
RECOVERED = Counter("cdb_orders_recovered_total", "Orders found without an answer after a crash", ["how"])
CANCEL_REQUESTED = "CANCEL_REQUESTED"
EXIT_NO_QUOTE = "EXIT_NO_QUOTE"
SENT_AGAIN_AT_ONCE = 6


class Desk:
    """One account at one venue."""

    def __init__(
        self,
        *,
        account: str,
        venue: Venue,
        board: QuoteBoard,
        clock: Clock = SYSTEM,
        mode: ModeInForce | None = None,
        at_hand: Collection[str] = (),
    ) -> None:
        """`mode` None: paper, whatever is asked for. `at_hand`: venues that orders can go to besides paper."""
        self.account, self.venue, self.board, self.clock = account, venue, board, clock
        self.mode, self.at_hand = mode, frozenset(at_hand)
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def can_fill(self, symbol: str, side: str, quantity: Decimal, order_type: str) -> bool:
        """Whether there is a fresh book with all that the fill of such an order is computed from (an exchange has its
        own, and what rests needs no depth), and execution, where it lives in this process, has recovered."""
        if not readiness.is_ready("execution"):
            return False
        if self.mode is not None and self.mode.told().mode == Mode.LIVE:
            return True
        book = self.board.fresh_book(symbol)
        return book is not None and (order_type == "LIMIT" or is_enough(book, side=side, quantity=quantity))

    def execute(self, order_ids: Sequence[str], causes: Mapping[str, BusEvent] = NO_CAUSES) -> int:
        """Claim, send and record these orders. Returns the number of new fills."""
        with self._sending(order_ids):
            claimed_at = self.clock.market_now()
            claimed = claims.claim(
                self.account, order_ids, clock=self.clock, causes=causes, mode=self.mode, at_hand=self.at_hand
            )
            return self._send(claimed, causes, claimed_at)

    def send_claimed(self, orders: Sequence[LiveOrder], causes: Mapping[str, BusEvent], *, claimed_at: datetime) -> int:
        """Send and record orders that were claimed with their decision. Returns the number of new fills."""
        with self._sending([str(order.order_id) for order in orders]):
            return self._send(sorted(orders, key=lambda order: not order.reduce_only), causes, claimed_at)

    def recover(self) -> int:
        """Settle orders whose answer was never recorded, and look after those that rest at the venue."""
        ids = [order_id for order_id in queries.unanswered_orders(claims.LEASE_S) if order_id not in self._under_way]
        if not ids:
            return 0
        causes, now = placing_events(ids), self.clock.market_now()
        orders = {order.client_order_id: order for order in queries.orders_by_id(ids)}
        said = self.venue.query([ticket_of(order, now) for order in orders.values()])
        RECOVERED.labels("asked").inc(len(said.known))
        fills = self._record(said.known, orders, causes)
        fills += self._look_after([orders[name] for name, report in said.known.items() if report.open], causes)
        return fills + self._send_lost([orders[name] for name in said.absent], causes)

    def _look_after(self, resting: Sequence[LiveOrder], causes: Mapping[str, BusEvent]) -> int:
        """End what rests at the venue past its deadline, or against a wish; look at the others again a lease later."""
        ids = [str(order.order_id) for order in resting]
        if not ids:
            return 0
        late, wished = queries.past_deadline(ids), queries.wished_to_cancel(ids)
        unwanted = dict.fromkeys((order for order in resting if str(order.order_id) in wished), CANCEL_REQUESTED)
        unwanted |= dict.fromkeys((order for order in resting if str(order.order_id) in late), DEADLINE_PASSED)
        kept = [str(order.order_id) for order in resting if order not in unwanted]
        if kept:
            db.execute(queries.RENEW_LEASES, (kept,))
        return self._cancel(unwanted, causes)

    def _send_lost(self, orders: Sequence[LiveOrder], causes: Mapping[str, BusEvent]) -> int:
        """What never reached the venue, and can not any more: sent if it still may go, else canceled there. Exits
        first, and no more at once than a slow exchange takes before their claim is too old to be sent."""
        first = sorted(orders, key=lambda order: (not order.reduce_only, order.client_order_id))
        begins = range(0, len(first), SENT_AGAIN_AT_ONCE)
        return sum(self._send_again(first[begin : begin + SENT_AGAIN_AT_ONCE], causes) for begin in begins)

    def _send_again(self, orders: Sequence[LiveOrder], causes: Mapping[str, BusEvent]) -> int:
        now = self.clock.market_now()
        ready, refused = claims.claim_again(self.account, [str(order.order_id) for order in orders], self.mode)
        sent = [order for order in ready if self.can_fill(order.symbol, order.side, order.quantity, order.order_type)]
        waiting = [order for order in ready if order not in sent]
        refused |= {order: EXIT_NO_QUOTE for order in waiting if order.reduce_only}
        RECOVERED.labels("sent_again").inc(len(sent))
        with self._sending([str(order.order_id) for order in sent]):
            fills = self._cancel(refused, causes, lost=True) + self._send(sent, causes, now)
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

    def _cancel(self, orders: Mapping[LiveOrder, str], causes: Mapping[str, BusEvent], *, lost: bool = False) -> int:
        """The venue decides: what it canceled can not come any more, what it had filled is booked. `lost`: nobody is
        sending these any more, so that one which is not there has ended."""
        fills, now = 0, self.clock.market_now()
        for reason in sorted(set(orders.values())):
            chosen = {order.client_order_id: order for order, why in orders.items() if why == reason}
            said = self.venue.cancel([ticket_of(order, now) for order in chosen.values()], reason)
            gone = {name: Report(client_order_id=name, canceled=reason) for name in said.absent} if lost else {}
            faster = [str(chosen[name].order_id) for name, report in said.known.items() if report.trades]
            told = {**causes, **placing_events(faster)} if faster else causes
            fills += self._record({**gone, **said.known}, chosen, told)
        return fills

    def hear(self, reports: Sequence[Report]) -> int:
        """Book what the venue told of itself. Returns the number of new fills; what is none of ours is left alone."""
        ours = queries.orders_by_client_id([report.client_order_id for report in reports])
        orders = {order.client_order_id: order for order in ours}
        known = {report.client_order_id: report for report in reports if report.client_order_id in orders}
        return self._record(known, orders, placing_events([str(order.order_id) for order in ours]))

    def look_at_resting(self, symbols: Collection[str]) -> int:
        """Fill what rests at the paper venue and can fill at the books of now. Returns the number of new fills."""
        paper = self.venue.venues[PAPER_VENUE] if isinstance(self.venue, RoutedVenue) else self.venue
        if isinstance(paper, PaperVenue) and paper.waits_for(symbols):
            return self.hear(paper.look())
        return 0

    def ask_again(self, orders: Sequence[LiveOrder]) -> int:
        """Ask the venue for these, however they stand here, and book what is new. Returns the number of new fills."""
        if not orders:
            return 0
        now, ours = self.clock.market_now(), {order.client_order_id: order for order in orders}
        said = self.venue.query([ticket_of(order, now) for order in orders])
        return self._record(said.known, ours, placing_events([str(order.order_id) for order in orders]))

    def end_at_venue(self, orders: Sequence[LiveOrder]) -> int:
        """Cancel at the venue what has ended here; what it filled meanwhile is booked."""
        reasons = {order: order.reason_code or CANCEL_REQUESTED for order in orders}
        return self._cancel(reasons, placing_events([str(order.order_id) for order in orders]))

    def _record(
        self, reports: Mapping[str, Report], orders: Mapping[str, LiveOrder], causes: Mapping[str, BusEvent]
    ) -> int:
        """Book answers, keyed by client_order_id."""
        answered = {str(orders[name].order_id): report for name, report in reports.items()}
        return booking.record(self.account, answered, clock=self.clock, causes=causes) if answered else 0

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

    def _send(self, orders: Sequence[LiveOrder], causes: Mapping[str, BusEvent], claimed_at: datetime) -> int:
        if not orders:
            return 0
        by_client_id = {order.client_order_id: order for order in orders}
        crash_point("before_send", "execution")
        reports = self.venue.submit([ticket_of(order, claimed_at) for order in orders])
        crash_point("after_send", "execution")
        answered: dict[str, Report] = {str(by_client_id[report.client_order_id].order_id): report for report in reports}
        silent = [str(order.order_id) for order in orders if str(order.order_id) not in answered]
        if silent:
            claims.no_answer(self.account, silent, clock=self.clock, causes=causes)
        return booking.record(self.account, answered, clock=self.clock, causes=causes, sent=orders)


def ticket_of(order: LiveOrder, claimed_at: datetime) -> Ticket:
    """The order as it goes to the venue."""
    return Ticket(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        limit_price=order.limit_price,
        reduce_only=order.reduce_only,
        order_type=order.order_type,
        claimed_at=claimed_at,
        venue=order.venue,
    )
