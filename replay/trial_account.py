"""The paper account of a trial: decides requests with the live layers, fills them with the live model, keeps the books.

A batch is decided first, each approval seen by the next request, and filled then, as the services do it. Everything is
exact Decimal; a middle of the book is a position's mark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cdb_site.env import Environment
from execution.rules import accounting
from execution.rules.accounting import ZERO, Holding
from execution.rules.fill_model import Book, Execution, Model, Rules, fill, is_enough
from risk.decision.requests import Request
from risk.rules.account_state import AccountState, SymbolMarket
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import NEVER
from risk.rules.limits import LIMITS, Limit, Limits
from risk.rules.portfolio import Mark, Portfolio

TWO = Decimal(2)
PLAYED = ("max_exposure_pct", "max_position_pct", "stop_loss_pct", "max_slippage_pct", "max_price_age_s")


@dataclass(slots=True)
class Tally:
    """What happened. `counts` and `first_s` (seconds from the start to the first one) by what a request came to:
    APPROVED, TRIMMED, REJECTED and the reason codes; money in the quote asset, spread paid against the middle."""

    counts: Counter[str] = field(default_factory=Counter)
    first_s: dict[str, float] = field(default_factory=dict)
    net_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    spread_paid: Decimal = ZERO
    traded: Decimal = ZERO

    def note(self, kind: str, after_s: float) -> None:
        self.counts[kind] += 1
        self.first_s.setdefault(kind, after_s)


class TrialAccount:
    """Cash and holdings of one trial. `rules` by symbol."""

    def __init__(self, environment: Environment, rules: Mapping[str, Rules]) -> None:
        self.rules = rules
        self.model = Model(impact_bps=environment.PAPER_IMPACT_BPS, depth_share=environment.PAPER_DEPTH_SHARE)
        self.limits = limits_of(environment)
        self.cash = environment.STARTING_CASH
        self.holdings: dict[str, Holding] = {}
        self.tally = Tally()

    def decide(self, requests: Sequence[Request], quoted: Mapping[str, Book], after_s: float) -> None:
        """Decide a batch against the books of one moment, then fill what was approved."""
        batch = DecisionBatch(
            state=AccountState(trading_state="ACTIVE", limits=self.limits, portfolio=self._portfolio(quoted)),
            markets={request.symbol: self._market(request.symbol, quoted) for request in requests},
            levels=None,
            market_now=requests[0].occurred_at,
        )
        rulings = [(request, batch.decide(request)[1]) for request in requests]
        for request, ruling in rulings:
            self._note(request, ruling, after_s)
        for request, ruling in rulings:
            if ruling.approved and not ruling.joined_order:
                self._fill(request, ruling, quoted[request.symbol], after_s)

    def _market(self, symbol: str, quoted: Mapping[str, Book]) -> SymbolMarket:
        return SymbolMarket(rules=self.rules[symbol], book=quoted[symbol], book_age_ms=0)

    def _note(self, request: Request, ruling: Ruling, after_s: float) -> None:
        self.tally.note(f"{request.kind}_{request.side}", after_s)
        self.tally.note(ruling.outcome, after_s)
        self.tally.note(ruling.reason_code, after_s)

    def _portfolio(self, quoted: Mapping[str, Book]) -> Portfolio:
        marks = {symbol: Mark(price=middle(quoted[symbol]), source="BOOK") for symbol in self.holdings}
        return Portfolio(cash=self.cash, holdings=self.holdings, marks=marks)

    def _fill(self, request: Request, ruling: Ruling, book: Book, after_s: float) -> None:
        if not is_enough(book, side=request.side, quantity=ruling.quantity):
            self.tally.note("DEPTH_UNKNOWN", after_s)
            return
        answer = fill(
            side=request.side,
            quantity=ruling.quantity,
            limit_price=ruling.limit_price,
            reduce_only=request.side == "SELL",
            book=book,
            rules=self.rules[request.symbol],
            model=self.model,
        )
        for execution in answer.executions:
            self._book(request, execution, middle(book))

    def _book(self, request: Request, execution: Execution, mid: Decimal) -> None:
        booking = accounting.book(
            self.holdings.get(request.symbol, Holding(symbol=request.symbol)),
            side=request.side,
            price=execution.price,
            quantity=execution.quantity,
            fee=execution.fee,
        )
        self.cash += booking.trade_amount + booking.fee_amount
        self.tally.fees += execution.fee
        self.tally.traded += abs(booking.trade_amount)
        self.tally.spread_paid += abs(execution.price - mid) * execution.quantity
        if booking.holding.quantity:
            self.holdings[request.symbol] = booking.holding
        else:
            del self.holdings[request.symbol]


def limits_of(environment: Environment) -> Limits:
    """The environment's seeds of what a trial plays; every other limit is out of reach, as nobody watches."""
    return Limits(
        version=1,
        **{
            limit.name: getattr(environment, limit.variable) if limit.name in PLAYED else out_of_reach(limit)
            for limit in LIMITS
        },
    )


def out_of_reach(limit: Limit) -> Decimal:
    return NEVER if limit.tighter == "LOWER" else ZERO


def middle(book: Book) -> Decimal:
    return (book.bid + book.ask) / TWO
