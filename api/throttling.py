"""How many requests somebody may make a minute: counted in Redis, so that all web processes count together.

    acts and reads   by person, API_REQUESTS_PER_MINUTE
    logins           by address of the network, API_LOGINS_PER_MINUTE

A window is a minute of the clock on the wall. While Redis does not answer nobody is turned away: a halt must not wait
for a counter.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cdb_site.bus.redis import connection
from cdb_site.clock import SYSTEM
from people.addresses import address_of

log = logging.getLogger(__name__)
WINDOW_S = 60


class MinuteThrottle(BaseThrottle):
    """At most `most()` requests of one `who` within each minute."""

    scope = "requests"
    _left_s = 0.0

    def most(self) -> int:
        return int(settings.ENVIRONMENT.API_REQUESTS_PER_MINUTE)

    def who(self, request: Request) -> str:
        user = request.user
        return f"user {user.pk}" if user and user.is_authenticated else f"address {address_of(request._request)}"

    def allow_request(self, request: Request, view: Any) -> bool:
        now_s = SYSTEM.wall_s()
        window = int(now_s // WINDOW_S)
        self._left_s = (window + 1) * WINDOW_S - now_s
        name = hashlib.sha256(self.who(request).encode()).hexdigest()[:32]
        try:
            count = _counted(f"cdb:throttle:{self.scope}:{name}:{window}")
        except redis.exceptions.RedisError as problem:
            log.warning("requests are not counted: %s", problem)
            return True
        return count <= self.most()

    def wait(self) -> float:
        return self._left_s


class LoginThrottle(MinuteThrottle):
    """Guesses at passwords, wherever they are aimed."""

    scope = "logins"

    def most(self) -> int:
        return int(settings.ENVIRONMENT.API_LOGINS_PER_MINUTE)

    def who(self, request: Request) -> str:
        return f"address {address_of(request._request)}"


def _counted(key: str) -> int:
    """One more; the key goes away after its window."""
    with connection().pipeline(transaction=True) as together:
        together.incr(key)
        together.expire(key, 2 * WINDOW_S)
        return int(together.execute()[0])
