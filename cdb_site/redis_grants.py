"""What one right in Redis is, and which of them a Celery worker needs for its queue.

A worker reads its own queue and keeps what it has begun under its own user's name; the clock alone fills queues. Who
asks workers what they do (`celery inspect`) sends on a channel that all of them hear: only the clock and who types
commands may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CELERY = "cdb_celery:"
SCRIPT_CALLS = ("eval", "evalsha", "script|load", "script|exists")
ROUTES = ("_kombu.binding.", "_kombu.binding_permanent.")
DATABASES = range(16)
ASKED, ANSWERED = "celery.pidbox", "reply.celery.pidbox"

# Who subscribes by a pattern must be allowed that very pattern.
HEARD = tuple(f"{CELERY}/{number}.{ASKED}" for number in DATABASES)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Commands that go together with these keys and channels. `%R~` before a key: it may be read, not written."""

    commands: tuple[str, ...]
    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def is_of_places(self) -> bool:
        return bool(self.keys or self.channels)

    @property
    def words(self) -> str:
        """As an ACL rule says it."""
        keys = [key if key.startswith("%") else f"~{key}" for key in self.keys]
        return " ".join([*(f"+{name}" for name in self.commands), *keys, *(f"&{name}" for name in self.channels)])


def worker_grants(names: Sequence[str], user: str, filled: Sequence[str] = ()) -> list[Grant]:
    """Of a worker that has the queues of these services, as this user, and fills those of `filled`."""
    own = [f"{CELERY}{name}" for name in names]
    hears = ("subscribe", "psubscribe", "unsubscribe", "punsubscribe")
    grants = [
        Grant(commands=("brpop", "rpop", "llen", "lpush", "rpush", "exists"), keys=tuple(own)),
        Grant(commands=(*SCRIPT_CALLS, *BEGUN), keys=(f"{CELERY}unacked.{user}*",)),
        Grant(commands=("sadd", "smembers"), keys=_routes(names)),
        Grant(commands=hears, channels=HEARD),
        Grant(
            commands=(*SCRIPT_CALLS, "sadd", "srem", "smembers", "zadd", "zrem", "zrangebyscore", "exists", "del"),
            keys=(*_routes((ASKED,)), f"{CELERY}_kombu.binding_deadlines"),
        ),
        Grant(commands=("llen", "exists", "pexpire", "del"), keys=(f"{CELERY}{user}*@*.{ASKED}",)),
        Grant(commands=("smembers",), keys=_routes((ANSWERED,))),
        Grant(commands=("lpush",), keys=(f"{CELERY}*.{ANSWERED}",)),
    ]
    if filled:
        queues = tuple(f"{CELERY}{name}" for name in filled)
        grants += [
            Grant(commands=("lpush", "llen", "exists"), keys=queues),
            Grant(commands=("sadd", "smembers"), keys=_routes(filled)),
        ]
    return grants


BEGUN = (
    "watch", "zadd", "zrem", "zrange", "zrevrangebyscore", "hset", "hdel", "hget", "set", "get", "expire", "pexpire",
    "del",
)  # fmt: skip


def _routes(exchanges: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{CELERY}{kind}{exchange}" for exchange in exchanges for kind in ROUTES)


# Asks all workers, and waits for their answers at a list of its own.
INSPECTING = (
    Grant(commands=("publish",), channels=(f"{CELERY}/*.{ASKED}*",)),
    Grant(commands=("smembers",), keys=_routes((ASKED,))),
    Grant(
        commands=(
            *SCRIPT_CALLS, "brpop", "rpop", "llen", "lpush", "del", "sadd", "srem", "smembers", "exists", "pexpire",
            "zadd", "zrem", "zrangebyscore",
        ),
        keys=(*_routes((ANSWERED,)), f"{CELERY}*.{ANSWERED}", f"{CELERY}_kombu.binding_deadlines"),
    ),
)  # fmt: skip
