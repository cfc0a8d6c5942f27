"""What would be decided now, without deciding it: the same reading, the same layers, nothing written.

`preview` asks for one symbol; `preview_limits` shows what other limits would change: for every open position whether
its stop would be reached, and for the next entry of every watched symbol its outcome before and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from cdb_site.clock import Clock
from execution.queries import PAPER
from execution.rules.accounting import ZERO
from risk import account_reading
from risk.account_reading import Reading
from risk.decision.requests import Request
from risk.loss_baselines import read as read_levels
from risk.marks import Marks
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.decide import Ruling, decide
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers import STOP_LOSS
from risk.rules.portfolio import stop_price
from risk.rules.reasons import sentence

NO_ID = UUID(int=0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The inputs that would be seen and the ruling it would get."""

    inputs: DecisionInputs
    ruling: Ruling

    @property
    def sentence(self) -> str:
        return sentence(self.ruling.reason_code, self.ruling.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChange:
    """An open position under the limits in force and under others. Prices in the quote asset, shares of equity."""

    symbol: str
    share: Decimal
    mark_price: Decimal
    stop_before: Decimal
    stop_after: Decimal
    stops_now: bool
    over_limit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """The next entry of full strength in a symbol: outcome, code and quantity before and after."""

    symbol: str
    before: Ruling
    after: Ruling

    @property
    def differs(self) -> bool:
        return (self.before.outcome, self.before.reason_code, self.before.quantity) != (
            self.after.outcome,
            self.after.reason_code,
            self.after.quantity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsPreview:
    positions: tuple[PositionChange, ...]
    entries: tuple[EntryChange, ...]
    exposure: Decimal
    exposure_over: bool


def preview(
    symbol: str, side: str, *, marks: Marks, clock: Clock, account: str = PAPER, strength: Decimal = ONE
) -> Preview:
    """The decision that a signal would get at this moment."""
    reading, levels = _read(account, marks, clock)
    seen, ruling = _batch(reading, levels, marks.markets([symbol]), clock).decide(
        _request(symbol, side, strength, clock)
    )
    return Preview(inputs=seen, ruling=ruling)


def preview_limits(
    values: Mapping[str, Decimal], symbols: Sequence[str], *, marks: Marks, clock: Clock, account: str = PAPER
) -> LimitsPreview:
    """What these limits would change; `symbols` are the watched ones."""
    reading, levels = _read(account, marks, clock)
    new_values: dict[str, Any] = dict(values)
    changed = msgspec.structs.replace(reading, limits=replace(reading.limits, **new_values))
    markets = marks.markets(symbols)
    now, later = (_batch(item, levels, markets, clock) for item in (reading, changed))
    equity = reading.portfolio.equity
    share = reading.portfolio.exposure / equity if equity > 0 else ZERO
    return LimitsPreview(
        positions=tuple(_position(symbol, reading, changed, marks) for symbol in sorted(reading.portfolio.holdings)),
        entries=tuple(_entry(symbol, now, later, clock) for symbol in sorted(symbols)),
        exposure=share,
        exposure_over=share > changed.limits.max_exposure_pct,
    )


def _read(account: str, marks: Marks, clock: Clock) -> tuple[Reading, Levels]:
    market_now = clock.market_now()
    reading = account_reading.reading(account, marks, market_now)
    return reading, reading.aligned(read_levels(account, market_now))


def _batch(state: AccountState, levels: Levels, markets: Mapping[str, SymbolMarket], clock: Clock) -> DecisionBatch:
    return DecisionBatch(state=state, markets=markets, levels=levels, market_now=clock.market_now())


def _request(symbol: str, side: str, strength: Decimal, clock: Clock) -> Request:
    return Request(
        decision_id=NO_ID,
        kind="SIGNAL",
        side=side,
        symbol=symbol,
        occurred_at=clock.market_now(),
        strength=strength,
    )


def _entry(symbol: str, now: DecisionBatch, later: DecisionBatch, clock: Clock) -> EntryChange:
    request = _request(symbol, "BUY", ONE, clock)
    before, after = (decide(batch.inputs(request)) for batch in (now, later))
    return EntryChange(symbol=symbol, before=before, after=after)


def _position(symbol: str, now: AccountState, later: AccountState, marks: Marks) -> PositionChange:
    portfolio, holding = now.portfolio, now.portfolio.holdings[symbol]
    book = marks.board.fresh_book(symbol)
    equity = portfolio.equity
    share = portfolio.notional(symbol) / equity if equity > 0 else ZERO
    stop = later.limits.stop_loss_pct
    reached = book is not None and STOP_LOSS.triggered(
        bid=book.bid, avg_entry_price=holding.avg_entry_price, stop_loss_pct=stop
    )
    return PositionChange(
        symbol=symbol,
        share=share,
        mark_price=portfolio.marks[symbol].price,
        stop_before=stop_price(holding.avg_entry_price, now.limits.stop_loss_pct),
        stop_after=stop_price(holding.avg_entry_price, stop),
        stops_now=reached,
        over_limit=share > later.limits.max_position_pct,
    )
