"""Redis' users on a real server: each may do what its service does, and nothing of what others do."""

from __future__ import annotations

import ast
import hashlib
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command

from cdb_site import failures, redis_users
from cdb_site.bus import redis as bus_redis
from cdb_site.bus.streams import ADD
from cdb_site.bus.topics import TOPICS, Topic
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.servers import Servers
from cdb_site.redis_users import ACL_USERS, ADMIN, CLOCK, LANE, OPERATOR, ROLES, grants_of, password_of, senders
from cdb_site.services import HANDED_ON, SERVICES

SECRET = "four-and-twenty-blackbirds-0123456789"
ROOMS = ("cdb_site", "marketdata", "signals_app", "execution", "risk", "people", "notifications", "dashboard", "api")
NAMES = {item.name for item in SERVICES}
# What stops, empties, spies on or takes over a server.
DANGEROUS = (
    ("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("CONFIG", "SET", "maxmemory", "1"), ("SHUTDOWN", "NOSAVE"),
    ("KEYS", "*"), ("SCAN", "0"), ("DEBUG", "SLEEP", "9"), ("MONITOR",), ("ACL", "LIST"),
    ("ACL", "SETUSER", "ws", "on"),
    ("CLIENT", "LIST"), ("CLIENT", "KILL", "TYPE", "normal"), ("REPLICAOF", "127.0.0.1", "1"), ("SAVE",), ("BGSAVE",),
    ("BGREWRITEAOF",), ("SCRIPT", "FLUSH"), ("SCRIPT", "KILL"), ("FUNCTION", "FLUSH"), ("MODULE", "LIST"),
    ("SWAPDB", "0", "1"), ("SLOWLOG", "GET"), ("FAILOVER",), ("MIGRATE", "127.0.0.1", "1", "cdb:orders", "0", "1"),
    ("RENAME", "cdb:orders", "cdb:lost"), ("DEL", "cdb:orders"), ("COPY", "cdb:orders", "cdb:other"),
)  # fmt: skip
by_user = pytest.mark.parametrize("user", ROLES)

As = Callable[[str], redis.Redis]


@pytest.fixture
def connect_as(servers: Servers, settings: Any, valkey: redis.Redis) -> Iterator[As]:
    """A process's own client, as one of the users."""
    opened: list[redis.Redis] = []

    def connect(user: str) -> redis.Redis:
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, **servers.redis_env(user))
        opened.append(bus_redis.connect())
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


def may(admin: redis.Redis, user: str, *words: str) -> bool:
    """What the server says that the user may do; it does nothing."""
    said: Any = admin.execute_command("ACL", "DRYRUN", user, *words)
    return bool(said in (b"OK", True, "OK"))


@by_user
def test_a_service_may_write_those_streams_that_it_writes_and_no_other(user: str, valkey: redis.Redis) -> None:
    expected = {topic.name for topic in TOPICS.values() if senders(topic) & set(ROLES[user])}

    written = {topic.name for topic in TOPICS.values() if may(valkey, user, "XADD", topic.key, "*", "e", "x")}

    assert written == expected


@by_user
def test_a_service_may_take_from_those_streams_that_it_consumes_and_no_other(user: str, valkey: redis.Redis) -> None:
    expected = {topic.name for topic in TOPICS.values() if set(topic.consumers) & set(ROLES[user])}

    taken = {topic.name for topic in TOPICS.values() if may(valkey, user, "XACK", topic.key, "group", "1-1")}
    read = {
        topic.name
        for topic in TOPICS.values()
        if may(valkey, user, "XREADGROUP", "GROUP", "g", "c", "STREAMS", topic.key, ">")
    }

    assert taken == read == expected


@by_user
def test_only_the_clock_cuts_a_stream_and_nobody_removes_one(user: str, valkey: redis.Redis) -> None:
    cut = {topic.name for topic in TOPICS.values() if may(valkey, user, "XTRIM", topic.key, "MAXLEN", "0")}

    assert cut == (set(TOPICS) if CLOCK in ROLES[user] else set())
    assert not any(may(valkey, user, "DEL", topic.key) for topic in TOPICS.values())


