"""The desk of a replay: decides batches of requests, fills what was approved, and keeps what waits for a candle.

Decided by `DecisionBatch`, filled by the paper venue's model, booked as live. An entry that finds no counterpart
lapses; an exit waits until its symbol has a candle again, and is filled at its open. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from execution.rules.accounting import ZERO, notional
from execution.rules.book_walk import Execution
from execution.rules.fill_evidence import AskedOrder
from execution.rules.fill_model import Book
from execution.rules.paper_answer import answer_to
from replay.rules.outcome import ReplayDecision
from replay.rules.replay_books import ReplayBooks
from replay.rules.settings import ReplaySettings
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import Slip
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs

ONE = Decimal(1)
ORDER_MINUTE_S = 60


class ReplayRequest(msgspec.Struct, frozen=True, gc=False):
    """One request of a batch, as `DecisionBatch` asks for it."""

    decision_id: UUID
    kind: str
    side: str
    symbol: str
    strength: Decimal = ONE
    expires_at: datetime | None = None
    open_time: datetime | None = None


class ReplayOrder(msgspec.Struct):
    """An approved order and the decision that placed it."""

    number: int
    at_s: int
    seen: DecisionInputs
    ruling: Ruling

    @property
    def symbol(self) -> str:
        return self.seen.symbol

    @property
    def side(self) -> str:
        return self.seen.side

    @property
    def kind(self) -> str:
        return self.seen.kind


class ReplayDesk:
    """`waiting` are exits by symbol, `entries` buys on their way to the next open; `slips` wait for the next look."""

    def __init__(self, settings: ReplaySettings) -> None:
        self.settings, self.books = settings, ReplayBooks(settings.starting_cash)
        self.decisions: list[ReplayDecision] = []
        self.waiting: dict[str, ReplayOrder] = {}
        self.entries: list[ReplayOrder] = []
        self.slips: list[Slip] = []
        self.last_stops: dict[str, datetime] = {}
        self._placed: deque[int] = deque()
        self._noticed = settings.limits.max_slippage_pct / 2

    def request(self, kind: str, side: str, symbol: str, strength: Decimal = ONE) -> ReplayRequest:
        return ReplayRequest(NO_ID, kind, side, symbol, strength)

    @property
    def placed_lately(self) -> int:
        """No fewer than the orders of the last minute."""
        return len(self._placed)

    def orders_last_minute(self, at_s: int) -> int:
        while self._placed and self._placed[0] <= at_s - ORDER_MINUTE_S:
            self._placed.popleft()
        return len(self._placed)

    def decide(
        self,
        requests: Sequence[ReplayRequest],
        state: AccountState,
        markets: Mapping[str, SymbolMarket],
        levels: Levels | None,
        at_s: int,
    ) -> list[ReplayOrder]:
        """Decide a batch; the orders of what was approved, in order of the requests. Without levels no loss counts."""
        now = datetime.fromtimestamp(at_s, UTC)
        batch = DecisionBatch(state=state, markets=markets, levels=levels, market_now=now, layers=self.settings.layers)
        orders = []
        for request in requests:
            seen, ruling = batch.decide(request)
            number = len(self.decisions) + 1
            self.decisions.append(ReplayDecision(number=number, at_s=at_s, seen=seen, ruling=ruling))
            if ruling.approved and not ruling.joined_order:
                orders.append(ReplayOrder(number, at_s, seen, ruling))
                self._placed.append(at_s)
                if seen.kind == "STOP":
                    self.last_stops[seen.symbol] = now
        return orders

    def send(self, order: ReplayOrder, book: Book, at_s: int) -> None:
        """Fill an order at a book; an exit for which the book is not enough waits."""
        seen, ruling = order.seen, order.ruling
        asked = AskedOrder(
            side=seen.side,
            quantity=ruling.quantity,
            limit_price=ruling.limit_price,
            reduce_only=seen.side == "SELL",
        )
        answer = answer_to(asked, book, seen.venue_rules, self.settings.model)
        if answer is None and seen.side == "SELL":
            self.waiting[seen.symbol] = order
        elif answer is not None and answer.executions:
            self._booked(order, answer.executions, at_s)

    def _booked(self, order: ReplayOrder, executions: tuple[Execution, ...], at_s: int) -> None:
        seen, number = order.seen, order.number
        for execution in executions:
            self.books.book(seen.symbol, seen.side, execution, kind=seen.kind, number=number, at_s=at_s)
        self.decisions[number - 1].executions = executions
        decided, near = seen.entry_price, seen.entry_price * self._noticed
        for execution in executions:
            if abs(execution.price - decided) > near:
                self._note_slip(order, executions)
                break

    def _note_slip(self, order: ReplayOrder, executions: tuple[Execution, ...]) -> None:
        slippage = _slippage(order.seen, executions)
        if slippage > self.settings.limits.max_slippage_pct:
            self.slips.append(Slip(order_id=str(order.number), symbol=order.symbol, slippage=slippage))

    def slipped(self) -> tuple[Slip, ...]:
        """What slipped since the last look."""
        slips = tuple(self.slips)
        self.slips.clear()
        return slips


NO_ID = UUID(int=0)  # nothing of a replay is stored under it: decisions have numbers


def _slippage(seen: DecisionInputs, executions: Sequence[Execution]) -> Decimal:
    """Fraction that an order was filled worse than it was decided."""
    if all(each.price == seen.entry_price for each in executions):
        return ZERO
    value = sum((notional(each.price, each.quantity) for each in executions), ZERO)
    price = value / sum((each.quantity for each in executions), ZERO)
    decided = seen.entry_price
    return (price - decided) / decided if seen.side == "BUY" else (decided - price) / decided
