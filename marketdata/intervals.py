"""Candle intervals: how long a candle is, when it opens, and what the exchange calls it.

A candle covers [open_time, open_time + interval); open times are multiples of the interval since the Unix epoch.
Names are the REST API's (`1m`, `60m`, `1d`); the WebSocket spells the same ones `Min1`, `Min60`, `Day1`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cdb_site.intervals import MINUTES

SECONDS = {name: 60 * minutes for name, minutes in MINUTES.items()}
CHANNEL_NAMES = {
    "1m": "Min1",
    "5m": "Min5",
    "15m": "Min15",
    "30m": "Min30",
    "60m": "Min60",
    "4h": "Hour4",
    "1d": "Day1",
}
NAMES_OF_CHANNELS = {channel: name for name, channel in CHANNEL_NAMES.items()}


def interval_s(interval: str) -> int:
    """Length in seconds. Raises ValueError naming the known intervals."""
    if interval not in SECONDS:
        raise ValueError(f"interval {interval!r} is unknown; use one of {', '.join(SECONDS)}")
    return SECONDS[interval]


def window_start_s(at_s: float, length_s: int) -> int:
    """Epoch second at which the window containing `at_s` opens."""
    return int(at_s // length_s) * length_s


def last_closed_open_s(market_s: float, length_s: int) -> int:
    """Epoch second at which the newest closed candle opened."""
    return window_start_s(market_s, length_s) - length_s


def moment(epoch_s: int) -> datetime:
    """An epoch second as an aware UTC time."""
    return datetime.fromtimestamp(epoch_s, UTC)
