"""The candle intervals there are: their REST names and their minutes. Kept below environment and market data alike."""

from __future__ import annotations

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "60m": 60, "4h": 240, "1d": 1440}
