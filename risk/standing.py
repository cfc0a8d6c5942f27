"""How an account stands while a batch is decided: limits and trading state as read under the lock, and the portfolio,
which every approval moves on, so that the next request sees what the one before has taken."""

from __future__ import annotations

from decimal import Decimal

from cdb_site.clock import Clock
from execution.fill_model import Rules
from risk.deciding import Ruling, decide
from risk.marks import Marks
from risk.queries import Reading
from risk.requests import Request
from risk.situation import Situation

NOTHING = Decimal(0)
UNLISTED = Rules(
    price_tick=Decimal(1), quantity_step=Decimal(1), min_quantity=NOTHING, min_notional=NOTHING, taker_fee=NOTHING
)


class Standing:
    """One account during one batch, as read under its lock."""

    def __init__(self, reading: Reading, *, marks: Marks, clock: Clock) -> None:
        self.marks = marks
        self.portfolio = reading.portfolio
        self.limits = reading.limits
        self.trading_state = reading.trading_state
        self.market_now = clock.market_now()

    def rule(self, request: Request) -> tuple[Situation, Ruling]:
        """(what was seen, what is decided). An approval moves the portfolio on."""
        seen = self.situation(request)
        ruling = decide(seen)
        if ruling.approved and request.side == "BUY":
            self.portfolio.reserve(request.symbol, ruling.reserved)
        elif ruling.approved:
            self.portfolio.start_exit(request.symbol)
        return seen, ruling

    def situation(self, request: Request) -> Situation:
        """Everything the decision is made from."""
        listed = self.marks.board.rules(request.symbol)
        rules = listed or UNLISTED
        quoted = self.marks.quote(request.symbol)
        book = quoted[0].book if quoted else None
        stake = self.portfolio.stakes.get(request.symbol)
        limits = self.limits
        return Situation(
            kind=request.kind,
            side=request.side,
            symbol=request.symbol,
            strength=request.strength,
            expired=request.expires_at is not None and self.market_now > request.expires_at,
            listed=listed is not None,
            price=(book.ask if request.side == "BUY" else book.bid) if book else None,
            bid=book.bid if book else None,
            price_age_ms=quoted[1] if quoted else None,
            price_tick=rules.price_tick,
            quantity_step=rules.quantity_step,
            min_quantity=rules.min_quantity,
            min_notional=rules.min_notional,
            taker_fee=rules.taker_fee,
            trading_state=self.trading_state,
            equity=self.portfolio.equity,
            exposure=self.portfolio.exposure,
            symbol_exposure=self.portfolio.symbol_exposure(request.symbol),
            free_cash=self.portfolio.free_cash,
            held_quantity=stake.quantity if stake else NOTHING,
            avg_entry_price=stake.avg_entry_price if stake else NOTHING,
            live_exit=request.symbol in self.portfolio.exiting,
            limits_version=limits.version,
            max_exposure_pct=limits.max_exposure_pct,
            max_position_pct=limits.max_position_pct,
            stop_loss_pct=limits.stop_loss_pct,
            max_slippage_pct=limits.max_slippage_pct,
            max_price_age_ms=int(limits.max_price_age_s * 1000),
        )
