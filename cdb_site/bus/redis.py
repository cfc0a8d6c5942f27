"""The process's connection to Redis. Every call is bounded: a frozen server raises instead of blocking for ever.

A connection that was cut is made anew once, as after a restart of the server; a timeout is not waited for again.
"""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

SOCKET_TIMEOUT_S = 3.0
BLOCK_MS = 1_000

UNREACHABLE = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)


def connect() -> redis.Redis:
    """A new client with its own connection pool."""
    environment = settings.ENVIRONMENT
    return redis.Redis(
        host=environment.REDIS_HOST or "127.0.0.1",
        port=environment.REDIS_PORT,
        db=environment.REDIS_DB,
        password=environment.REDIS_PASSWORD or None,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        health_check_interval=10,
        protocol=2,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.exceptions.ConnectionError,)),
    )


@cache
def connection() -> redis.Redis:
    """The shared client of this process."""
    return connect()


def read_hash(key: str) -> dict[str, str]:
    """A Redis hash as texts; empty when there is none."""
    stored = connection().hgetall(key)
    return {_text(name): _text(value) for name, value in stored.items()}


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
