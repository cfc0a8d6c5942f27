"""What every service shows of itself while the system runs: tasks, health, metrics, heartbeats."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request

import orjson
import pytest
import redis

from cdb_site.local import state
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.system import System
from cdb_site.redis_users import ROLES, password_of
from cdb_site.services import SERVICES
from proofs.smoke import refusals
from tests.flow.looking import streams, wait_until

WORKERS = tuple(service.name for service in SERVICES if service.kind == "worker" and service.port)
LISTENING = tuple(service.name for service in SERVICES if service.port)


def test_the_workers_list_ingestion_signal_risk_and_execution_tasks(system: System) -> None:
    workers = {child.name for child in system.children} - {"mexc_sim", "dashboard"}
    # Named nodes are waited for one by one; without names the whole timeout is.
    nodes = ",".join(f"{name}@{socket.gethostname()}" for name in sorted(workers))
    inspect = [sys.executable, "-m", "celery", "-A", "celery_app", "inspect", "--timeout", "60", "-d", nodes]
    command = [*inspect, "registered", "--json"]

    env = state.read_env(system.folder)
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)

    assert env["REDIS_USER"] == "operator"
    assert done.returncode == 0, done.stdout + done.stderr
    listed = json.loads(done.stdout)
    tasks = {task.split(" ")[0] for found in listed.values() for task in found}
    assert {node.split("@")[0] for node in listed} == workers
    assert {
        "marketdata.backfill",
        "marketdata.delete_old_candles",
        "signals.evaluate_candles",
        "signals.rank_universe",
        "risk.decide_signals",
        "execution.execute_orders",
    } <= tasks


def test_every_service_is_its_own_user_of_redis_and_was_refused_nothing(system: System) -> None:
    assert system.servers.valkey is not None
    with system.servers.valkey.client() as client:
        users = {row["user"] for row in client.client_list()}

    assert users >= {"ws", "rest", "lane", "signal_gen", "dashboard"}
    assert users <= {*ROLES, "admin"}
    assert refusals(system) == []


def test_no_log_of_the_running_system_holds_a_secret_of_it(system: System) -> None:
    made = system.servers.credentials
    secrets = {made.postgres_owner, made.postgres_app, made.redis, made.secret_key, made.operator}
    secrets |= {password_of(user, made.redis) for user in ROLES}
    logs = {path.name: path.read_text(errors="replace") for path in system.folder.logs.glob("*.log")}

    assert {"dashboard.log", "lane.log", "rest.log", "signal_gen.log", "valkey.log", "ws.log"} <= set(logs)
    assert all(len(secret) >= 16 for secret in secrets)
    assert [name for name, text in logs.items() if any(secret in text for secret in secrets)] == []


@pytest.mark.parametrize("name", WORKERS)
def test_a_workers_health_proves_progress(system: System, name: str) -> None:
    system.wait_live([name])

    status, body = system.health(name)

    said = json.loads(body)
    assert (status, said["service"], said["status"]) == (200, name, "OK")
    assert said["loop_age_ms"] < 5000
    assert {"slowest_loop", "lag", "processed"} <= set(said)


@pytest.mark.parametrize("name", LISTENING)
def test_health_answers_200(system: System, name: str) -> None:
    system.wait_live([name])

    status, _ = system.health(name)

    assert status == 200


@pytest.mark.parametrize("name", [*WORKERS, "dashboard"])
def test_metrics_are_served_and_ours_among_them(system: System, name: str) -> None:
    with urllib.request.urlopen(f"{system.url_of(name)}/metrics", timeout=60) as answer:  # noqa: S310
        text = answer.read().decode()

    assert "\ncdb_" in text


def test_every_service_sends_heartbeats(system: System) -> None:
    workers = {service.name for service in SERVICES if service.kind == "worker"}

    with streams(system) as client:
        wait_until(lambda: workers <= beating(client), "a heartbeat of each")


def beating(client: redis.Redis) -> set[str]:
    entries = client.xrevrange("cdb:health", count=200)
    return {orjson.loads(fields[b"e"])["payload"]["service"] for _, fields in entries}
