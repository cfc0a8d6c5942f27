"""Settings that fit a market that is not one-minute candles in USDT: what the user leaves open is filled in from here.

The lookback stays 15 candles and a signal lives for one and a half. Amounts are told in the quote asset: 100,000 USDT
would be 100,000 BTC otherwise, a volume no candle reaches.
"""

from __future__ import annotations

from cdb_site.intervals import MINUTES

LOOKBACK_CANDLES = 15
USD_LIKE = ("USDT", "USDC", "USD")
OTHER_ASSETS = {"SIGNAL_MIN_VOLUME": "1", "STARTING_CASH": "100"}


def defaults(interval: str, quote_asset: str) -> dict[str, str]:
    """Variables for this interval and quote asset; empty for one-minute candles in dollars."""
    values: dict[str, str] = {}
    minutes = MINUTES.get(interval, 1)
    if minutes != 1:
        values |= {"LOOKBACK_MINUTES": str(LOOKBACK_CANDLES * minutes), "SIGNAL_TTL_S": str(90 * minutes)}
    if quote_asset not in USD_LIKE:
        values |= OTHER_ASSETS
    return values
