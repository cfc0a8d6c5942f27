"""A strategy that trades whatever a load asks for: one-minute momentum, tiny positions, and limits that let it.

A load is no market: it sends more orders a minute than any trader, and a candle of it closes every tenth of a second.
The default limits rightly stop it; what then runs is the refusing, not the trading. So the limits that stop a load are
opened here by name, each inside its bounds and none taken out: the five layers still judge every entry.

    MAX_ORDERS_PER_MINUTE      the load's own rate is the point
    MAX_JUMP_PCT               a step of 2 % comes within a market minute, by design
    MAX_*DRAWDOWN_PCT          every round trip pays fee and spread, thousands of times
    MAX_SLIPPAGE_PCT, MAX_SPREAD_BPS, MAX_REJECT_RATE_PCT
                               what a killed or late service sees of the book is no market event
    MAX_DATA_SILENCE_S         the load pauses between two runs
    MAX_PRICE_AGE_S            quotes come every two seconds, not every tenth of one
    STOP_LOSS_PCT              no exit but those the load asks for
"""

from __future__ import annotations

OPEN_LIMITS = {
    "MAX_DAILY_DRAWDOWN_PCT": "0.99",
    "MAX_DRAWDOWN_PCT": "0.99",
    "MAX_SLIPPAGE_PCT": "0.99",
    "MAX_JUMP_PCT": "0.99",
    "MAX_SPREAD_BPS": "5000",
    "MAX_REJECT_RATE_PCT": "0.99",
    "MAX_ORDERS_PER_MINUTE": "500000",
    "MAX_DATA_SILENCE_S": "300",
    "MAX_EXPOSURE_PCT": "0.99",
    "MAX_POSITION_PCT": "0.0001",
    "MAX_PRICE_AGE_S": "60",
    "STOP_LOSS_PCT": "0.5",
    "STOP_COOLDOWN_S": "0",
}
STRATEGY = OPEN_LIMITS | {
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.01",
    "SIGNAL_EXIT_PCT": "-0.01",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "2500",
    "SIGNAL_TTL_S": "86400",
    "CROSS_SECTION_GRACE_S": "600",
    "UNIVERSE_SIZE": "2500",
    "STARTING_CASH": "1000000000",
}
