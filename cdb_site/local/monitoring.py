"""Prometheus beside the services, where one is installed: `make run MONITORING=1`.

It asks the local processes what the container of `docker-compose.yml` asks the containers, by the same rules. It
listens on loopback, keeps its data in the instance's folder, is kept and ended like a service, and is given no secret.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdb_site import env
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.problems import LocalProblem
from cdb_site.local.processes import MARK
from cdb_site.services import SERVICES

RULES = CHECKOUT / "backoffice" / "prometheus" / "rules.yml"
KEPT_FOR, KEPT_MOST = "30d", "1GB"
REMEDY = (
    "MONITORING=1: no Prometheus is installed here. Install it (Debian, Ubuntu: apt-get install prometheus; macOS: "
    "brew install prometheus), or start without MONITORING=1."
)


def find_prometheus() -> str:
    """The path of the program. Raises LocalProblem saying what to install."""
    program = shutil.which("prometheus")
    if program is None:
        raise LocalProblem(REMEDY)
    return program


@dataclass(frozen=True, kw_only=True)
class LocalPrometheus:
    """What the supervisor starts; `home` is its folder within the instance's."""

    program: str
    home: Path
    name: str = "prometheus"
    port: int = 9090
    stop_grace_s: int = 20
    modes: tuple[str, ...] = ("demo", "run")

    @property
    def members(self) -> tuple[LocalPrometheus, ...]:
        return (self,)

    @property
    def configuration(self) -> Path:
        return self.home / "prometheus.yml"

    def command(self, python: str, port: int | None) -> list[str]:
        """The command line; it is no Python."""
        return [
            self.program,
            f"--config.file={self.configuration}",
            f"--storage.tsdb.path={self.home / 'data'}",
            f"--storage.tsdb.retention.time={KEPT_FOR}",
            f"--storage.tsdb.retention.size={KEPT_MOST}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]

    def prepare(self, ports: Mapping[str, int], services_env: Mapping[str, str]) -> dict[str, str]:
        """Write whom it asks, and return its environment: nothing of the services' but the mark of their folder."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.configuration.write_text(json.dumps(configuration(ports), indent=2) + "\n", encoding="utf-8")
        return env.ambient() | {MARK: services_env[MARK]}


def configuration(ports: Mapping[str, int]) -> dict[str, Any]:
    """`backoffice/prometheus/prometheus.yml` with the addresses of local processes (JSON is YAML)."""
    asked = [row for row in SERVICES if row.kind != "exchange" and row.name in ports]
    services = [{"targets": [f"127.0.0.1:{ports[row.name]}"], "labels": {"service": row.name}} for row in asked]
    return {
        "global": {"scrape_interval": "15s", "scrape_timeout": "5s", "evaluation_interval": "15s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "claire_de_binaire", "static_configs": services, "honor_labels": True},
            {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{ports['prometheus']}"]}]},
        ],
    }
