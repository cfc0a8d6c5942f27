"""A strategy that trades whatever a load asks for: one-minute momentum, tiny positions, no bound on exposure."""

from __future__ import annotations

STRATEGY = {
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.01",
    "SIGNAL_EXIT_PCT": "-0.01",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "2500",
    "SIGNAL_TTL_S": "86400",
    "CROSS_SECTION_GRACE_S": "600",
    "UNIVERSE_SIZE": "2500",
    "STARTING_CASH": "1000000000",
    "MAX_POSITION_PCT": "0.0001",
    "MAX_EXPOSURE_PCT": "0.99",
    "MAX_PRICE_AGE_S": "60",
}
