"""Requests decided in order on one account: the one place where the inputs of a decision are put together.

Live, in the preview and in a replay the same: what is known is brought as plain values, every approval moves the
portfolio on, and the next request sees what the one before has taken. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from execution.rules.accounting import ZERO, Holding
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.decide import Ruling, decide
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.exiting import sellable
from risk.rules.layers import LAYERS, Layer
from risk.rules.limits import Limits


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


@dataclass(slots=True, kw_only=True)
class DecisionBatch:
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
        if ruling.approved and not ruling.joined_order:
            self._take(request, ruling)
        if request.side == "SELL" and (ruling.approved or ruling.reason_code == "POSITION_NOT_YET"):
            self.state.portfolio.leaving.add(request.symbol)
        return seen, ruling

    def inputs(self, request: Requested) -> DecisionInputs:
        """Everything the decision of a request is made from, as things stand now."""
        market = self.markets[request.symbol]
        return DecisionInputs(
            **self._of_request(request),
            **_of_market(market, request.side),
            **self._of_account(request.symbol),
            **self._of_leaving(request, market),
            **_of_limits(self.state.limits),
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

    def _of_request(self, request: Requested) -> dict[str, Any]:
        return {
            "kind": request.kind,
            "side": request.side,
            "symbol": request.symbol,
            "strength": request.strength,
            "expired": request.expires_at is not None and self.market_now > request.expires_at,
        }

    def _of_account(self, symbol: str) -> dict[str, Any]:
        state, portfolio, levels = self.state, self.state.portfolio, self.levels
        holding = portfolio.holdings.get(symbol) or Holding(symbol=symbol)
        return {
            "trading_state": state.trading_state,
            "equity": portfolio.equity,
            "exposure": portfolio.exposure,
            "symbol_exposure": portfolio.symbol_exposure(symbol),
            "free_cash": portfolio.free_cash,
            "held_quantity": holding.quantity,
            "avg_entry_price": holding.avg_entry_price,
            "live_exit": symbol in portfolio.exiting,
            "live_exit_order": portfolio.exiting.get(symbol),
            "day_opening_equity": levels.opening if levels else None,
            "peak_equity": levels.peak if levels else None,
            "orders_last_minute": state.orders_last_minute + self.placed,
            "breakers": tuple(str(row) for row in state.breakers if row.symbol in ("", symbol)),
            "cooldown_left_s": self._cooldown_left_s(symbol),
            "paused": symbol in state.paused,
            "tradable": symbol not in state.not_buyable,
        }

    def _of_leaving(self, request: Requested, market: SymbolMarket) -> dict[str, Any]:
        state, portfolio = self.state, self.state.portfolio
        holding = portfolio.holdings.get(request.symbol)
        newest_sell, bid = state.last_sells.get(request.symbol), market.book.bid if market.book else None
        return {
            "sellable_quantity": sellable(holding.quantity, market.rules, bid) if holding else ZERO,
            "entry_open": request.symbol in portfolio.reserved,
            "exit_wanted": portfolio.must_leave(request.symbol),
            "overtaken": bool(newest_sell and request.open_time and request.open_time < newest_sell),
        }

    def _cooldown_left_s(self, symbol: str) -> Decimal | None:
        """Market seconds until the symbol may be bought again after its last stop; None when it may."""
        stopped_at = self.state.last_stops.get(symbol)
        if stopped_at is None:
            return None
        left = self.state.limits.stop_cooldown_s - Decimal((self.market_now - stopped_at).total_seconds())
        return left if left > 0 else None


def _of_market(market: SymbolMarket, side: str) -> dict[str, Any]:
    book = market.book
    return {
        "rules": market.rules,
        "price": (book.ask if side == "BUY" else book.bid) if book else None,
        "bid": book.bid if book else None,
        "price_age_ms": market.book_age_ms,
    }


def _of_limits(limits: Limits) -> dict[str, Any]:
    return {
        "limits_version": limits.version,
        "max_exposure_pct": limits.max_exposure_pct,
        "max_position_pct": limits.max_position_pct,
        "stop_loss_pct": limits.stop_loss_pct,
        "max_slippage_pct": limits.max_slippage_pct,
        "max_price_age_ms": int(limits.max_price_age_s * 1000),
        "max_daily_drawdown_pct": limits.max_daily_drawdown_pct,
        "max_drawdown_pct": limits.max_drawdown_pct,
        "max_spread_bps": limits.max_spread_bps,
        "max_orders_per_minute": limits.max_orders_per_minute,
    }
