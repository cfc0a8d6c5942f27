"""How an account stands while a batch is decided: limits and trading state as read under the lock, and the portfolio,
which every approval moves on, so that the next request sees what the one before has taken."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from execution.rules.fill_model import Rules
from risk.decision.requests import Request
from risk.loss_baselines import Levels
from risk.marks import Marks
from risk.queries import Reading
from risk.rules.decide import Ruling, decide
from risk.rules.decision_inputs import DecisionInputs

NOTHING = Decimal(0)
UNLISTED = Rules(
    price_tick=Decimal(1), quantity_step=Decimal(1), min_quantity=NOTHING, min_notional=NOTHING, taker_fee=NOTHING
)


class Standing:
    """One account during one batch, as read under its lock."""

    def __init__(self, reading: Reading, *, levels: Levels, marks: Marks, market_now: datetime) -> None:
        self.marks, self.levels = marks, levels
        self.portfolio = reading.portfolio
        self.limits = reading.limits
        self.trading_state = reading.trading_state
        self.breakers = reading.breakers
        self.orders_last_minute = reading.orders_last_minute
        self.last_stops = reading.last_stops
        self.paused = reading.paused
        self.market_now = market_now

    def rule(self, request: Request) -> tuple[DecisionInputs, Ruling]:
        """(what was seen, what is decided). An approval moves the portfolio on."""
        seen = self.inputs(request)
        ruling = decide(seen)
        if ruling.approved and not ruling.joined_order:
            self._take(request, ruling)
        return seen, ruling

    def _take(self, request: Request, ruling: Ruling) -> None:
        self.orders_last_minute += 1
        if request.side == "BUY":
            self.portfolio.reserve(request.symbol, ruling.reserved)
        else:
            self.portfolio.start_exit(request.symbol, str(request.decision_id))

    def inputs(self, request: Request) -> DecisionInputs:
        """Everything the decision is made from."""
        listed = self.marks.board.rules(request.symbol)
        rules = listed or UNLISTED
        quoted = self.marks.quote(request.symbol)
        book = quoted[0].book if quoted else None
        holding = self.portfolio.holdings.get(request.symbol)
        limits = self.limits
        return DecisionInputs(
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
            held_quantity=holding.quantity if holding else NOTHING,
            avg_entry_price=holding.avg_entry_price if holding else NOTHING,
            live_exit=request.symbol in self.portfolio.exiting,
            limits_version=limits.version,
            max_exposure_pct=limits.max_exposure_pct,
            max_position_pct=limits.max_position_pct,
            stop_loss_pct=limits.stop_loss_pct,
            max_slippage_pct=limits.max_slippage_pct,
            max_price_age_ms=int(limits.max_price_age_s * 1000),
            live_exit_order=self.portfolio.exiting.get(request.symbol),
            day_opening_equity=self.levels.opening,
            peak_equity=self.levels.peak,
            orders_last_minute=self.orders_last_minute,
            breakers=tuple(str(row) for row in self.breakers if row.symbol in ("", request.symbol)),
            cooldown_left_s=self._cooldown_left_s(request.symbol),
            paused=request.symbol in self.paused,
            max_daily_drawdown_pct=limits.max_daily_drawdown_pct,
            max_drawdown_pct=limits.max_drawdown_pct,
            max_spread_bps=limits.max_spread_bps,
            max_orders_per_minute=limits.max_orders_per_minute,
        )

    def _cooldown_left_s(self, symbol: str) -> Decimal | None:
        """Market seconds until the symbol may be bought again after its last stop; None when it may."""
        stopped_at = self.last_stops.get(symbol)
        if stopped_at is None:
            return None
        left = self.limits.stop_cooldown_s - Decimal((self.market_now - stopped_at).total_seconds())
        return left if left > 0 else None
