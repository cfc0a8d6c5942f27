"""Before a fault run breaks a server it makes sure that the server is its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdb_site.local.servers import Servers
from proofs.faults.server_faults import ServerFaults
from proofs.rig.waiting import Unmet


def faults_of(servers: Any) -> ServerFaults:
    return ServerFaults(SimpleNamespace(servers=servers))  # type: ignore[arg-type]


def test_its_own_servers_are_recognised(servers: Servers) -> None:
    own = faults_of(servers)

    assert own._own_valkey() is servers.valkey
    assert own._own_postgres() is servers.postgres


def test_a_redis_of_another_process_is_left_alone(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[str] = []
    monkeypatch.setattr(type(servers.valkey), "pid", 1)
    monkeypatch.setattr(type(servers.valkey), "kill", lambda _: killed.append("redis"))

    with pytest.raises(Unmet, match="not this run's own"):
        faults_of(servers).kill_redis()

    assert killed == []


def test_a_postgres_with_another_data_folder_is_left_alone(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[str] = []
    monkeypatch.setattr(servers.postgres, "data", Path("/elsewhere"))
    monkeypatch.setattr(type(servers.postgres), "kill", lambda _: killed.append("postgres"))

    with pytest.raises(Unmet, match="not this run's own"):
        faults_of(servers).kill_postgres()

    assert killed == []


@pytest.mark.parametrize("fault", ["kill_redis", "empty_redis", "freeze_redis", "kill_postgres", "cut_backends"])
def test_servers_that_the_user_named_are_never_touched(fault: str) -> None:
    with pytest.raises(Unmet, match="server of the user's"):
        getattr(faults_of(SimpleNamespace(valkey=None, postgres=None)), fault)()
