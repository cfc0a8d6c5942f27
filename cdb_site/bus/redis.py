"""The process's connection to Redis. Every call is bounded: a frozen server raises instead of blocking for ever.

A connection that was cut is made anew once, as after a restart of the server; a timeout is not waited for again.
What the user of this process may not do (`cdb_site.redis_users`) is logged as the error that it is, with user, command
and key, wherever the caller catches it; a user that Redis does not take is told with what to do about it.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

log = logging.getLogger(__name__)
SOCKET_TIMEOUT_S = 3.0
BLOCK_MS = 1_000
WORDS_SHOWN = 3

UNREACHABLE = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
# What a script says of a command that its caller may not do.
WITHIN_SCRIPT = "ACL failure in script"


def is_forbidden(problem: BaseException) -> bool:
    """Whether Redis has refused because of who asked. Asked again it refuses again."""
    return isinstance(problem, redis.exceptions.NoPermissionError) or WITHIN_SCRIPT in str(problem)


def _tell(problem: redis.exceptions.ResponseError, words: Any) -> None:
    if is_forbidden(problem):
        shown = " ".join(word.decode(errors="replace") if isinstance(word, bytes) else str(word) for word in words)
        log.error(
            "Redis refuses its user %s: %s %s. The rights are in cdb_site/redis_users.py; `ACL LOG` tells the key.",
            settings.ENVIRONMENT.REDIS_USER or "default", shown, problem,
        )  # fmt: skip


class TellingPipeline(Pipeline):
    """Its errors name their command themselves."""

    def execute(self, raise_on_error: bool = True) -> Any:
        try:
            return super().execute(raise_on_error)
        except redis.exceptions.ResponseError as problem:
            _tell(problem, ())
            raise


class TellingClient(redis.Redis):
    """A client that says so when its user may not do what is asked of it."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.exceptions.ResponseError as problem:
            _tell(problem, args[:WORDS_SHOWN])
            raise

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return TellingPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class ExplainingConnection(redis.Connection):
    """A connection that says what to do when Redis does not take its user."""

    def on_connect_check_health(self, check_health: bool = True) -> None:
        try:
            super().on_connect_check_health(check_health)
        except redis.exceptions.AuthenticationError as problem:
            raise redis.exceptions.AuthenticationError(f"{problem} {remedy()}") from problem


def remedy() -> str:
    """What to do when Redis does not take the user of this process."""
    user = settings.ENVIRONMENT.REDIS_USER
    if not user:
        return "REDIS_USER is not set, and Redis takes no password alone: see docs/operations.md, Redis users"
    return (
        f"Redis does not know the user REDIS_USER={user}, or REDIS_PASSWORD is not its own: make its users anew "
        "and start it again, see docs/operations.md, Redis users"
    )


def connect() -> redis.Redis:
    """A new client with its own connection pool."""
    environment = settings.ENVIRONMENT
    pool = redis.ConnectionPool(
        connection_class=ExplainingConnection,
        host=environment.REDIS_HOST or "127.0.0.1",
        port=environment.REDIS_PORT,
        db=environment.REDIS_DB,
        username=environment.REDIS_USER or None,
        password=environment.REDIS_PASSWORD or None,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        health_check_interval=10,
        protocol=2,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.exceptions.ConnectionError,)),
    )
    return TellingClient.from_pool(pool)


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
