"""The paper account of a trial: decides wishes with the live layers, fills them with the live model, keeps the books.

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
from execution.rules.fill_model import Book, Execution, Model, Rules, fill
from risk.rules.decide import Ruling, decide
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.portfolio import Mark, Portfolio

TWO = Decimal(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request before it is decided; `kind` SIGNAL, STOP or OPERATOR."""

    symbol: str
    side: str
    kind: str
    strength: Decimal = Decimal(1)


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
        self.environment, self.rules = environment, rules
        self.model = Model(impact_bps=environment.PAPER_IMPACT_BPS, depth_share=environment.PAPER_DEPTH_SHARE)
        self.cash = environment.STARTING_CASH
        self.holdings: dict[str, Holding] = {}
        self.tally = Tally()

    def decide(self, wishes: Sequence[Wish], quoted: Mapping[str, Book], after_s: float) -> None:
        """Decide a batch against the books of one moment, then fill what was approved."""
        portfolio = self._portfolio(quoted)
        approved = []
        for wish in wishes:
            ruling = decide(self._situation(wish, portfolio, quoted[wish.symbol]))
            self._note(wish, ruling, after_s)
            if ruling.approved:
                approved.append((wish, ruling))
                if wish.side == "BUY":
                    portfolio.reserve(wish.symbol, ruling.reserved)
                else:
                    portfolio.start_exit(wish.symbol, wish.symbol)
        for wish, ruling in approved:
            self._fill(wish, ruling, quoted[wish.symbol])

    def _note(self, wish: Wish, ruling: Ruling, after_s: float) -> None:
        self.tally.note(f"{wish.kind}_{wish.side}", after_s)
        self.tally.note(ruling.outcome, after_s)
        self.tally.note(ruling.reason_code, after_s)

    def _portfolio(self, quoted: Mapping[str, Book]) -> Portfolio:
        marks = {symbol: Mark(price=middle(quoted[symbol]), source="BOOK") for symbol in self.holdings}
        return Portfolio(cash=self.cash, holdings=self.holdings, marks=marks)

    def _situation(self, wish: Wish, portfolio: Portfolio, book: Book) -> DecisionInputs:
        limits, rules, holding = self.environment, self.rules[wish.symbol], self.holdings.get(wish.symbol)
        return DecisionInputs(
            kind=wish.kind,
            side=wish.side,
            symbol=wish.symbol,
            strength=wish.strength,
            expired=False,
            listed=True,
            price=book.ask if wish.side == "BUY" else book.bid,
            bid=book.bid,
            price_age_ms=0,
            price_tick=rules.price_tick,
            quantity_step=rules.quantity_step,
            min_quantity=rules.min_quantity,
            min_notional=rules.min_notional,
            taker_fee=rules.taker_fee,
            trading_state="ACTIVE",
            equity=portfolio.equity,
            exposure=portfolio.exposure,
            symbol_exposure=portfolio.symbol_exposure(wish.symbol),
            free_cash=portfolio.free_cash,
            held_quantity=holding.quantity if holding else ZERO,
            avg_entry_price=holding.avg_entry_price if holding else ZERO,
            live_exit=wish.symbol in portfolio.exiting,
            limits_version=1,
            max_exposure_pct=limits.MAX_EXPOSURE_PCT,
            max_position_pct=limits.MAX_POSITION_PCT,
            stop_loss_pct=limits.STOP_LOSS_PCT,
            max_slippage_pct=limits.MAX_SLIPPAGE_PCT,
            max_price_age_ms=int(limits.MAX_PRICE_AGE_S * 1000),
        )

    def _fill(self, wish: Wish, ruling: Ruling, book: Book) -> None:
        answer = fill(
            side=wish.side,
            quantity=ruling.quantity,
            limit_price=ruling.limit_price,
            reduce_only=wish.side == "SELL",
            book=book,
            rules=self.rules[wish.symbol],
            model=self.model,
        )
        for execution in answer.executions:
            self._book(wish, execution, middle(book))

    def _book(self, wish: Wish, execution: Execution, mid: Decimal) -> None:
        booking = accounting.book(
            self.holdings.get(wish.symbol, Holding(symbol=wish.symbol)),
            side=wish.side,
            price=execution.price,
            quantity=execution.quantity,
            fee=execution.fee,
        )
        self.cash += booking.trade_amount + booking.fee_amount
        self.tally.fees += execution.fee
        self.tally.traded += abs(booking.trade_amount)
        self.tally.spread_paid += abs(execution.price - mid) * execution.quantity
        if booking.holding.quantity:
            self.holdings[wish.symbol] = booking.holding
        else:
            del self.holdings[wish.symbol]


def middle(book: Book) -> Decimal:
    return (book.bid + book.ask) / TWO
