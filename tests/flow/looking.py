"""How flow tests look at a running system: its database, its streams, its page's socket, its venue's journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import orjson
import psycopg
import redis
from psycopg.rows import dict_row
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from cdb_site.local.system import System
from proofs.rig.page import log_in


class Books:
    """The system's database, as its services see it."""

    def __init__(self, system: System) -> None:
        env = system.env
        self.connection = psycopg.connect(
            host=env["POSTGRES_HOST"],
            port=env["POSTGRES_PORT"],
            dbname=env["POSTGRES_DB"],
            user=env["POSTGRES_USER"],
            password=env["POSTGRES_PASSWORD"],
            autocommit=True,
            row_factory=dict_row,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        return self.connection.execute(statement, values).fetchall()

    def value(self, statement: str, *values: object) -> Any:
        """The first column of the first row; None without one."""
        found = self.rows(statement, *values)
        return next(iter(found[0].values())) if found else None

    def event(self, event_id: object) -> dict[str, Any]:
        """One event of the audit log."""
        found = self.rows("SELECT * FROM event WHERE event_id = %s", event_id)
        assert found, f"event {event_id} is not stored"
        return found[0]


def streams(system: System) -> redis.Redis:
    """A client of the system's Redis."""
    env = system.env
    return redis.Redis(
        host=env["REDIS_HOST"],
        port=int(env["REDIS_PORT"]),
        username=env["REDIS_USER"],
        password=env["REDIS_PASSWORD"],
        protocol=2,
    )


def venue_answers(system: System) -> list[dict[str, Any]]:
    """Every line of the paper venue's journal."""
    path = system.folder.path / "paper_venue.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@contextmanager
def page_socket(system: System) -> Iterator[ClientConnection]:
    """The overview's socket of a logged-in browser, its snapshot already asked for."""
    cookie = log_in(system.url, system.operator, system.password)
    address = system.url.replace("http", "ws", 1) + "/ws/overview/"
    origin, cookies = Origin(system.url), {"Cookie": cookie}
    with connect(address, origin=origin, additional_headers=cookies, max_size=None) as socket:
        socket.recv(timeout=60)
        socket.send('{"resume": null}')
        yield socket


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 120.0) -> None:
    """Until the condition holds; fails naming what did not come."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"{what} did not come within {timeout_s:g} s"
        time.sleep(0.1)
