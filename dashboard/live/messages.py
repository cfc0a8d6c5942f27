"""What a client may say on the socket, and what is done about who says something else.

    {"version": 1, "resume": {"epoch", "seq"} or null, "want": ["shell", …]}     how it begins, once
    {"ack": texts received}            {"chart": symbol, "interval": "5m"}

Names that are not known are passed over, so that a newer client may say more. Everything else costs the connection.
"""

from __future__ import annotations

from typing import Any

import orjson

from dashboard.live.lanes import EVERYTHING, PARTS
from marketdata.intervals import SECONDS

VERSION = 1
MESSAGE_BYTES_MAX = 2_000
# A page acknowledges every four seconds and asks for a chart when somebody clicks.
BURST_MAX, PER_S = 60, 20.0


def parsed(text: str | None) -> dict[str, Any] | None:
    """The client's message, or None for one that makes no sense."""
    if not text or len(text) > MESSAGE_BYTES_MAX:
        return None
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(message, dict):
        return None
    known = {name: check for name, check in RULES.items() if name in message}
    purposes = sum(name in message for name in ("ack", "chart", "resume"))
    return message if purposes == 1 and all(check(message[name]) for name, check in known.items()) else None


def wanted(message: dict[str, Any]) -> frozenset[str]:
    """The parts that a client asked for; everything without a wish."""
    return frozenset(message["want"]) if message.get("want") is not None else EVERYTHING


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_symbol(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64


def _is_interval(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in SECONDS)


def _is_resume(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, dict) and isinstance(value.get("epoch"), str) and _is_count(value.get("seq"))


def _is_wish(value: Any) -> bool:
    return value is None or (
        isinstance(value, list)
        and len(value) <= len(PARTS)
        and all(isinstance(part, str) and part in PARTS for part in value)
    )


RULES = {
    "ack": _is_count,
    "chart": _is_symbol,
    "interval": _is_interval,
    "resume": _is_resume,
    "want": _is_wish,
    "version": _is_count,
}


class Allowance:
    """How much one client may say: BURST_MAX messages at once, PER_S a second for long."""

    def __init__(self, now_s: float) -> None:
        self._left, self._at_s = float(BURST_MAX), now_s

    def spent(self, now_s: float) -> bool:
        """Take one; True when there was none left."""
        self._left = min(float(BURST_MAX), self._left + (now_s - self._at_s) * PER_S) - 1
        self._at_s = now_s
        return self._left < 0
