"""The test session's own PostgreSQL and Valkey: started before Django reads its settings, gone afterwards.

Every run has servers of its own on free ports, and so has every process of a run that is shared out: none ever meet.
Django connects as the database's owner, because it creates the test database; tests of the services' role connect as
`cdb_app` themselves.
Connections to anything but this machine are refused.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from cdb_site.local import state
from cdb_site.local.folders import temporary_folder
from cdb_site.local.servers import Servers, running_servers
from tests import clusters
from tests.databases import fresh_database
from tests.sharing import SystemsOnOneWorker, in_running_order

SERVERS = pytest.StashKey[Servers]()
STACK = pytest.StashKey[ExitStack]()
LOOPBACK = ("127.0.0.1", "localhost", "::1", "")


def pytest_configure(config: pytest.Config) -> None:
    if only_hands_out(config):
        return
    stack = ExitStack()
    config.stash[STACK] = stack
    state.clear_abandoned()
    folder = stack.enter_context(temporary_folder("tests"))
    if clusters.WITHOUT_TABLES not in os.environ:
        clusters.copy_into(folder)
    servers = stack.enter_context(running_servers(folder.path))
    config.stash[SERVERS] = servers
    os.environ.update(servers.owner_env)
    os.environ.update(
        ENV="demo",
        DATA_DIR=str(servers.folder.path),
        SECRET_KEY=servers.credentials.secret_key,
        LOG_FORMAT="plain",
        DJANGO_SETTINGS_MODULE="tests.settings",
    )
    import django

    django.setup()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    in_running_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SystemsOnOneWorker | None:
    return SystemsOnOneWorker(config, log) if config.getoption("dist") == "loadfile" else None


def only_hands_out(config: pytest.Config) -> bool:
    """Whether this process runs no test itself: several do, each with servers of its own."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


def pytest_unconfigure(config: pytest.Config) -> None:
    stack = config.stash.get(STACK, None)
    if stack is not None:
        stack.close()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """The session's servers; a test that breaks a server starts its own."""
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The database is made here, below, and goes away with its server."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    settings = connection.settings_dict
    fresh_database(settings["TEST"]["NAME"] or f"test_{settings['NAME']}")


@pytest.fixture
def valkey(servers: Servers) -> Iterator[Any]:
    """A client of the session's Valkey, empty before and after the test."""
    assert servers.valkey is not None
    with servers.valkey.client() as client:
        client.flushall()
        yield client
        client.flushall()


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A request of a test's client leaves its language behind in the test's thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise RuntimeError(f"a test tried to connect to {address[0]}; only this machine is allowed")
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
