"""All that one decision is made from, as plain values: the request, the portfolio as it stands, the limits.

A decision is a pure function of its `DecisionInputs`; they are stored with it, so that it can be decided again.
Amounts are in the quote asset, quantities in base units, `_pct` limits are fractions, ages in ms of wall time. Fields
with a default were added later: inputs stored before that read as if the field did not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from risk.rules.portfolio import stop_price

NEVER = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionInputs:
    """`price` is the ask for a BUY and the bid for a SELL, None when there is none. `exposure` and
    `symbol_exposure` are positions at mark plus open buys at their worst price. `breakers` are the open breakers that
    concern this symbol, `KIND` for the whole account and `KIND SYMBOL` for one. `live_exit_order` is the exit that is
    under way; `cooldown_left_s` is market time."""

    kind: str
    side: str
    symbol: str
    strength: Decimal
    expired: bool
    listed: bool
    price: Decimal | None
    bid: Decimal | None
    price_age_ms: int | None
    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    taker_fee: Decimal
    trading_state: str
    equity: Decimal
    exposure: Decimal
    symbol_exposure: Decimal
    free_cash: Decimal
    held_quantity: Decimal
    avg_entry_price: Decimal
    live_exit: bool
    limits_version: int
    max_exposure_pct: Decimal
    max_position_pct: Decimal
    stop_loss_pct: Decimal
    max_slippage_pct: Decimal
    max_price_age_ms: int
    live_exit_order: str | None = None
    day_opening_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    orders_last_minute: int = 0
    breakers: tuple[str, ...] = ()
    cooldown_left_s: Decimal | None = None
    paused: bool = False
    max_daily_drawdown_pct: Decimal = NEVER
    max_drawdown_pct: Decimal = NEVER
    max_spread_bps: Decimal = NEVER
    max_orders_per_minute: Decimal = NEVER

    @property
    def worst_price(self) -> Decimal:
        """What an entry may cost at most per base unit, before rounding to the tick."""
        assert self.price is not None  # noqa: S101 - entries without a price are refused before sizing
        return self.price * (1 + self.max_slippage_pct)

    @property
    def stop_price(self) -> Decimal:
        return stop_price(self.avg_entry_price, self.stop_loss_pct)


_TYPES = get_type_hints(DecisionInputs)
_NAMES = tuple(item.name for item in fields(DecisionInputs))


def to_json(inputs: DecisionInputs) -> dict[str, Any]:
    """Plain JSON values; Decimals as exact text."""
    return {name: _plain(getattr(inputs, name)) for name in _NAMES}


def from_json(values: dict[str, Any]) -> DecisionInputs:
    """The inputs exactly as they were stored."""
    return DecisionInputs(**{name: _typed(_TYPES[name], value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _typed(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if kind is Decimal or Decimal in get_args(kind):
        return Decimal(value)
    return tuple(value) if isinstance(value, list) else value
