"""Requests decided in order on one account: the one place where the inputs of a decision are put together.

Live, in the preview and in a replay the same: what is known is brought as plain values, every approval moves the
portfolio on, and the next request sees what the one before has taken. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import msgspec

from execution.rules.accounting import ZERO
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import ACCOUNT
from risk.rules.decide import Ruling, decide
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.exiting import sellable
from risk.rules.layers import LAYERS, Layer


class Requested(Protocol):
    """What a decision needs to know of a request; times are market time."""

    @property
    def decision_id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def strength(self) -> Decimal: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def open_time(self) -> datetime | None: ...


class DecisionBatch(msgspec.Struct, kw_only=True):
    """One account while a batch is decided. `markets` has every symbol asked for; `placed` counts its orders so far;
    `layers` are those that judge: all of them, unless somebody asks what one of them costs."""

    state: AccountState
    markets: Mapping[str, SymbolMarket]
    levels: Levels | None
    market_now: datetime
    placed: int = 0
    layers: Sequence[Layer] = LAYERS

    def decide(self, request: Requested) -> tuple[DecisionInputs, Ruling]:
        """(what was seen, what is decided). An approval moves the portfolio on."""
        seen = self.inputs(request)
        ruling = decide(seen, self.layers)
        approved = ruling.approved
        if approved and not ruling.joined_order:
            self._take(request, ruling)
        if request.side == "SELL" and (approved or ruling.reason_code == "POSITION_NOT_YET"):
            self.state.portfolio.leaving.add(request.symbol)
        return seen, ruling

    def inputs(self, request: Requested) -> DecisionInputs:
        """Everything the decision of a request is made from, as things stand now, in the order of its fields."""
        state, limits, levels, portfolio = self.state, self.state.limits, self.levels, self.state.portfolio
        side, symbol = request.side, request.symbol
        market = self.markets[symbol]
        rules, book = market.rules, market.book
        bid = book.bid if book else None
        holding = portfolio.holdings.get(symbol)
        return DecisionInputs(
            request.kind,
            side,
            symbol,
            request.strength,
            request.expires_at is not None and self.market_now > request.expires_at,
            rules,
            book.ask if book and side == "BUY" else bid,
            bid,
            market.book_age_ms,
            state.trading_state,
            portfolio.equity,
            portfolio.exposure,
            portfolio.symbol_exposure(symbol),
            portfolio.free_cash,
            holding.quantity if holding else ZERO,
            holding.avg_entry_price if holding else ZERO,
            symbol in portfolio.exiting,
            limits.version,
            limits.max_exposure_pct,
            limits.max_position_pct,
            limits.stop_loss_pct,
            limits.max_slippage_pct,
            limits.max_price_age_ms,
            portfolio.exiting.get(symbol),
            levels.opening if levels else None,
            levels.peak if levels else None,
            state.orders_last_minute + self.placed,
            tuple(str(row) for row in state.breakers if row.symbol in (ACCOUNT, symbol)) if state.breakers else (),
            self._cooldown_left_s(symbol),
            symbol in state.paused,
            sellable(holding.quantity, rules, bid) if holding else ZERO,
            symbol in portfolio.reserved,
            portfolio.must_leave(symbol),
            self._overtaken(request),
            symbol not in state.not_buyable,
            limits.max_daily_drawdown_pct,
            limits.max_drawdown_pct,
            limits.max_spread_bps,
            limits.max_orders_per_minute,
        )

    def _take(self, request: Requested, ruling: Ruling) -> None:
        self.placed += 1
        if request.side == "BUY":
            self.state.portfolio.reserve(request.symbol, ruling.reserved, self._taker_fee(request.symbol))
        else:
            self.state.portfolio.start_exit(request.symbol, str(request.decision_id))

    def _taker_fee(self, symbol: str) -> Decimal:
        rules = self.markets[symbol].rules
        assert rules is not None  # noqa: S101 - what is not listed is refused
        return rules.taker_fee

    def _overtaken(self, request: Requested) -> bool:
        """Whether a later candle of the symbol has said SELL."""
        newest_sell = self.state.last_sells.get(request.symbol)
        return bool(newest_sell and request.open_time and request.open_time < newest_sell)

    def _cooldown_left_s(self, symbol: str) -> Decimal | None:
        """Market seconds until the symbol may be bought again after its last stop; None when it may."""
        stopped_at = self.state.last_stops.get(symbol)
        if stopped_at is None:
            return None
        left = self.state.limits.stop_cooldown_s - Decimal((self.market_now - stopped_at).total_seconds())
        return left if left > 0 else None
