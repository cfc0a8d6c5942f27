"""The service table: every process once, on a port of its own, with a command line and parts that exist."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.utils.module_loading import import_string

from cdb_site.bus.registry import CONSUMERS, READERS
from cdb_site.bus.topics import TOPICS
from cdb_site.local.children import Backoff, Child
from cdb_site.local.twins import Twin
from cdb_site.services import BACKINGS, SERVICES, Lane, Service, in_one_lane, service
from celery_app import app

WORKERS = [item for item in SERVICES if item.kind == "worker"]


def test_the_ports_are_the_documented_ones() -> None:
    ports = {item.container: item.port for item in SERVICES if "run" in item.modes}

    assert ports == {
        "cdb_ws": 8000, "cdb_rest": 8080, "cdb_signal": 8001, "cdb_risk": 8002, "cdb_execution": 8003,
        "cdb_signal_gen": None, "cdb_dashboard": 8004,
    }  # fmt: skip


def test_no_two_processes_share_a_name_a_container_or_a_port() -> None:
    names = [item.name for item in [*SERVICES, *BACKINGS]]
    containers = [item.container for item in [*SERVICES, *BACKINGS]]
    ports = [item.port for item in SERVICES if item.port] + [item.host_port for item in BACKINGS]

    for values in (names, containers, ports):
        assert len(values) == len(set(values))


@pytest.mark.parametrize("path", [path for item in SERVICES for path in item.hosts])
def test_every_hosted_part_exists_and_can_run(path: str) -> None:
    assert callable(import_string(path).run)


@pytest.mark.parametrize("item", WORKERS, ids=lambda item: item.name)
def test_a_worker_listens_to_its_own_queue_in_one_process(item: Service) -> None:
    command = item.command("python", item.port)

    assert command[:6] == ["python", "-m", "celery", "-q", "-A", "celery_app"]
    assert command[command.index("-P") + 1] == "solo"
    assert command[command.index("-Q") + 1] == command[command.index("--service") + 1] == item.name


def test_a_lane_is_one_worker_that_listens_to_the_queues_of_all_its_services() -> None:
    lane = next(item for item in in_one_lane(SERVICES) if isinstance(item, Lane))

    command = lane.command("python", None)

    assert [word for before, word in pairwise(command) if before == "--service"] == ["signal", "risk", "execution"]
    assert command[command.index("-Q") + 1] == "signal,risk,execution"
    assert command[-1] == "lane@%h"


def test_a_lane_stands_where_its_first_service_stood_and_every_other_keeps_its_place() -> None:
    names = [item.name for item in in_one_lane(SERVICES)]

    assert names == ["mexc_sim", "ws", "rest", "lane", "signal_gen", "dashboard"]


def test_without_all_of_its_services_there_is_no_lane() -> None:
    some = [item for item in SERVICES if item.name != "risk"]

    assert in_one_lane(some) == tuple(some)


def test_the_twin_of_a_lane_has_a_name_and_a_port_for_each_of_its_services() -> None:
    twin = Twin(next(item for item in in_one_lane(SERVICES) if isinstance(item, Lane)))

    assert [member.name for member in twin.members] == ["signal_2", "risk_2", "execution_2"]
    assert twin.variables({"signal_2": 1, "risk_2": 2, "execution_2": 3}) == {
        "INSTANCE": "2", "PORTS": "signal=1,risk=2,execution=3",
    }  # fmt: skip
    assert twin.command("python", None)[-1] == "lane_2@%h"


def test_exactly_one_worker_carries_the_clock() -> None:
    assert [item.name for item in SERVICES if "cdb_site.bus.beat.Beat" in item.hosts] == ["signal_gen"]
    assert not [item.name for item in WORKERS if "-B" in item.command("python", None)]


def test_a_shifted_port_reaches_the_command_line() -> None:
    assert service("dashboard").command("python", 9999)[-2:] == ["--port", "9999"]


def test_the_simulated_exchange_runs_in_the_demo_only() -> None:
    assert [item.name for item in SERVICES if "run" not in item.modes] == ["mexc_sim"]


def test_the_local_starter_runs_the_commands_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("cdb_site.local.children.sys.executable", "python")
    monkeypatch.setattr("cdb_site.local.children.subprocess.Popen", lambda command, **options: started.append(command))

    for item in SERVICES:
        Child(
            item, ports={item.name: item.port} if item.port else {}, env={}, output=lambda name: 0, backoff=Backoff()
        ).start()

    assert started == [item.command("python", item.port) for item in SERVICES]


def test_every_durable_topics_consumer_and_reader_is_a_service_with_a_task() -> None:
    app.loader.import_default_modules()
    names = {item.name for item in SERVICES}

    for topic in TOPICS.values():
        for consumer in topic.consumers:
            assert consumer in names
            assert (consumer, topic.name) in CONSUMERS
    assert {name for name, _ in [*CONSUMERS, *READERS]} <= names


def test_an_unknown_service_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no service is named 'scalper'; known: .*risk"):
        service("scalper")
