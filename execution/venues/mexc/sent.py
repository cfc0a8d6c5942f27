"""Who has sent an order, kept in Redis for all processes: nothing is sent a second time beside the first.

The exchange takes two orders of one client's id. So whoever sends an order notes it first, with the time that its
request is signed with. Who finds the note of a request that may still arrive does not send; who finds an older one asks
the exchange first. A note is kept for a day. While Redis does not answer, a process keeps its own notes, and the claim
of the order stands in front of the exchange alone.
"""

from __future__ import annotations

import threading
from typing import Protocol
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from cdb_site.bus.redis import connection

KEPT_MS = 86_400_000
OWN_MAX = 10_000
OURS, HELD, ASK_FIRST = 0, 1, 2
NOTE = """
local at = tonumber(redis.call('GET', KEYS[1]))
if at and tonumber(ARGV[1]) - at < tonumber(ARGV[2]) then return 1 end
if at and ARGV[3] == '0' then return 2 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
return 0
"""


class SentNotes(Protocol):
    def note(self, client_order_id: str, *, at_ms: int, hold_ms: int, asked: bool = False) -> int:
        """OURS: noted, and ours to send. HELD: a request signed less than `hold_ms` before `at_ms` may still arrive.
        ASK_FIRST: an older one may have; whoever has `asked` and found nothing may note it anew. May block."""


class SharedNotes:
    """The notes of one exchange's orders."""

    def __init__(self, base_url: str) -> None:
        self.prefix = f"cdb:rest:{urlsplit(base_url).netloc}:sent:"
        self._lock = threading.Lock()
        self._own: dict[str, int] = {}

    def note(self, client_order_id: str, *, at_ms: int, hold_ms: int, asked: bool = False) -> int:
        own = self._note_own(client_order_id, at_ms, hold_ms, asked=asked)
        try:
            script = connection().register_script(NOTE)
            arguments = [at_ms, hold_ms, int(asked), KEPT_MS]
            return int(script(keys=[self.prefix + client_order_id], args=arguments))
        except RedisError:
            return own

    def _note_own(self, client_order_id: str, at_ms: int, hold_ms: int, *, asked: bool) -> int:
        with self._lock:
            known = self._own.get(client_order_id)
            if known is not None and at_ms - known < hold_ms:
                return HELD
            if known is not None and not asked:
                return ASK_FIRST
            self._own[client_order_id] = at_ms
            while len(self._own) > OWN_MAX:
                del self._own[next(iter(self._own))]
            return OURS
