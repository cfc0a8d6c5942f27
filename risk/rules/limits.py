"""Every limit of the five layers, in one table: its unit, its bounds, its default and what it means.

The table drives the columns and CHECKs of `LimitVersion`, the environment's seeds, the admin form and the documents.
`_pct` limits are fractions: 0.02 means 2 %. `_s` are wall seconds, except the cooldown, which is market time.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`layer` is 0 for what every layer uses. `tighter` says in which direction the limit protects more."""

    name: str
    variable: str
    layer: int
    unit: str
    low: Decimal
    high: Decimal
    default: Decimal
    meaning: str
    tighter: str = "LOWER"


def _limit(name: str, layer: int, unit: str, bounds: str, default: str, meaning: str, **more: Any) -> Limit:
    low, high = map(Decimal, bounds.split(".."))
    return Limit(
        name=name,
        variable=name.upper(),
        layer=layer,
        unit=unit,
        low=low,
        high=high,
        default=Decimal(default),
        meaning=meaning,
        **more,
    )


FRACTION = "0.0001..1"
LIMITS = (
    _limit("max_daily_drawdown_pct", 1, "fraction", FRACTION, "0.05", "loss of the UTC day that halts trading"),
    _limit("max_drawdown_pct", 2, "fraction", FRACTION, "0.05", "fall from the 24 h peak of equity"),
    _limit("max_slippage_pct", 2, "fraction", FRACTION, "0.01", "worst price of a fill against its decision price"),
    _limit("max_data_silence_s", 2, "s", "1..3600", "30", "silence of the feed, or of one symbol"),
    _limit("max_jump_pct", 2, "fraction", FRACTION, "0.05", "move of one symbol within one market minute"),
    _limit("max_spread_bps", 2, "bps", "1..10000", "100", "spread of one symbol"),
    _limit("max_orders_per_minute", 2, "orders", "1..1000000", "300", "orders placed within one wall minute"),
    _limit("max_reject_rate_pct", 2, "fraction", FRACTION, "0.2", "share of the last orders that the venue rejected"),
    _limit("max_clock_skew_s", 2, "s", "0.1..3600", "2", "difference between the venue's clock and ours"),
    _limit(
        "good_data_s", 2, "s", "1..3600", "30", "good data needed before a breaker releases itself", tighter="HIGHER"
    ),
    _limit("max_exposure_pct", 3, "fraction", FRACTION, "0.50", "total exposure of equity"),
    _limit("max_position_pct", 4, "fraction", FRACTION, "0.10", "one position of equity"),
    _limit("stop_loss_pct", 5, "fraction", "0.0001..0.99", "0.02", "fall of the bid below the average entry"),
    _limit(
        "stop_cooldown_s",
        5,
        "market s",
        "0..86400",
        "600",
        "pause of a symbol's entries after a stop",
        tighter="HIGHER",
    ),
    _limit("max_price_age_s", 0, "s", "0.1..3600", "10", "age of a price on which an entry may be decided"),
)
BY_NAME = {limit.name: limit for limit in LIMITS}
NAMES = tuple(BY_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One version of the limits, as numbers."""

    version: int
    max_daily_drawdown_pct: Decimal
    max_drawdown_pct: Decimal
    max_slippage_pct: Decimal
    max_data_silence_s: Decimal
    max_jump_pct: Decimal
    max_spread_bps: Decimal
    max_orders_per_minute: Decimal
    max_reject_rate_pct: Decimal
    max_clock_skew_s: Decimal
    good_data_s: Decimal
    max_exposure_pct: Decimal
    max_position_pct: Decimal
    stop_loss_pct: Decimal
    stop_cooldown_s: Decimal
    max_price_age_s: Decimal


def loosened(before: Limits, after: dict[str, Decimal]) -> list[str]:
    """Names of limits that `after` makes protect less than `before` did."""
    return [limit.name for limit in LIMITS if _protects_less(limit, getattr(before, limit.name), after[limit.name])]


def _protects_less(limit: Limit, old: Decimal, new: Decimal) -> bool:
    return new > old if limit.tighter == "LOWER" else new < old