@by_user
def test_no_service_may_stop_empty_or_take_over_the_server(user: str, valkey: redis.Redis) -> None:
    assert [words for words in DANGEROUS if may(valkey, user, *words)] == []


def test_the_administrator_may_and_so_the_question_is_a_good_one(valkey: redis.Redis) -> None:
    assert [words for words in DANGEROUS if not may(valkey, ADMIN, *words)] == []


@by_user
def test_a_worker_takes_jobs_of_its_own_queues_alone_and_the_clock_alone_fills_those_of_others(
    user: str, valkey: redis.Redis
) -> None:
    own = set(ROLES[user]) & set(redis_users.WORKERS)

    taken = {name for name in redis_users.WORKERS if may(valkey, user, "BRPOP", f"cdb_celery:{name}", "1")}
    filled = {name for name in redis_users.WORKERS if may(valkey, user, "LPUSH", f"cdb_celery:{name}", "x")}

    assert taken == own
    assert filled == (set(redis_users.WORKERS) if CLOCK in own else own)


def test_a_screener_does_not_write_orders_whichever_way_it_tries(connect_as: As, valkey: redis.Redis) -> None:
    client = connect_as("ws")

    with pytest.raises(redis.exceptions.NoPermissionError):
        client.xadd("cdb:orders", {"e": "sell all"})
    with pytest.raises(redis.exceptions.ResponseError, match="ACL failure in script"):
        client.register_script(ADD)(args=["cdb:orders", "sell all", ""])
    with pytest.raises(redis.exceptions.NoPermissionError), client.pipeline(transaction=True) as together:
        together.xadd("cdb:health", {"e": "x"})
        together.xadd("cdb:orders", {"e": "sell all"})
        together.execute()
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.flushall()

    assert not valkey.exists("cdb:orders")
    assert client.register_script(ADD)(args=["cdb:market_data", "a candle", ""]) == [b""]


def test_who_gives_no_name_another_name_or_the_password_of_another_is_refused(servers: Servers) -> None:
    assert servers.valkey is not None
    place = {"host": "127.0.0.1", "port": servers.valkey.port, "protocol": 2}
    secret = servers.credentials.redis

    for who in (
        {},
        {"password": secret},
        {"username": "default", "password": secret},
        {"username": "risk", "password": password_of("ws", secret)},
        {"username": "risk", "password": secret},
        {"username": "nobody", "password": password_of("nobody", secret)},
    ):
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis(**place, **who).xadd("cdb:orders", {"e": "x"})


