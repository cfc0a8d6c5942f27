"""/health tells of progress: 200 while loops turn and the backlog is empty or falling, else 503 with the reason."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings

from cdb_site.bus import runtime as runtime_module
from cdb_site.bus import schema
from cdb_site.bus.runtime import Runtime
from cdb_site.health.heartbeat import payload, processor_ms
from cdb_site.health.server import MOST_CONNECTIONS, HealthServer
from cdb_site.services import service
from tests.flow.looking import wait_until


def make_runtime(port: int) -> Runtime:
    environment = dataclasses.replace(settings.ENVIRONMENT, PORTS=f"risk={port}", BIND_HOST="127.0.0.1")
    return Runtime(service=service("risk"), environment=environment, instance="1")


@pytest.fixture
def runtime(unused_tcp_port: int) -> Runtime:
    return make_runtime(unused_tcp_port)


@pytest.fixture
def server(runtime: Runtime) -> Iterator[HealthServer]:
    health = HealthServer(runtime)
    health.start()
    yield health
    health.stop()


def get(server: HealthServer, path: str = "/health") -> tuple[int, str]:
    assert server.server
    url = f"http://127.0.0.1:{server.server.server_address[1]}{path}"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, problem.read().decode()


def age_all_loops(runtime: Runtime, seconds: float) -> None:
    turned = runtime.progress._turned_at
    turned.update({name: at - seconds for name, at in turned.items()})


def test_a_service_whose_loops_turn_is_healthy(server: HealthServer, runtime: Runtime) -> None:
    runtime.progress.turned("consumer")
    runtime.progress.processed = 7

    status, body = get(server)

    said = json.loads(body)
    assert (status, said["status"], said["service"], said["processed"]) == (200, "OK", "risk", 7)


def test_a_loop_that_has_not_turned_for_five_seconds_fails_it_by_name(server: HealthServer, runtime: Runtime) -> None:
    runtime.progress.turned("watcher")
    age_all_loops(runtime, runtime_module.LOOP_LIMIT_S + 1)
    runtime.progress.turned("consumer")

    status, body = get(server)

    assert status == 503
    assert json.loads(body)["reason"].startswith("loop watcher has not turned for 6.")


def test_a_loop_within_the_limit_is_no_failure(server: HealthServer, runtime: Runtime) -> None:
    runtime.progress.turned("watcher")
    age_all_loops(runtime, runtime_module.LOOP_LIMIT_S - 1)

    assert get(server)[0] == 200


@pytest.mark.parametrize(("before", "now", "status"), [
    (0, 0, 200), (500, 0, 200), (900, 500, 200), (500, 900, 503), (500, 500, 503), (0, 150, 200),
])  # fmt: skip
def test_a_backlog_must_be_empty_small_or_falling(
    server: HealthServer, runtime: Runtime, before: int, now: int, status: int
) -> None:
    runtime.progress.turned("consumer")
    runtime.progress.measured_lag(before)
    runtime.progress.measured_lag(now)

    found, body = get(server)

    assert found == status
    assert (f"from {before} to {now}" in body) == (status == 503)


def test_a_complaint_fails_it_in_its_own_words_until_it_is_withdrawn(server: HealthServer, runtime: Runtime) -> None:
    runtime.progress.turned("consumer")
    runtime.progress.complain("feed", "no market data for 12.0 s")
    runtime.progress.complain("quotes", "quotes not published for 6.0 s")

    status, body = get(server)
    runtime.progress.content("feed")
    runtime.progress.content("quotes")

    assert status == 503
    assert json.loads(body)["reason"] == "no market data for 12.0 s; quotes not published for 6.0 s"
    assert get(server)[0] == 200


def test_a_part_that_never_turned_fails_it_by_name_until_it_does(server: HealthServer, runtime: Runtime) -> None:
    runtime.progress.expect("consumer")
    runtime.progress.expect("Watcher")
    part = threading.Thread(target=lambda: runtime.progress.turned("look"), name="Watcher")
    runtime.progress.turned("clock")

    status, body = get(server)
    part.start()
    part.join()
    after, said = get(server)

    assert (status, json.loads(body)["reason"]) == (503, "Watcher, consumer has not turned yet")
    assert (after, json.loads(said)["reason"]) == (503, "consumer has not turned yet")


def test_two_hundred_silent_connections_hold_few_threads_and_keep_nobody_out(
    server: HealthServer, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.progress.turned("consumer")
    assert server.server
    # Nobody is cut for its silence here: whoever is held is held longer than the test waits.
    monkeypatch.setattr(server.server.RequestHandlerClass, "timeout", 600)
    address = server.server.server_address[:2]
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(address, timeout=60))  # type: ignore[arg-type]
        status, _ = get(server)
        wait_until(lambda: len(serving()) <= MOST_CONNECTIONS, "the end of the threads that were cut")

    assert status == 200


def serving() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]


def test_health_tells_nothing_of_the_account(server: HealthServer, runtime: Runtime) -> None:
    runtime.progress.turned("consumer")

    fields = set(json.loads(get(server)[1]))

    assert fields == {"service", "status", "slowest_loop", "loop_age_ms", "lag", "processed"}


def test_metrics_are_served_in_prometheus_text(server: HealthServer) -> None:
    status, body = get(server, "/metrics")

    assert status == 200
    assert "# HELP cdb_bus_published_total" in body


def test_any_other_path_is_not_found(server: HealthServer) -> None:
    assert get(server, "/admin")[0] == 404


def test_a_taken_port_is_shifted_to_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shifted = HealthServer(make_runtime(port))
        shifted.start()

        status, _ = get(shifted)

        assert shifted.server
        assert (status, shifted.server.server_address[1] != port) == (200, True)
        shifted.stop()


def test_a_service_without_a_port_serves_nothing(runtime: Runtime) -> None:
    server = HealthServer(dataclasses.replace(runtime, service=service("signal_gen")))

    server.start()

    assert server.server is None
    server.stop()


def test_a_heartbeat_is_a_valid_event_and_says_what_health_says(runtime: Runtime) -> None:
    runtime.progress.turned("consumer")
    runtime.progress.measured_lag(3)

    beat: dict[str, Any] = payload(runtime)

    schema.validate_payload("health", beat)
    assert (beat["service"], beat["lag"], beat["status"], beat["detail"]) == (
        "risk",
        3,
        "OK",
        {"slowest_loop": "consumer"},
    )
    assert beat["rss_bytes"] > 1_000_000
    assert beat["cpu_ms"] > 0 and beat["up_s"] == 0


def test_a_heartbeat_counts_the_processor_time_of_its_process_and_how_long_it_is_up(runtime: Runtime) -> None:
    before = payload(runtime)
    spent, runtime.progress._started_at = 0, runtime.progress._started_at - 61
    while processor_ms() < before["cpu_ms"] + 20:
        spent += sum(range(1000))

    after = payload(runtime)

    assert after["cpu_ms"] >= before["cpu_ms"] + 20 and spent
    assert (before["up_s"], after["up_s"]) == (0, 61)


def test_a_heartbeat_of_a_service_that_is_not_well_says_why(runtime: Runtime) -> None:
    runtime.progress.turned("beat")
    age_all_loops(runtime, 7)

    beat: dict[str, Any] = payload(runtime)

    schema.validate_payload("health", beat)
    assert beat["status"] == "FAILING"
    assert beat["detail"]["reason"].startswith("loop beat has not turned for 7.")
