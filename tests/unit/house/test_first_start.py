"""`make up` before a container runs: what it makes, what it refuses with which sentence, what it waits for."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backoffice.automation import containers
from backoffice.automation.code_figures import ROOT
from backoffice.automation.first_start import Container, Wanted, awaited, box, env_text, in_the_way, refusal
from cdb_site import env

HERE = "/home/anna/claire"


@pytest.fixture(autouse=True)
def _nothing_of_the_test_run_s_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in env.rows():
        monkeypatch.delenv(name, raising=False)


def container(**given: str) -> Container:
    return Container(**{"name": "cdb_risk", "project": "claire", "folder": HERE, **given})


def row(service: str, **given: Any) -> dict[str, Any]:
    return {"Service": service, "State": "running", "Health": "healthy", "ExitCode": 0, **given}


def started(folder: Path, *words: str, docker: str = "exit 0") -> subprocess.CompletedProcess[str]:
    """The program with a `docker` of the test's own."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o755)
    command = [sys.executable, str(ROOT / "backoffice/automation/containers.py"), *words]
    environ = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(tls=True)], ids=["http", "tls"])
def test_the_settings_of_a_first_start_are_taken_by_the_services(wanted: Wanted, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(env_text(wanted))
    secret = "k4Vt8Zq1xW7mB3nR9sL2cY6dJ5fH0gPaEuT4iO8vK1wQ7zX3yN9"
    given = dict.fromkeys(("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"), secret)

    environment, problems = env.survey(tmp_path / ".env", given)

    assert problems == []
    assert environment and refusal(wanted, environment.ENV) is None
    assert ("prod" if wanted.tls else "local") == environment.ENV
    assert "PASSWORD" not in env_text(wanted)


def test_tls_is_refused_with_settings_that_cannot_be_reached_by_it() -> None:
    assert "SIM=1 is ENV=demo" in str(refusal(Wanted(sim=True, tls=True), "demo"))
    assert "says ENV=local. Set in .env: ENV=prod" in str(refusal(Wanted(tls=True), "local"))
    assert refusal(Wanted(sim=True, scale=True), "demo") is None


def test_profiles_are_those_asked_for() -> None:
    assert Wanted().profiles == []
    assert Wanted(sim=True, scale=True).profiles == ["demo", "scale"]


def test_what_holds_the_names_is_told_with_where_to_stop_it() -> None:
    assert in_the_way([container()], "claire", HERE) is None
    other = in_the_way([container(project="claire-demo")], "claire", HERE)
    assert other == (
        "cdb_risk and 0 others are there (project claire-demo) and have the names and ports. "
        "`make containers-down` first."
    )
    elsewhere = str(in_the_way([container(), container(folder="/srv/other")], "claire", HERE))
    assert "of /srv/other" in elsewhere and "`make containers-down` in /srv/other first" in elsewhere
    assert "no project of compose" in str(in_the_way([container(project="", folder="")], "claire", HERE))


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"Health": "starting"}, "starting"),
        ({"Health": "unhealthy"}, "unhealthy"),
        ({"State": "restarting", "Health": ""}, "restarting"),
        ({"State": "exited", "Health": "", "ExitCode": 1}, "exited"),
    ],
)
def test_a_container_that_is_not_well_is_awaited(given: dict[str, Any], state: str) -> None:
    assert awaited([row("cdb_risk", **given)], ["cdb_risk"]) == {"cdb_risk": state}


def test_all_is_well_when_services_are_and_the_set_up_has_ended() -> None:
    rows = [row("cdb_risk"), row("cdb_signal_gen", Health=""), row("cdb_migrate", State="exited", Health="")]

    assert awaited(rows, ["cdb_risk", "cdb_signal_gen", "cdb_migrate"]) == {}
    assert awaited(rows, ["cdb_ws"]) == {"cdb_ws": "not there"}


def test_a_set_up_that_runs_or_failed_is_awaited_and_so_is_a_second_of_two_workers() -> None:
    failed = [row("cdb_migrate", State="exited", Health="", ExitCode=1)]
    two = [row("cdb_risk_more"), row("cdb_risk_more", Health="starting")]

    assert awaited(failed, ["cdb_migrate"]) == {"cdb_migrate": "ended with 1"}
    assert awaited([row("cdb_migrate")], ["cdb_migrate"]) == {"cdb_migrate": "running"}
    assert awaited(two, ["cdb_risk_more"]) == {"cdb_risk_more": "starting"}


def test_the_box_names_address_and_first_login_and_no_password() -> None:
    local = box(Wanted(), mode="local", origins=(), compose="docker compose")
    prod = box(Wanted(), mode="prod", origins=("https://claire.example",), compose="docker compose")

    assert "http://localhost:8004/" in local and "your own proxy" not in local
    assert "docker compose exec cdb_dashboard python manage.py create_admin" in local
    assert "https://claire.example/" in prod and "TLS=1 starts one" in prod
    assert "SIMULATED" in box(Wanted(sim=True), mode="demo", origins=(), compose="docker compose")


def test_files_that_are_missing_are_made_closed_and_those_that_are_there_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(containers, "CHECKOUT", tmp_path)

    containers._make_what_is_missing(Wanted())
    first = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    said = capsys.readouterr().out
    containers._make_what_is_missing(Wanted(tls=True))

    assert stat.S_IMODE(os.stat(tmp_path / ".env").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "secrets").st_mode) == 0o700
    assert ".env made: ENV=local TRUSTED_PROXIES=0" in said and "secret_key: made" in said
    assert not any(text.strip() and text.strip() in said for path, text in first.items() if path.name != ".env")
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == first
    assert "made" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["up", "down"])
@pytest.mark.parametrize(
    ("docker", "sentence"),
    [
        ('[ "$1" = compose ] && exit 1; exit 0', "no `docker compose`"),
        ('[ "$1" = info ] && exit 1; exit 0', "no Docker engine answers"),
        ("exit 1", "`docker` is not installed"),
    ],
)
def test_where_there_is_no_docker_the_sentence_says_what_is_missing(
    command: str, docker: str, sentence: str, tmp_path: Path
) -> None:
    done = started(tmp_path, command, docker=docker)

    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_machines_certificates_are_given_to_the_build_unless_somebody_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca-certificates.crt"
    monkeypatch.setattr(containers, "MACHINES_CERTIFICATES", bundle)
    monkeypatch.delenv("CA_BUNDLE", raising=False)
    assert containers._certificates({}) == {}

    bundle.write_text("one")

    assert containers._certificates({}) == {"CA_BUNDLE": str(bundle)}
    assert containers._certificates({"CA_BUNDLE": "/other"}) == {}


def test_settings_that_a_container_would_refuse_are_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "CHECKOUT", tmp_path)
    monkeypatch.setattr("backoffice.automation.check_env.CHECKOUT", tmp_path)
    (tmp_path / ".env").write_text("ENV=prod\nTOP_N=many\n")

    with pytest.raises(containers.CannotStart, match="TOP_N: expected a whole number"):
        containers._make_what_is_missing(Wanted())
    (tmp_path / ".env").write_text("ENV=prod\n")
    containers._make_what_is_missing(Wanted())
    with pytest.raises(containers.CannotStart, match="TRUSTED_ORIGINS: is empty"):
        containers._settings(Wanted())
