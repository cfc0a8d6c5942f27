"""Sending, asking for and canceling one order at the exchange, in the venue's event loop.

An order is sent once, signed with the time of its claim and good for WINDOW_MS from then on: what is sent or arrives
later the exchange refuses, so that nothing can come any more when its lease is over. It is sent a second time only when
the exchange has said that it did not look at the first. Without an answer there is no report, unless the account's own
stream has told of the order meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cdb_site.clock import Clock
from cdb_site.units import plain
from execution.venues.mexc.assembling import Contradiction, KnownOrder
from execution.venues.mexc.client import PrivateRest
from execution.venues.mexc.errors import Fate, meaning_of
from execution.venues.mexc.rows import IMMEDIATE_OR_CANCEL, LIMIT, MARKET
from execution.venues.mexc.sent import ASK_FIRST, OURS, SentNotes
from execution.venues.mexc.tracking import PUSHES_S, OrderTracker
from execution.venues.mexc.turns import Turns
from execution.venues.protocol import Report, Ticket
from marketdata.mexc.errors import MexcProblem, RequestRefused

log = logging.getLogger(__name__)

# Wall milliseconds. An exchange takes a time up to AHEAD_MS ahead of its own: together less than a lease.
WINDOW_MS, AHEAD_MS = 3000, 1000
# As long as an answer to an order is waited for at all.
SENDING_S = 4.0
# Who asks longer keeps others waiting: it is asked for again.
ANSWER_S = 8.0
KINDS = {"MARKET": MARKET, "LIMIT_IOC": IMMEDIATE_OR_CANCEL, "LIMIT": LIMIT}


class Asking:
    """`hears` says whether the account's stream is flowing: then its pushes are waited for."""

    def __init__(
        self, rest: PrivateRest, tracker: OrderTracker, notes: SentNotes, clock: Clock, hears: Callable[[], bool]
    ) -> None:
        self.rest, self.tracker, self.notes, self.clock, self.hears = rest, tracker, notes, clock, hears
        self.turns = Turns()
        self._late: set[asyncio.Task[str]] = set()

    async def send(self, ticket: Ticket) -> Report | None:
        """What became of it; None when nobody knows."""
        order = self.tracker.of(ticket)
        with self.tracker.attending(order):
            try:
                rejected = await self._placed(ticket, order)
                if rejected:
                    return Report(client_order_id=ticket.client_order_id, rejected=rejected)
                return await self._outcome(order)
            except (MexcProblem, Contradiction) as problem:
                log.warning("nobody knows what became of order %s: %s", ticket.client_order_id, problem)
                return None

    async def _placed(self, ticket: Ticket, order: KnownOrder) -> str:
        """Send it, unless it was sent. Returns why it was rejected, if it was. Raises MexcProblem and Contradiction."""
        at_ms = self._claimed_ms(ticket)
        rank = 0 if ticket.reduce_only else 1
        for last in (False, True):
            async with self.turns.of(rank):
                if not last and not await self._ours(ticket, order, at_ms):
                    return ""
                await self.rest.room_for_order()
            self._still_in_time(at_ms)
            try:
                order_id = await self._answered(ticket, order, at_ms)
            except MexcProblem as problem:
                meaning = meaning_of(problem)
                if meaning.fate is Fate.FINAL and not order.at_exchange:
                    log.info("order %s was rejected: %s", ticket.client_order_id, problem)
                    return meaning.reason
                if meaning.fate is not Fate.RETRY or last:
                    return await self._perhaps_placed(order, problem)
                log.info("order %s was not looked at, once more: %s", ticket.client_order_id, problem)
                continue
            self.tracker.placed(order, order_id)
            return ""
        return ""

    async def _answered(self, ticket: Ticket, order: KnownOrder, at_ms: int) -> str:
        """The exchange's id of an order that is sent now: from its answer, or from the stream if that tells all there
        is to know of it while the answer is still on its way. Raises as `PrivateRest.place`."""
        sending = asyncio.create_task(self.rest.place(parameters_of(ticket), at_ms=at_ms, window_ms=WINDOW_MS))
        if not self.hears():
            return await sending
        hearing = asyncio.create_task(self.tracker.pushes(order, SENDING_S))
        await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        hearing.cancel()
        if sending.done() or not order.settled:
            return await sending
        self._late.add(sending)
        sending.add_done_callback(self._came_late)
        return order.order_id

    def _came_late(self, sending: asyncio.Task[str]) -> None:
        """An answer that nobody needed any more, whatever it says."""
        self._late.discard(sending)
        if not sending.cancelled() and (problem := sending.exception()):
            log.info("an order that is known was answered late: %s", problem)

    async def _perhaps_placed(self, order: KnownOrder, problem: MexcProblem) -> str:
        """Nothing usable was said. The stream may know better. Raises the problem when it does not."""
        if self.hears():
            await self.tracker.pushes(order)
        if not order.at_exchange:
            raise problem
        return ""

    async def _ours(self, ticket: Ticket, order: KnownOrder, at_ms: int) -> bool:
        """Whether nobody has sent it, or nobody's request can arrive any more and the exchange does not know it.
        Raises MexcProblem when it cannot be told."""
        hold_ms = round((WINDOW_MS + AHEAD_MS) * self.clock.anchor.rate)
        noted = await self._note(ticket, at_ms, hold_ms, asked=False)
        if noted == OURS:
            return True
        try:
            await self.tracker.read(order)
        except RequestRefused as problem:
            if meaning_of(problem).fate is not Fate.ABSENT or noted != ASK_FIRST:
                raise
            if await self._note(ticket, at_ms, hold_ms, asked=True) != OURS:
                raise
            return True
        return False

    async def _note(self, ticket: Ticket, at_ms: int, hold_ms: int, *, asked: bool) -> int:
        return await asyncio.to_thread(
            self.notes.note, ticket.client_order_id, at_ms=at_ms, hold_ms=hold_ms, asked=asked
        )

    async def _outcome(self, order: KnownOrder) -> Report | None:
        """Of an order that the exchange has. What is still missing after all is told as open, and asked for again."""
        if self.hears():
            await self.tracker.pushes(order, PUSHES_S)
        if not order.settled:
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self.tracker.read(order)
            except (MexcProblem, TimeoutError) as problem:
                log.warning("order %s is at the exchange, and not answered for: %r", order.client_order_id, problem)
        return self.tracker.report_of(order)

    async def ask(self, ticket: Ticket) -> tuple[Report | None, bool]:
        """(how it stands, whether the exchange does not have it); (None, False) when it did not say."""
        order = self.tracker.of(ticket)
        with self.tracker.attending(order):
            return await self._asked(order)

    async def _asked(self, order: KnownOrder) -> tuple[Report | None, bool]:
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.tracker.read(order)
        except RequestRefused as problem:
            absent = meaning_of(problem).fate is Fate.ABSENT and not order.at_exchange
            if not absent:
                log.warning("order %s is not answered for: %s", order.client_order_id, problem)
            return None, absent
        except (MexcProblem, Contradiction, TimeoutError) as problem:
            log.warning("order %s is not answered for: %r", order.client_order_id, problem)
            return None, False
        return self.tracker.report_of(order), False

    async def cancel(self, ticket: Ticket, reason: str) -> tuple[Report | None, bool]:
        """Cancel it, and say how it stands then, as `ask` does."""
        order = self.tracker.of(ticket)
        with self.tracker.attending(order):
            order.cancel_reason = reason
            try:
                await self.rest.cancel(order.symbol, order.client_order_id)
                order.cancel_taken = True
            except RequestRefused as problem:
                if meaning_of(problem).fate is not Fate.ABSENT:
                    log.warning("order %s was not canceled: %s", order.client_order_id, problem)
            except MexcProblem as problem:
                log.warning("whether order %s was canceled is not known: %s", order.client_order_id, problem)
            return await self._asked(order)

    def _claimed_ms(self, ticket: Ticket) -> int:
        """Market milliseconds."""
        if ticket.claimed_at is None:
            return round(self.clock.market_s() * 1000)
        return round(ticket.claimed_at.timestamp() * 1000)

    def _still_in_time(self, at_ms: int) -> None:
        """What the exchange would refuse for its age is not sent. Raises TooLate."""
        age_ms = (self.clock.market_s() * 1000 - at_ms) / self.clock.anchor.rate
        if age_ms > WINDOW_MS:
            raise TooLate(f"its claim is {age_ms / 1000:.1f} s old")


class TooLate(MexcProblem):
    """An order that waited too long to be sent: it never was."""


def parameters_of(ticket: Ticket) -> dict[str, str]:
    """The order as the exchange reads it."""
    order = {
        "symbol": ticket.symbol,
        "side": ticket.side,
        "type": KINDS[ticket.order_type],
        "quantity": plain(ticket.quantity),
    }
    if ticket.order_type != "MARKET":
        if ticket.limit_price is None:
            raise ValueError(f"{ticket.order_type} {ticket.client_order_id} without a limit price")
        order["price"] = plain(ticket.limit_price)
    return order | {"newClientOrderId": ticket.client_order_id}
