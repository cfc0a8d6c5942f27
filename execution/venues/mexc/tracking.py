"""The orders of an account as this process knows them: pushes are put together, REST is asked for what is missing.

Everything here happens in one event loop. While somebody attends to an order, sending, asking or canceling, what is
heard of it is that one's to report; at all other times it is handed on as news.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from execution.venues.mexc.assembling import Contradiction, KnownOrder
from execution.venues.mexc.client import TRADES_PAGE, PrivateRest
from execution.venues.mexc.errors import Fate, meaning_of
from execution.venues.mexc.rows import EPOCH, ExchangeOrder, ExchangeTrade
from execution.venues.protocol import Report, Ticket
from marketdata.mexc.errors import MexcProblem, RequestRefused

log = logging.getLogger(__name__)

PUSHES_S = 0.3
GATHER_S = 0.02
# Lists of trades, and orders just placed, are seen late at times: asked again after these.
READ_PAUSES_S = (0.0, 0.15, 0.4, 1.0)
PAGES_MAX = 50
ORDERS_MAX = 5000


class OrderTracker:
    """`on_news` takes reports of orders that nobody attends to."""

    def __init__(self, rest: PrivateRest, on_news: Callable[[Report], None]) -> None:
        self.rest, self.on_news = rest, on_news
        self._orders: dict[str, KnownOrder] = {}
        self._names: dict[str, str] = {}
        self._attended: Counter[str] = Counter()
        self._heard: dict[str, asyncio.Event] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}

    def of(self, ticket: Ticket) -> KnownOrder:
        return self._of(ticket.client_order_id, ticket.symbol)

    def _of(self, client_order_id: str, symbol: str) -> KnownOrder:
        known = self._orders.get(client_order_id)
        if known is None:
            known = self._orders[client_order_id] = KnownOrder(client_order_id=client_order_id, symbol=symbol)
            self._forget()
        return known

    def _forget(self) -> None:
        """The oldest, when there are too many; what is asked for again later is read anew."""
        for name in list(self._orders)[: max(0, len(self._orders) - ORDERS_MAX)]:
            if name not in self._attended and name not in self._telling:
                self._names.pop(self._orders.pop(name).order_id, None)

    @contextmanager
    def attending(self, order: KnownOrder) -> Iterator[None]:
        """Reports of the order are the caller's; what changes after the last of them is told when it ends."""
        name = order.client_order_id
        self._attended[name] += 1
        self._heard.setdefault(name, asyncio.Event())
        try:
            yield
        finally:
            self._attended[name] -= 1
            if not self._attended[name]:
                del self._attended[name], self._heard[name]
                self._tell_soon(order)

    def placed(self, order: KnownOrder, order_id: str) -> None:
        """The exchange took it under this id."""
        if order.order_id not in ("", order_id):
            raise Contradiction(f"{order.client_order_id} is {order.order_id} and {order_id}")
        order.order_id = order_id
        self._names[order_id] = order.client_order_id

    def hear(self, row: ExchangeOrder | ExchangeTrade) -> None:
        """What the stream tells. What names no client's id and no order of ours is somebody else's."""
        name = row.client_order_id or self._names.get(row.order_id, "")
        if not name:
            return
        order = self._of(name, row.symbol)
        try:
            self._take(order, row)
        except Contradiction as problem:
            log.error("the account's stream contradicts what is known: %s", problem)
            return
        if name in self._heard:
            self._heard[name].set()
        else:
            self._tell_soon(order)

    def _take(self, order: KnownOrder, row: ExchangeOrder | ExchangeTrade) -> None:
        if isinstance(row, ExchangeOrder):
            order.hear_order(row)
        else:
            order.hear_trade(row)
        self._names[order.order_id] = order.client_order_id

    async def pushes(self, order: KnownOrder, within_s: float = PUSHES_S) -> None:
        """Wait until the stream told all there is to know of it now, or for so long. Attend to it meanwhile."""
        heard = self._heard[order.client_order_id]
        try:
            async with asyncio.timeout(within_s):
                while not order.settled:
                    heard.clear()
                    await heard.wait()
        except TimeoutError:
            return

    async def read(self, order: KnownOrder) -> None:
        """Ask REST until nothing is missing of it, a few times. Raises MexcProblem and Contradiction; RequestRefused
        with an ABSENT code when the exchange does not know it, and never did."""
        for pause_s in READ_PAUSES_S:
            await asyncio.sleep(pause_s)
            try:
                self._take(order, await self.rest.order(order.symbol, order.client_order_id))
            except RequestRefused as problem:
                if meaning_of(problem).fate is not Fate.ABSENT or not order.at_exchange:
                    raise
                continue
            if order.traded < order.filled:
                await self._read_trades(order)
            if order.settled:
                return

    async def _read_trades(self, order: KnownOrder) -> None:
        end_ms: int | None = None
        for _ in range(PAGES_MAX):
            page = await self.rest.trades_page(order.symbol, order_id=order.order_id, end_ms=end_ms)
            before = len(order.trades)
            for row in page:
                if row.order_id == order.order_id:
                    order.hear_trade(row)
            if len(page) < TRADES_PAGE or order.traded >= order.filled or len(order.trades) == before:
                return
            end_ms = oldest_ms(page)

    def _tell_soon(self, order: KnownOrder) -> None:
        """Trade and state come in frames of their own: they are told together."""
        name = order.client_order_id
        if name not in self._telling and order.at_exchange:
            self._telling[name] = asyncio.create_task(self._tell(order))

    async def _tell(self, order: KnownOrder) -> None:
        try:
            await asyncio.sleep(GATHER_S)
            if not order.complete:
                await asyncio.sleep(PUSHES_S)
            if not order.complete:
                await self.read(order)
        except (MexcProblem, Contradiction) as problem:
            log.warning("what is missing of order %s is not known yet: %s", order.client_order_id, problem)
        finally:
            del self._telling[order.client_order_id]
        if order.client_order_id in self._attended:
            return
        report = self.news_of(order)
        if report is not None:
            self.on_news(report)

    def report_of(self, order: KnownOrder) -> Report | None:
        """How it stands, for who attends to it; None for what is not known to be there, or contradicts itself."""
        try:
            order.told = order.report()
        except Contradiction as problem:
            log.error("an order of the account contradicts itself: %s", problem)
            return None
        return order.told

    def news_of(self, order: KnownOrder) -> Report | None:
        """The same, if it was not told yet."""
        told = order.told
        report = self.report_of(order)
        return None if report == told else report


def oldest_ms(page: Sequence[ExchangeTrade]) -> int:
    """The time of the oldest of some trades, in milliseconds of the exchange's clock."""
    oldest = min(row.trade.executed_at for row in page) - EPOCH
    return oldest.days * 86_400_000 + oldest.seconds * 1000 + oldest.microseconds // 1000
