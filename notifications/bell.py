"""What wakes the sender: an alert on its topic, or somebody who rings. Waiting costs a call to Redis every two seconds.

A bell that is not heard loses nothing: the sender looks at the tables every 15 s whether it rings or not.
"""

from __future__ import annotations

from typing import Any

import redis

from cdb_site.bus.redis import UNREACHABLE, connect, connection
from cdb_site.bus.topics import topic

KEY = "cdb:notifications.bell"
LENGTH = 16


def ring() -> None:
    """Wake the sender, in whichever process it lives."""
    try:
        connection().xadd(KEY, {"r": "1"}, maxlen=LENGTH, approximate=True)
    except (*UNREACHABLE, redis.exceptions.ResponseError):
        return


class Bell:
    """One listener. Its first wait returns at once, as if it rang: what came before it listened may be news."""

    def __init__(self) -> None:
        self._client = connect()
        self._heard: dict[Any, Any] = {}

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; True when it rang. Redis errors are the caller's."""
        if not self._heard:
            self._heard = {key: self._newest(key) for key in (topic("alerts").key, KEY)}
            return True
        answer: Any = self._client.xread(self._heard, count=500, block=max(int(seconds * 1000), 1))
        pairs = answer.items() if isinstance(answer, dict) else answer or []
        for key, entries in pairs:
            flat = entries[0] if isinstance(answer, dict) and entries and isinstance(entries[0], list) else entries
            self._heard[key.decode() if isinstance(key, bytes) else key] = flat[-1][0]
        return bool(pairs)

    def forget(self) -> None:
        """Redis was away: whatever it has now is new."""
        self._heard = {}

    def _newest(self, key: str) -> Any:
        newest: Any = self._client.xrevrange(key, count=1)
        return newest[0][0] if newest else "0-0"
