"""Connections to the servers of a running system, from its environment."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import redis

# The strictest of what the owners of the trading state hold.
TRADING_STATE = """SELECT coalesce((SELECT state FROM (SELECT DISTINCT ON (account_id, owner) state
    FROM trading_state_change ORDER BY account_id, owner, id DESC) AS held
    ORDER BY array_position(ARRAY['HALTED', 'REDUCING', 'ACTIVE'], state) LIMIT 1), 'HALTED')"""


def redis_client(env: Mapping[str, str]) -> redis.Redis:
    return redis.Redis(
        host=env["REDIS_HOST"],
        port=int(env["REDIS_PORT"]),
        username=env.get("REDIS_USER") or None,
        password=env["REDIS_PASSWORD"],
        socket_timeout=10,
        protocol=2,
    )


def owner_connection(env: Mapping[str, str]) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=env["POSTGRES_HOST"],
        port=env["POSTGRES_PORT"],
        dbname=env["POSTGRES_DB"],
        user=env["POSTGRES_USER"],
        password=env["POSTGRES_PASSWORD"],
        autocommit=True,
    )
