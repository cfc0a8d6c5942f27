"""docker-compose.yml follows the service table: containers, ports, commands, health, hardening."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdb_site import env
from cdb_site.management.commands import set_up
from cdb_site.redis_users import OPERATOR
from cdb_site.services import BACKINGS, SERVICES, Backing, Service
from risk.tape.files import FOLDER

CHECKOUT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
SET_UP = "cdb_migrate"
TLS = "cdb_tls"
MORE = ["cdb_signal_more", "cdb_risk_more", "cdb_execution_more"]
SERVING = [item for item in SERVICES if item.port]
SET_BY_COMPOSE = {
    "ENV", "ALLOWED_HOSTS", "BIND_HOST", "DATA_DIR", "SECRET_KEY", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB",
    "POSTGRES_USER", "POSTGRES_PASSWORD", "REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_USER",
    "REDIS_PASSWORD",
    "TRUSTED_PROXIES",
}  # fmt: skip
LOCAL_ONLY = {"PORTS", "SIM_DATA", "CDB_CRASH_POINT"}
# They move the port on this machine; within the network it stays, and Prometheus finds it.
OUTER_PORTS = {"ws": "WS_SCREENER_PORT", "rest": "REST_SCREENER_PORT"}
# Execution's alone: what a container does not have it cannot lose.
EXECUTIONS = {"MEXC_API_KEY", "MEXC_API_SECRET"}
# The clock's alone.
THE_CLOCKS = {"TELEGRAM_TOKEN"}
# The proxy's, and the build's.
COMPOSES = {"TLS_HOST", "TLS_ADDRESS", "TLS_PORT", "CA_BUNDLE"}
# Made into a secret's file by backoffice/automation/compose_secrets.py; no service is told.
GRAFANAS = {"GRAFANA_PASSWORD"}
# 1777 in every image, and 3777 in PostgreSQL's; a folder in memory keeps the mode that it had.
OPEN_TO_ALL = {"/tmp", "/var/run/postgresql"}
# Public ones, given to the build.
CERTIFICATES = "certificates"
KEPT_OUT = LOCAL_ONLY | GRAFANAS | COMPOSES | set(OUTER_PORTS.values())

by_container = pytest.mark.parametrize("name", CONTAINERS)
by_service = pytest.mark.parametrize("item", SERVICES, ids=lambda item: item.name)


def published(name: str, **settings: str) -> list[tuple[str, int, int]]:
    """(address, host port, container port) of a container, as these settings make it."""
    ports = [
        re.sub(r"\$\{(\w+):-(\w+)\}", lambda match: settings.get(match[1], match[2]), port)
        for port in CONTAINERS[name].get("ports", [])
    ]
    parts = [port.split(":") for port in ports]
    return [(address, int(host), int(inside)) for address, host, inside in parts]


def environment(name: str) -> dict[str, Any]:
    return dict(CONTAINERS[name].get("environment", {}))


def test_there_is_a_container_for_every_row_of_the_table_and_one_that_sets_up() -> None:
    named = set(CONTAINERS) - set(MORE)

    assert named == {item.container for item in [*SERVICES, *BACKINGS]} | {SET_UP, TLS}
    assert all(CONTAINERS[name]["container_name"] == name for name in named)


@pytest.mark.parametrize("name", MORE)
def test_a_further_worker_can_be_scaled_and_is_a_consumer_of_its_own(name: str) -> None:
    more, first = CONTAINERS[name], CONTAINERS[name.removesuffix("_more")]

    assert not more.keys() & {"container_name", "ports"}
    assert more["profiles"] == ["scale"]
    assert more["entrypoint"] == ["sh", "-c", 'INSTANCE="$$(hostname)" exec "$$@"', "sh"]
    assert {key: more[key] for key in first if key not in ("container_name", "ports")} == {
        key: value for key, value in first.items() if key not in ("container_name", "ports")
    }


def test_the_entry_of_a_further_worker_runs_its_command_under_an_instance_of_its_own() -> None:
    entry = [word.replace("$$", "$") for word in CONTAINERS[MORE[0]]["entrypoint"]]

    said = subprocess.run([*entry, "sh", "-c", "echo $INSTANCE"], capture_output=True, text=True, check=True).stdout

    assert said.strip() == socket.gethostname()


@by_service
def test_a_container_runs_the_command_that_the_local_starter_runs(item: Service) -> None:
    assert CONTAINERS[item.container]["command"] == item.command("python", item.port)


@by_service
def test_a_service_publishes_its_own_port_on_this_machine_only(item: Service) -> None:
    wanted = [("127.0.0.1", item.port, item.port)] if item.port else []

    assert published(item.container) == wanted


@by_service
def test_a_screeners_variable_moves_its_port_on_this_machine_and_no_other(item: Service) -> None:
    moved = published(item.container, WS_SCREENER_PORT="9000", REST_SCREENER_PORT="9080")

    expected = {"ws": 9000, "rest": 9080}.get(item.name, item.port)
    assert moved == ([("127.0.0.1", expected, item.port)] if item.port else [])
    assert OUTER_PORTS == env.SCREENER_PORTS


@pytest.mark.parametrize("item", BACKINGS, ids=lambda item: item.name)
def test_a_server_publishes_the_ports_of_the_table_and_reports_its_health(item: Backing) -> None:
    check = " ".join(CONTAINERS[item.container]["healthcheck"]["test"])

    assert published(item.container) == [("127.0.0.1", item.host_port, item.container_port)]
    assert item.healthcheck in check


@pytest.mark.parametrize("item", SERVING, ids=lambda item: item.name)
def test_a_services_health_is_asked_as_anybody_would_ask(item: Service) -> None:
    asked = CONTAINERS[item.container]["healthcheck"]["test"]

    assert asked == ["CMD", *shlex.split(f"curl -fsS http://localhost:{item.port}/health")]


def test_the_image_has_what_the_health_checks_ask_with() -> None:
    final = (CHECKOUT / "Dockerfile").read_text().rpartition("\nFROM ")[2]

    assert re.search(r"apt-get install .*\bcurl\b", final)


def test_names_of_this_machine_are_allowed_whatever_the_user_allows() -> None:
    hosts = environment("cdb_dashboard")["ALLOWED_HOSTS"].replace("${ALLOWED_HOSTS:-localhost}", "cdb.example")

    assert hosts.split(",") == ["cdb.example", "localhost", "127.0.0.1", "dashboard"]


def test_what_serves_no_port_has_no_health_check() -> None:
    without = {name for name, container in CONTAINERS.items() if "healthcheck" not in container}

    assert without == {SET_UP} | {item.container for item in SERVICES if not item.port}


@by_service
def test_a_service_is_given_the_grace_of_the_table_to_stop(item: Service) -> None:
    assert CONTAINERS[item.container]["stop_grace_period"] == f"{item.stop_grace_s}s"


@by_container
def test_a_container_is_hardened(name: str) -> None:
    container = CONTAINERS[name]

    assert container["read_only"] is True
    assert "/tmp" in container["tmpfs"]
    assert container["cap_drop"] == ["ALL"]
    assert not container.keys() & {"cap_add", "privileged", "devices", "network_mode", "pid"}
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert 0 < container["pids_limit"] <= 256
    assert re.fullmatch(r"\d+[mg]", container["mem_limit"])
    assert container["restart"] == ("no" if name == SET_UP else "unless-stopped")


@by_container
def test_a_container_runs_as_somebody_else_than_root(name: str) -> None:
    user = str(CONTAINERS[name]["user"]).partition(":")[0]

    assert user not in ("", "0", "root")


@by_container
def test_no_secret_stands_in_a_containers_environment(name: str) -> None:
    for variable, value in environment(name).items():
        if re.search(r"PASSWORD|SECRET|TOKEN$|TOKEN_FILE", variable):
            assert variable.endswith("_FILE")
            secret = value.removeprefix("/run/secrets/")
            assert secret in CONTAINERS[name]["secrets"]


def test_every_secret_is_a_file_outside_git_and_outside_the_image() -> None:
    files = {secret["file"] for secret in COMPOSE["secrets"].values()}
    used = {secret for container in CONTAINERS.values() for secret in container.get("secrets", [])}

    assert used == set(COMPOSE["secrets"]) - {CERTIFICATES}
    assert COMPOSE["secrets"][CERTIFICATES]["file"] == "${CA_BUNDLE:-/dev/null}"
    assert all(path.startswith("./secrets/") for path in files - {COMPOSE["secrets"][CERTIFICATES]["file"]})
    assert "secrets" in (CHECKOUT / ".dockerignore").read_text().split()
    assert "secrets/" in (CHECKOUT / ".gitignore").read_text().split()


@by_service
def test_a_service_gets_only_variables_that_the_settings_know(item: Service) -> None:
    known = {name for name, _, _ in env.rows()}

    own = {"signal_gen": THE_CLOCKS, "execution": EXECUTIONS}.get(item.name, set())
    kept_out = (KEPT_OUT | THE_CLOCKS | EXECUTIONS) - own
    assert {name.removesuffix("_FILE") for name in environment(item.container)} == known - kept_out


def test_what_compose_does_not_fix_is_passed_through_from_the_users_settings() -> None:
    fixed = {name.removesuffix("_FILE") for name, value in environment("cdb_risk").items() if value is not None}

    assert fixed == SET_BY_COMPOSE


def test_the_services_connect_without_ddl_and_only_the_set_up_as_owner() -> None:
    roles = {name: environment(name)["POSTGRES_USER"] for name in CONTAINERS if "POSTGRES_HOST" in environment(name)}

    assert {name for name, role in roles.items() if role == "admin"} == {SET_UP}
    assert {role for name, role in roles.items() if name != SET_UP} == {"cdb_app"}
    assert environment("cdb_postgres")["POSTGRES_USER"] == "admin"
    assert environment("cdb_postgres")["POSTGRES_DB"] == environment("cdb_risk")["POSTGRES_DB"] == "claire_de_binare"


def test_the_set_up_migrates_grants_opens_and_seeds_before_any_service_starts() -> None:
    assert CONTAINERS[SET_UP]["command"] == ["python", "manage.py", "set_up"]
    assert set_up.STEPS == ("migrate", "grant_app_role", "open_account", "seed_limits")
    for item in SERVICES:
        waits_for = CONTAINERS[item.container]["depends_on"]
        assert waits_for[SET_UP] == {"condition": "service_completed_successfully"}


def test_redis_keeps_everything_and_knows_its_users_from_the_file_of_their_hashes() -> None:
    command = " ".join(CONTAINERS["cdb_redis"]["command"])

    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command
    assert "--aclfile /run/secrets/redis_acl" in command
    assert "redis-cli --user admin ping" in CONTAINERS["cdb_redis"]["healthcheck"]["test"][1]


def test_a_container_is_its_own_user_of_redis_and_is_told_the_password_of_no_other() -> None:
    users = {item.container: item.name for item in SERVICES}
    users[SET_UP] = OPERATOR
    users |= {name: users[name.removesuffix("_more")] for name in MORE}

    for name, user in users.items():
        told = [secret for secret in CONTAINERS[name]["secrets"] if secret.startswith("redis")]
        assert environment(name)["REDIS_USER"] == user
        assert environment(name)["REDIS_PASSWORD_FILE"] == f"/run/secrets/redis_{user}"
        assert told == [f"redis_{user}"]
    masters = {name for name, item in CONTAINERS.items() if "redis_password" in item.get("secrets", [])}
    assert masters == {"cdb_redis"}


def test_the_paper_venues_journal_outlives_its_container() -> None:
    folder = environment("cdb_execution")["DATA_DIR"]

    assert f"paper_venue:{folder}" in CONTAINERS["cdb_execution"]["volumes"]


def test_a_dashboard_that_sends_browsers_to_https_knows_of_its_proxy() -> None:
    settings = environment("cdb_dashboard")

    assert (settings["ENV"], settings["TRUSTED_PROXIES"]) == ("${ENV:-prod}", "${TRUSTED_PROXIES:-1}")


def test_only_the_screeners_and_execution_reach_the_exchange() -> None:
    outward = {name for name, container in CONTAINERS.items() if "exchange" in container["networks"]}

    assert COMPOSE["networks"]["inner"]["internal"] is True
    assert COMPOSE["networks"]["local"]["driver_opts"]["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    assert outward == {"cdb_ws", "cdb_rest", "cdb_execution", "cdb_execution_more"}


def test_a_network_on_which_servers_are_found_by_name_lets_containers_talk() -> None:
    closed = {
        name for name, network in COMPOSE["networks"].items()
        if (network.get("driver_opts") or {}).get("com.docker.network.bridge.enable_icc") == "false"
    }  # fmt: skip
    asked = {environment("cdb_risk")[name] for name in ("POSTGRES_HOST", "REDIS_HOST")} | {"cdb_mexc_sim"}

    for name in asked:
        assert not set(CONTAINERS[name]["networks"]) & closed


def test_who_writes_the_tape_and_who_reads_it_have_one_folder_that_is_kept() -> None:
    folder = f"{COMPOSE['x-settings']['DATA_DIR']}/{FOLDER}"
    mounts = {name: item.get("volumes", []) for name, item in CONTAINERS.items()}

    with_tape = {name for name, volumes in mounts.items() if f"tape:{folder}" in volumes}
    # The clock verifies days, carries out what a page asks for, and lets old files go.
    assert with_tape == {"cdb_risk", "cdb_risk_more", "cdb_signal_gen"}
    # A folder of the image, so that what is mounted there belongs to who writes it.
    assert folder in (CHECKOUT / "Dockerfile").read_text()
    assert {"tape", "candles", "searches"} < set(COMPOSE["volumes"])


def test_what_the_clock_works_out_for_a_replay_is_kept_when_its_container_is_made_anew() -> None:
    kept, made = COMPOSE["x-settings"]["DATA_DIR"], (CHECKOUT / "Dockerfile").read_text()

    for name in ("candles", "searches"):
        assert f"{name}:{kept}/{name}" in CONTAINERS["cdb_signal_gen"]["volumes"]
        assert f"{kept}/{name}" in made


def test_every_folder_in_memory_belongs_to_the_container_s_user() -> None:
    for name, container in CONTAINERS.items():
        for folder in container["tmpfs"]:
            path, _, options = folder.partition(":")
            if path not in OPEN_TO_ALL:
                assert f"uid={container['user'].partition(':')[0]}," in options, f"{name}: {folder}"


def test_only_the_clock_tells_others_of_alerts() -> None:
    outward = {name for name, container in CONTAINERS.items() if "outside" in container["networks"]}

    assert outward == {"cdb_signal_gen"}


def test_the_simulator_the_tls_proxy_and_further_workers_start_only_with_their_profiles() -> None:
    assert {name: item["profiles"] for name, item in CONTAINERS.items() if "profiles" in item} == {
        "cdb_mexc_sim": ["demo"],
        TLS: ["tls"],
        **dict.fromkeys(MORE, ["scale"]),
    }


def test_the_demo_points_the_screeners_at_the_simulator() -> None:
    lines = [line for line in (CHECKOUT / "backoffice/demo.env").read_text().splitlines() if line[:1] != "#"]

    values = dict(line.split("=", 1) for line in lines)
    environment = env.read(values)

    assert values["COMPOSE_PROFILES"] == "demo"
    port = next(item.port for item in SERVICES if item.name == "mexc_sim")
    assert (environment.ENV, environment.MARKET) == ("demo", "SIMULATED")
    assert f"http://cdb_mexc_sim:{port}" == environment.MEXC_REST_URL
    assert f"ws://cdb_mexc_sim:{port}/ws" == environment.MEXC_WS_URL


def test_all_services_share_one_image_built_once_with_the_uv_that_make_installs() -> None:
    images = {CONTAINERS[item.container]["image"] for item in SERVICES} | {CONTAINERS[SET_UP]["image"]}
    built = {name for name, container in CONTAINERS.items() if "build" in container}
    pinned = {
        name: re.search(r"UV_VERSION\s*:?=\s*([\d.]+)", (CHECKOUT / name).read_text())
        for name in ("Dockerfile", "Makefile")
    }

    assert len(images) == 1
    assert built == {SET_UP, TLS}
    assert pinned["Dockerfile"] and pinned["Makefile"]
    assert pinned["Dockerfile"][1] == pinned["Makefile"][1]


def test_no_image_floats() -> None:
    files = [(CHECKOUT / name).read_text() for name in ("Dockerfile", "backoffice/tls/Dockerfile")]
    named = re.findall(r"^FROM (\S+)(?: AS (\S+))?", "\n".join(files), re.MULTILINE)
    bases = {base for base, _ in named} - {stage for _, stage in named}

    for image in [*bases, *(container["image"] for container in CONTAINERS.values())]:
        assert re.search(r":v?\d", image), image


def test_the_image_leaves_out_development_and_embedded_packages_and_runs_as_nobody_in_particular() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()

    assert "uv sync --frozen --no-group dev --no-group embedded" in dockerfile
    assert "collectstatic" in dockerfile
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["cdb"]


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
@pytest.mark.parametrize("options", [[], ["--env-file", "backoffice/demo.env"], ["--profile", "*"]])
def test_docker_compose_itself_accepts_the_file(options: list[str]) -> None:
    command = ["docker-compose", *options, "config", "-q"]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_demo_has_a_project_and_so_volumes_of_its_own() -> None:
    lines = (CHECKOUT / "backoffice/demo.env").read_text().splitlines()

    assert COMPOSE["name"] == "claire"
    assert "COMPOSE_PROJECT_NAME=claire-demo" in lines
    assert all(volume is None for volume in COMPOSE["volumes"].values())
