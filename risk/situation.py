"""All that one decision is made from, as plain values: the request, the portfolio as it stands, the limits.

A decision is a pure function of a `Situation`; the situation is stored with it, so that it can be decided again.
Amounts are in the quote asset, quantities in base units, `_pct` limits are fractions, ages in ms of wall time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`price` is the ask for a BUY and the bid for a SELL, None when there is none. `exposure` and
    `symbol_exposure` are positions at mark plus open buys at their worst price."""

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

    @property
    def worst_price(self) -> Decimal:
        """What an entry may cost at most per base unit, before rounding to the tick."""
        assert self.price is not None  # noqa: S101 - entries without a price are refused before sizing
        return self.price * (1 + self.max_slippage_pct)

    @property
    def stop_price(self) -> Decimal:
        return self.avg_entry_price * (1 - self.stop_loss_pct)


_TYPES = get_type_hints(Situation)


def to_json(situation: Situation) -> dict[str, Any]:
    """Plain JSON values; Decimals as exact text."""
    values = {item.name: getattr(situation, item.name) for item in fields(situation)}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def from_json(values: dict[str, Any]) -> Situation:
    """The situation exactly as it was stored."""
    typed: dict[str, Any] = {
        name: Decimal(value) if value is not None and Decimal in _members(_TYPES[name]) else value
        for name, value in values.items()
    }
    return Situation(**typed)


def _members(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", None) or (kind,)
