"""The exchange's candle windows: when a candle of each interval opens and when the next one does.

Up to a day they are multiples of their length since the epoch; weeks open on Mondays, months on their first day,
all at 00:00 UTC. REST names them 1m to 1M, the WebSocket Min1 to Month1; 8 hours exist on the WebSocket only.
"""

from __future__ import annotations

from datetime import UTC, datetime

from marketdata.intervals import CHANNEL_NAMES, SECONDS

DAY_S = 86400
WEEK_S = 7 * DAY_S
FIRST_MONDAY_S = 4 * DAY_S
LENGTH_S = {**SECONDS, "8h": 28800, "1W": WEEK_S}
MONTH = "1M"
CHANNEL_OF_INTERVAL = {**CHANNEL_NAMES, "8h": "Hour8", "1W": "Week1", MONTH: "Month1"}
INTERVAL_OF_CHANNEL = {channel: interval for interval, channel in CHANNEL_OF_INTERVAL.items()}
REST_INTERVALS = tuple(interval for interval in CHANNEL_OF_INTERVAL if interval != "8h")


def opens_s(interval: str, at_s: float) -> int:
    """Epoch second at which the window containing `at_s` opens."""
    if interval == MONTH:
        day = datetime.fromtimestamp(at_s, UTC)
        return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp())
    length_s = LENGTH_S[interval]
    offset_s = FIRST_MONDAY_S if interval == "1W" else 0
    return int((at_s - offset_s) // length_s) * length_s + offset_s


def closes_s(interval: str, start_s: int) -> int:
    """Epoch second at which the window that opened at `start_s` closes."""
    return opens_s(MONTH, start_s + 32 * DAY_S) if interval == MONTH else start_s + LENGTH_S[interval]


def offered(interval: str, base_s: int) -> bool:
    """Can a source of `base_s` candles make this interval?"""
    return interval in CHANNEL_OF_INTERVAL and LENGTH_S.get(interval, DAY_S) % base_s == 0