def test_what_is_refused_is_an_error_in_the_log_with_user_command_and_key_and_is_not_waited_for(
    connect_as: As, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect_as("ws")

    with caplog.at_level(logging.ERROR), pytest.raises(redis.exceptions.NoPermissionError) as refused:
        client.xadd("cdb:orders", {"e": "x"})
    with caplog.at_level(logging.ERROR), pytest.raises(redis.exceptions.ResponseError) as within:
        client.register_script(ADD)(args=["cdb:orders", "x", ""])

    first, second = caplog.messages
    assert "refuses its user ws: XADD cdb:orders" in first
    assert "refuses its user ws: EVALSHA" in second
    assert bus_redis.is_forbidden(refused.value) and bus_redis.is_forbidden(within.value)
    assert not failures.is_waited_for(refused.value)


def test_other_errors_are_not_told_as_refusals(
    connect_as: As, valkey: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.set("cdb:health", "no stream")

    with caplog.at_level(logging.ERROR), pytest.raises(redis.exceptions.ResponseError):
        connect_as("ws").xadd("cdb:health", {"e": "x"})

    assert caplog.messages == []


@pytest.mark.parametrize(("user", "told"), [("risk", "REDIS_USER=risk"), ("", "REDIS_USER is not set")])
def test_a_redis_without_its_users_is_met_with_the_remedy(
    user: str, told: str, servers: Servers, settings: Any
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REDIS_USER=user, REDIS_PASSWORD="of-another-installation")

    with pytest.raises(redis.exceptions.AuthenticationError, match=told) as refused:
        bus_redis.connect().ping()

    assert "docs/operations.md" in str(refused.value)
    assert "of-another-installation" not in str(refused.value)
    assert "Redis users" in (CHECKOUT / "docs/operations.md").read_text()


def test_the_file_holds_hashes_of_passwords_that_differ_and_no_password() -> None:
    passwords = {user: password_of(user, SECRET) for user in ACL_USERS}
    text = redis_users.acl_file(SECRET)

    assert len(set(passwords.values())) == len(passwords) == len(NAMES) + 3
    assert not any(password in text for password in passwords.values())
    for user, password in passwords.items():
        assert f"user {user} on sanitize-payload #{hashlib.sha256(password.encode()).hexdigest()} " in text


def test_the_lane_is_its_three_services_and_the_operator_all_of_them() -> None:
    assert ROLES[LANE] == HANDED_ON
    assert set(ROLES[OPERATOR]) == NAMES


def test_every_topic_is_written_consumed_and_read_by_services_of_the_table() -> None:
    for topic in TOPICS.values():
        assert senders(topic), topic.name
        assert senders(topic) | set(topic.consumers) | set(topic.readers) <= NAMES, topic.name


def test_a_topic_that_no_service_sends_has_no_writer() -> None:
    made = Topic(name="gossip", producers=("nobody",), durable=False)

    assert not senders(made) <= NAMES


def test_every_key_that_the_code_names_is_in_somebodys_rights() -> None:
    patterns = {key.removeprefix("%R~") for user in ROLES for grant in grants_of(user) for key in grant.keys}
    channels = {name for user in ROLES for grant in grants_of(user) for name in grant.channels}

    unknown = {
        key
        for room in ROOMS
        for path in (CHECKOUT / room).rglob("*.py")
        if "redis_users" not in path.name
        for key in keys_in(path)
        if not any(fnmatchcase(key, pattern) for pattern in patterns | channels)
    }

    assert unknown == set()


def keys_in(path: Path) -> Iterator[str]:
    """Texts that begin like a key of ours; what is filled in is a word."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "word" for part in node.values)
        if text.startswith("cdb:") and len(text) > 4 and text != "cdb:word":
            yield {"cdb:candles:verified": "cdb:candles:verified:1m", "cdb:rest:word": "cdb:rest:word:spent"}.get(
                text, text
            )


def test_the_command_prints_the_file_and_the_password_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")

    call_command("print_redis_acl", "--secret-file", str(path))
    whole = capsys.readouterr().out
    call_command("print_redis_acl", "--secret-file", str(path), "--user", "ws")
    one = capsys.readouterr().out

    assert whole == redis_users.acl_file(SECRET)
    assert one == password_of("ws", SECRET) + "\n"


@pytest.mark.parametrize("secret", ["", "short", "changeme-changeme-changeme"])
def test_the_command_refuses_a_weak_secret_and_a_file_that_is_not_there(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "secret"
    path.write_text(secret)

    with pytest.raises(CommandError, match="--secret-file: shorter than 16"):
        call_command("print_redis_acl", "--secret-file", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("print_redis_acl", "--secret-file", str(tmp_path / "absent"))


def test_a_fork_of_the_nursery_is_its_own_user_everywhere(servers: Servers) -> None:
    program = """
from cdb_site.local import nursery
nursery.django.setup()
nursery.take_for_itself({"REDIS_USER": "risk", "REDIS_PASSWORD": "word"})
from django.conf import settings
from celery_app import app
from cdb_site.bus.redis import connect
print(connect().connection_pool.connection_kwargs["username"], settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"],
      app.conf.broker_url, app.connection_for_write().as_uri(include_password=True),
      app.conf.broker_transport_options["unacked_key"])
"""
    env = {"ENV": "demo", "DJANGO_SETTINGS_MODULE": "cdb_site.settings", "REDIS_PORT": "7777"}

    said = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=True
    ).stdout.split()

    address = "redis://risk:word@127.0.0.1:7777/0"
    assert said == ["risk", f"['{address}']", address, address, "unacked.risk"]


def test_the_tests_are_the_administrator() -> None:
    assert settings.ENVIRONMENT.REDIS_USER == ADMIN
