"""The exchange as a venue: orders go to it over signed REST, and what becomes of them comes back over its stream.

The calls are synchronous and may come from any thread; the work is done in an event loop of the venue's own, one for
the process. `MexcTestVenue` has orders judged by the exchange and fills them on paper.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from cdb_site.clock import SYSTEM, Clock
from cdb_site.env import Environment
from execution.venues.mexc.asking import WINDOW_MS, Asking, parameters_of
from execution.venues.mexc.client import PrivateRest
from execution.venues.mexc.errors import Fate, meaning_of
from execution.venues.mexc.hearing import Hearing
from execution.venues.mexc.loop import LoopThread
from execution.venues.mexc.records import records_of
from execution.venues.mexc.sent import SentNotes, SharedNotes
from execution.venues.mexc.signing import ExchangeKey
from execution.venues.mexc.stream import AccountStream, session_for_trading
from execution.venues.mexc.tracking import OrderTracker
from execution.venues.protocol import Report, Ticket, Venue, VenueAnswers, VenueRecords
from marketdata.mexc.errors import MexcProblem
from marketdata.mexc.limiter import Limiter

log = logging.getLogger(__name__)
T = TypeVar("T")

STREAM_PAUSE_S = 1.0


class MexcAccount:
    """An account's client in a loop of its own."""

    def __init__(
        self,
        *,
        rest_url: str,
        credentials: ExchangeKey,
        clock: Clock = SYSTEM,
        limiter: Limiter | None = None,
        order_limiter: Limiter | None = None,
    ) -> None:
        self.rest_url, self.clock = rest_url, clock
        self._credentials, self._limiter, self._order_limiter = credentials, limiter, order_limiter
        self._thread = LoopThread("mexc-venue")
        self._opening = threading.Lock()
        self._rest: PrivateRest | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.run(work)

    def rest(self) -> PrivateRest:
        """The client, opened at its first use. Not from within the loop."""
        with self._opening:
            if self._rest is None:
                self._rest = self._thread.run(self._open())
            return self._rest

    async def _open(self) -> PrivateRest:
        return PrivateRest(
            self.rest_url,
            session_for_trading(),
            self._credentials,
            clock=self.clock,
            limiter=self._limiter,
            order_limiter=self._order_limiter,
        )

    def close(self) -> None:
        with self._opening:
            if self._rest is not None:
                self._thread.run(self._rest.session.close())
            self._rest = None
            self._thread.stop()


class MexcVenue:
    """`ws_url` is the exchange's WebSocket. Trades need no stream: without `listen` REST is asked for all of it."""

    name = "MEXC"

    def __init__(self, account: MexcAccount, *, ws_url: str, notes: SentNotes | None = None) -> None:
        self.account, self.ws_url, self.clock = account, ws_url, account.clock
        self.notes = notes or SharedNotes(account.rest_url)
        self._making = threading.Lock()
        self._asking: Asking | None = None
        self._stream: AccountStream | None = None
        self._streaming: asyncio.Task[None] | None = None
        self._hearing: Hearing | None = None

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        asking = self._ask()
        ordered = sorted(tickets, key=lambda ticket: not ticket.reduce_only)
        reports = self.account.run(_together(asking.send(ticket) for ticket in ordered))
        return [report for report in reports if report is not None]

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        asking = self._ask()
        said = self.account.run(_together(asking.cancel(ticket, reason) for ticket in tickets))
        return _answers(tickets, said)

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        asking = self._ask()
        return _answers(tickets, self.account.run(_together(asking.ask(ticket) for ticket in tickets)))

    def listen(self, on_reports: Callable[[Sequence[Report]], object], on_connected: Callable[[], object]) -> None:
        """From now on `on_reports` takes what becomes of orders that nobody is asking for, and `on_connected` is called
        whenever the stream begins: what happened before it is not told. Both in a thread that may use the database."""
        asking = self._ask()
        with self._making:
            if self._hearing is not None:
                raise RuntimeError("the venue is listened to already")
            self._hearing = Hearing(on_reports, on_connected)
        self._streaming = self.account.run(self._start_stream(asking, self._hearing))

    @property
    def listened(self) -> bool:
        return self._hearing is not None

    @property
    def connected(self) -> bool:
        """Whether the account's stream is flowing."""
        return self._stream is not None and self._stream.connected

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        return self.account.run(records_of(self.account.rest(), sorted(symbols), since, trades_of))

    def close(self) -> None:
        """End the stream, its listen key and the loop."""
        if self._streaming is not None:
            self.account.run(_ended(self._streaming))
        if self._hearing is not None:
            self._hearing.stop()
        self.account.close()
        self._asking = self._stream = self._streaming = self._hearing = None

    def _ask(self) -> Asking:
        rest = self.account.rest()
        with self._making:
            if self._asking is None:
                tracker = OrderTracker(rest, self._hand_on)
                self._asking = Asking(rest, tracker, self.notes, self.clock, lambda: self.connected)
            return self._asking

    def _hand_on(self, report: Report) -> None:
        if self._hearing is not None:
            self._hearing.tell(report)

    async def _start_stream(self, asking: Asking, hearing: Hearing) -> asyncio.Task[None]:
        self._stream = AccountStream(
            rest=asking.rest,
            ws_url=self.ws_url,
            clock=self.clock,
            on_row=asking.tracker.hear,
            on_connected=hearing.connected,
            on_lost=lambda: None,
        )
        return asyncio.create_task(_stream_forever(self._stream))


