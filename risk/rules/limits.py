"""The limits of one version as numbers, and which of a change's limits would protect less.

What a limit is (bounds, default, unit, meaning) stands in `cdb_site.limit_table`, below the environment that seeds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cdb_site.limit_table import BY_NAME, LIMITS, NAMES, Limit

__all__ = ["BY_NAME", "LIMITS", "NAMES", "Limit", "Limits", "loosened"]


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

    @property
    def max_price_age_ms(self) -> int:
        return int(self.max_price_age_s * 1000)


def loosened(before: Limits, after: Mapping[str, Decimal]) -> list[str]:
    """Names of limits that `after` makes protect less than `before` did."""
    return [limit.name for limit in LIMITS if _protects_less(limit, getattr(before, limit.name), after[limit.name])]


def _protects_less(limit: Limit, old: Decimal, new: Decimal) -> bool:
    return new > old if limit.tighter == "LOWER" else new < old
