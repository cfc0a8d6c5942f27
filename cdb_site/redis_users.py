"""Who may do what in Redis: a user for each service, with the commands and keys of its own work and no others.

Streams follow from the table of topics (`cdb_site.bus.topics`); what lies in Redis besides is named here. The file of
users that Valkey or Redis starts with is made from it: by `manage.py print_redis_acl`, by the local starter, and by
`backoffice/automation/compose_secrets.py`.

A user's password is made from one secret and its name: one secret is kept, and who has the password of one user has
that of no other. The server is told hashes alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cdb_site.bus.topics import TOPICS, Topic
from cdb_site.redis_grants import INSPECTING, SCRIPT_CALLS, Grant, worker_grants
from cdb_site.services import HANDED_ON, SERVICES

# Everything; for people, and for programs that break and empty servers.
ADMIN = "admin"
# What all services may together: for commands that are typed.
OPERATOR = "operator"
LANE = "lane"
WORKERS = tuple(item.name for item in SERVICES if item.kind == "worker")
# Rooms that speak in processes of others: who cancels an order or sells by hand writes what these would.
ACTS_FOR = {"risk": ("execution",), "execution": ("risk",), "dashboard": ("risk", "execution")}
# Any process raises alerts and beats.
ANYBODY = {"*", "bus"}
# The relay's: sends what others could not, and cuts the streams.
CLOCK = "signal_gen"

# What everybody may: scripts call commands, each of which is judged like one that comes alone. Prices and the market's
# time are no secret.
COMMON = (
    Grant(
        commands=("ping", "select", "client|setinfo", "client|setname", "multi", "exec", "discard", "unwatch", "time")
    ),
    Grant(commands=SCRIPT_CALLS),
    Grant(commands=("hgetall",), keys=("%R~cdb:quotes", "%R~cdb:clock")),
)
SETS_QUOTES = Grant(commands=(*SCRIPT_CALLS, "hset", "hget"), keys=("cdb:quotes",))
ASKS_EXCHANGE = Grant(
    commands=(*SCRIPT_CALLS, "pttl", "hgetall", "hdel", "hincrby", "pexpire", "get", "incr", "set"),
    keys=("cdb:rest:*",),
)
# What is no topic, by service.
BESIDES: dict[str, tuple[Grant, ...]] = {
    "mexc_sim": (),
    "ws": (SETS_QUOTES, ASKS_EXCHANGE),
    "rest": (
        SETS_QUOTES, ASKS_EXCHANGE,
        Grant(commands=("info",)),
        Grant(commands=("hset",), keys=("cdb:clock",)),
        Grant(commands=("hset", "hgetall"), keys=("cdb:candles:verified:*",)),
    ),
    "signal": (),
    "risk": (),
    "execution": (),
    CLOCK: (
        *INSPECTING,
        Grant(commands=("set",), keys=("cdb:rung:*",)),
        Grant(commands=("xread", "xrevrange"), keys=("%R~cdb:notifications.bell", "%R~cdb:alerts")),
        Grant(commands=("xadd",), keys=("cdb:notifications.bell",)),
        Grant(
            commands=("exists", "xlen", "xtrim", "xpending", "memory|usage", "xinfo|groups", "xgroup|create"),
            keys=tuple(topic.key for topic in TOPICS.values()),
        ),
    ),
    "dashboard": (
        Grant(commands=("info",)),
        Grant(commands=("incrby", "expire"), keys=("cdb:throttle:*",)),
        Grant(commands=("lpush", "ltrim", "lrange"), keys=("cdb:break_it:runs",)),
        Grant(
            commands=("hset", "hsetnx", "hget", "hgetall", "expire"), keys=("cdb:break_it:ended", "cdb:break_it:back")
        ),
        Grant(commands=("xadd",), keys=("cdb:notifications.bell",)),
        Grant(commands=("publish", "subscribe", "unsubscribe"), channels=("cdb:nudges:*", "cdb_channels*")),
    ),
}  # fmt: skip


def senders(topic: Topic) -> set[str]:
    """The services whose processes write this topic."""
    own = set(topic.producers)
    if own & ANYBODY:
        return {item.name for item in SERVICES if item.kind != "exchange"}
    if not topic.durable:
        return own
    return own | {CLOCK} | {name for name, rooms in ACTS_FOR.items() if own & set(rooms)}


OF_GROUPS = ("xreadgroup", "xack", "xautoclaim", "xpending")


def _of_topics(names: set[str]) -> list[Grant]:
    sent = tuple(topic.key for topic in TOPICS.values() if names & senders(topic))
    consumed = tuple(topic.key for topic in TOPICS.values() if names & set(topic.consumers))
    read = tuple(f"%R~{topic.key}" for topic in TOPICS.values() if names & set(topic.readers))
    grants = [
        Grant(commands=("xadd",), keys=sent),
        Grant(commands=(*OF_GROUPS, "xgroup|create", "xinfo|groups"), keys=consumed),
        Grant(commands=("xread", "xrange", "xrevrange", "xinfo|stream", "xinfo|groups"), keys=read),
    ]
    return [grant for grant in grants if grant.keys]


def _of_services(names: Sequence[str], user: str) -> list[Grant]:
    """Of one process that is all these services: a command that names several keys must be one right."""
    working = [name for name in names if name in WORKERS]
    queued = worker_grants(working, user, WORKERS if CLOCK in working else ()) if working else []
    besides = [grant for name in names for grant in BESIDES[name]]
    return list(dict.fromkeys([*COMMON, *_of_topics(set(names)), *queued, *besides]))


ROLES: dict[str, tuple[str, ...]] = {
    **{item.name: (item.name,) for item in SERVICES},
    LANE: HANDED_ON,
    OPERATOR: tuple(item.name for item in SERVICES),
}
ACL_USERS = (*ROLES, ADMIN)


def grants_of(user: str) -> list[Grant]:
    """All that one user may, `admin` apart. KeyError: there is no such user."""
    names = ROLES[user]
    # The simulated exchange has no business in Redis.
    return [COMMON[0]] if names == ("mexc_sim",) else _of_services(names, user)


def password_of(user: str, secret: str) -> str:
    """The password of one user; the administrator's is the secret itself."""
    if user == ADMIN:
        return secret
    return hmac.new(secret.encode(), f"claire de binaire: redis user {user}".encode(), hashlib.sha256).hexdigest()


def acl_file(secret: str) -> str:
    """The file of users, for `aclfile`. Who gives no name may nothing."""
    lines = ["user default off resetpass resetkeys resetchannels -@all"]
    for user in ACL_USERS:
        hashed = hashlib.sha256(password_of(user, secret).encode()).hexdigest()
        rights = "~* &* +@all" if user == ADMIN else f"-@all {_rules(grants_of(user))}"
        lines.append(f"user {user} on sanitize-payload #{hashed} resetchannels {rights}")
    return "\n".join(lines) + "\n"


def _rules(grants: Sequence[Grant]) -> str:
    """Commands without keys are said of the user, the others each with theirs."""
    return " ".join(f"({grant.words})" if grant.is_of_places else grant.words for grant in grants)