class MexcTestVenue:
    """Each order is put to the exchange's order/test; what it would refuse is rejected, the rest fills on paper."""

    name = "MEXC_TEST"

    def __init__(self, account: MexcAccount, paper: Venue) -> None:
        self.account, self.paper, self.clock = account, paper, account.clock

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        """An order that paper has answered is not judged again; one that the exchange did not judge gets no report."""
        known = self.paper.query(tickets).known
        asked = [ticket for ticket in tickets if ticket.client_order_id not in known]
        rest = self.account.rest()
        judged = dict(zip(asked, self.account.run(_together(self._judged(rest, one) for one in asked)), strict=True))
        refused = {ticket.client_order_id: reason for ticket, reason in judged.items() if reason}
        rejected = [Report(client_order_id=name, rejected=reason) for name, reason in refused.items()]
        passed = [ticket for ticket, reason in judged.items() if reason == ""]
        return [*known.values(), *rejected, *self.paper.submit(passed)]

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        return self.paper.cancel(tickets, reason)

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        return self.paper.query(tickets)

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        return self.paper.records(symbols, since, trades_of)

    def close(self) -> None:
        self.account.close()

    async def _judged(self, rest: PrivateRest, ticket: Ticket) -> str | None:
        """Why the exchange would refuse it, empty when it would not; None when it did not say."""
        at_ms = round(self.clock.market_s() * 1000)
        try:
            await rest.judge(parameters_of(ticket), at_ms=at_ms, window_ms=WINDOW_MS)
        except MexcProblem as problem:
            meaning = meaning_of(problem)
            return meaning.reason if meaning.fate is Fate.FINAL else None
        return ""


def mexc_venue(environment: Environment) -> MexcVenue:
    """Real orders with the account of this environment's keys."""
    return MexcVenue(_account(environment), ws_url=environment.MEXC_WS_URL)


def mexc_test_venue(environment: Environment, paper: Venue) -> MexcTestVenue:
    """Orders judged with the account of this environment's keys, and filled by `paper`."""
    return MexcTestVenue(_account(environment), paper)


def _account(environment: Environment) -> MexcAccount:
    credentials = ExchangeKey(environment.MEXC_API_KEY, environment.MEXC_API_SECRET)
    if not credentials.complete:
        raise ValueError("MEXC_API_KEY and MEXC_API_SECRET are both needed")
    return MexcAccount(rest_url=environment.MEXC_REST_URL, credentials=credentials)


async def _together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    return await asyncio.gather(*work)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _stream_forever(stream: AccountStream) -> None:
    """A stream never ends by itself: what ended it is an error of ours, and it begins anew."""
    while True:
        try:
            await stream.run()
        except Exception:
            log.exception("the account's stream ended")
        await asyncio.sleep(STREAM_PAUSE_S)


def _answers(tickets: Sequence[Ticket], said: Sequence[tuple[Report | None, bool]]) -> VenueAnswers:
    known: Mapping[str, Report] = {report.client_order_id: report for report, _ in said if report is not None}
    names = [ticket.client_order_id for ticket in tickets]
    return VenueAnswers(known, frozenset(name for name, (_, absent) in zip(names, said, strict=True) if absent))
