"""MONITORING=1: Prometheus beside local processes asks what the containers' one asks, and is given no secret."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backoffice.automation.code_figures import ROOT
from cdb_site.local import cli, monitoring
from cdb_site.local.monitoring import LocalPrometheus, configuration
from cdb_site.local.processes import MARK
from cdb_site.services import SERVICES

PORTS = {row.name: 21000 + number for number, row in enumerate(SERVICES) if row.port} | {"prometheus": 9190}


def without_addresses(read: dict[str, Any]) -> dict[str, Any]:
    """Of each job what is the same in containers and beside processes."""
    jobs = {job["job_name"]: [group.get("labels") for group in job["static_configs"]] for job in read["scrape_configs"]}
    labels = [job.get("honor_labels") for job in read["scrape_configs"]]
    return {"global": read["global"], "jobs": jobs, "honor_labels": labels}


def test_it_asks_what_the_containers_prometheus_asks_at_the_ports_of_the_processes() -> None:
    made = configuration(PORTS)
    committed = yaml.safe_load((ROOT / "backoffice/prometheus/prometheus.yml").read_text())

    assert without_addresses(made) == without_addresses(committed)
    targets = [group["targets"] for job in made["scrape_configs"] for group in job["static_configs"]]
    asked = [row.name for row in SERVICES if row.port and row.kind != "exchange"] + ["prometheus"]
    assert targets == [[f"127.0.0.1:{PORTS[name]}"] for name in asked]
    assert Path(made["rule_files"][0]) == ROOT / "backoffice/prometheus/rules.yml"


def test_a_service_that_does_not_run_is_not_asked() -> None:
    made = configuration({"risk": 1, "risk_2": 2, "prometheus": 3})

    (services, _) = made["scrape_configs"]
    assert services["static_configs"] == [{"targets": ["127.0.0.1:1"], "labels": {"service": "risk"}}]


def test_it_listens_on_loopback_keeps_its_data_in_the_folder_and_is_given_no_secret(tmp_path: Path) -> None:
    watching = LocalPrometheus(program="/usr/bin/prometheus", home=tmp_path / "prometheus")

    env = watching.prepare(PORTS, {MARK: "/folder", "POSTGRES_PASSWORD": "hidden", "SECRET_KEY": "hidden"})

    command = watching.command("python", 9190)
    assert "--web.listen-address=127.0.0.1:9190" in command
    assert f"--storage.tsdb.path={tmp_path}/prometheus/data" in command
    assert f"--config.file={tmp_path}/prometheus/prometheus.yml" in command
    assert json.loads(watching.configuration.read_text()) == configuration(PORTS)
    assert env[MARK] == "/folder"
    assert "hidden" not in env.values()


@pytest.mark.skipif(monitoring.shutil.which("promtool") is None, reason="NOT RUN: no promtool here")
def test_promtool_accepts_what_is_written(tmp_path: Path) -> None:
    watching = LocalPrometheus(program="prometheus", home=tmp_path / "prometheus")
    watching.prepare(PORTS, {MARK: "/folder"})

    done = subprocess.run(
        ["promtool", "check", "config", str(watching.configuration)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_without_prometheus_nothing_is_started_and_the_remedy_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(monitoring.shutil, "which", lambda name: None)

    code = cli.main(["demo", "--monitoring", "--data-dir", str(tmp_path / "books")])

    said = capsys.readouterr().err
    assert code == 1
    assert said.startswith("error: MONITORING=1: no Prometheus is installed here.")
    assert "apt-get install prometheus" in said
    assert not (tmp_path / "books").exists()
