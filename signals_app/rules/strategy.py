"""The momentum strategy's parameters, as one value that is handed to everything that decides.

    momentum = close / close one lookback before - 1
    BUY   momentum crosses up through `threshold`, rank <= `top_n`, quote volume of the lookback >= `min_volume`
    SELL  momentum crosses down through `exit`; it means the whole position

Fractions are fractions (0.01 is 1 %), volumes are in the quote asset, durations are market seconds. A pair with a
spread above `max_spread_bps` is out of the ranking: a round trip through 100 bps costs a whole default threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from cdb_site.env import Environment

MOMENTUM = "MOMENTUM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """Raises ValueError when the lookback is not a whole number of candles or the exit lies above the threshold."""

    interval: str
    interval_s: int
    lookback_s: int
    threshold: Decimal
    exit: Decimal
    min_volume: Decimal
    top_n: int
    ttl_s: int
    grace_s: float
    max_spread_bps: Decimal = Decimal(100)
    name: str = MOMENTUM

    def __post_init__(self) -> None:
        if self.lookback_s % self.interval_s or self.lookback_s < self.interval_s:
            raise ValueError(
                f"LOOKBACK_MINUTES: {self.lookback_s // 60} is not a multiple of INTERVAL={self.interval}; "
                "momentum needs a candle exactly that long ago"
            )
        if self.exit >= self.threshold:
            raise ValueError(
                f"SIGNAL_EXIT_PCT: {self.exit} must lie below SIGNAL_THRESHOLD_PCT={self.threshold}, "
                "or every BUY is sold at once"
            )

    @property
    def lookback_rows(self) -> int:
        """The lookback in candles."""
        return self.lookback_s // self.interval_s


def strategy_of(environment: Environment) -> Strategy:
    """The strategy that the environment describes."""
    return Strategy(
        interval=environment.INTERVAL,
        interval_s=environment.interval_s,
        lookback_s=environment.lookback_s,
        threshold=environment.SIGNAL_THRESHOLD_PCT,
        exit=environment.SIGNAL_EXIT_PCT,
        min_volume=environment.SIGNAL_MIN_VOLUME,
        top_n=environment.TOP_N,
        ttl_s=environment.SIGNAL_TTL_S,
        grace_s=float(environment.CROSS_SECTION_GRACE_S),
        max_spread_bps=environment.UNIVERSE_MAX_SPREAD_BPS,
    )
