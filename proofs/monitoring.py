"""`make monitoring`: a real Prometheus beside the running demo. One JSON line last; exit 1 says what did not hold.

Every service is a target that is up, and shows no password on /metrics, /health or in its log; every panel's query of
Grafana's dashboards returns data, every rule is evaluated without an error; a service that is stopped and a halt are
alerts within two minutes and end when their causes do; and every line that the services logged meanwhile is one JSON
object with correlation id and execution mode.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backoffice.automation.grafana_dashboards import DASHBOARDS
from cdb_site.local.folders import temporary_folder
from cdb_site.local.monitoring import LocalPrometheus, find_prometheus
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES, in_one_lane
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.waiting import Unmet, say, wait_for

TARGETS = {row.name for row in SERVICES if row.port and row.kind != "exchange"} | {"prometheus"}
ALERT_S = 150.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make monitoring", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--timeout", type=float, default=240, metavar="S", help="for data in every panel")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        program = find_prometheus()
        with temporary_folder("monitoring") as folder:
            watching = LocalPrometheus(program=program, home=folder.path / "prometheus")
            services = [*in_one_lane(SERVICES), watching]
            overrides = {"LOG_FORMAT": "json"}
            with running_system(data_dir=folder.path, services=services, env_overrides=overrides) as system:
                _observe(system, Prometheus(system.url_of("prometheus")), told, options.timeout)
            told.figures |= _log_lines(folder.logs)

    return run_program("monitoring", work)


class Prometheus:
    """What its HTTP API says."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def up(self) -> set[str]:
        """Targets that answered their last scrape."""
        found = self.ask("targets")["activeTargets"]
        return {row["labels"].get("service", row["labels"]["job"]) for row in found if row["health"] == "up"}

    def empty(self) -> list[str]:
        """Panels one of whose queries returns nothing."""
        return [
            f"{name}: {panel.title}: {expression}"
            for name, panels in DASHBOARDS.items()
            for panel in panels
            for expression in panel.queries.values()
            if not self.ask("query", query=expression)["result"]
        ]

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def firing(self) -> set[tuple[str, str]]:
        """(Rule, service) of the alerts that fire."""
        found = self.ask("alerts")["alerts"]
        return {
            (row["labels"]["alertname"], row["labels"].get("service", "")) for row in found if row["state"] == "firing"
        }


def _observe(system: System, prometheus: Prometheus, told: ProgramResult, timeout_s: float) -> None:
    system.wait_live(["dashboard"], timeout_s=120)
    wait_for(lambda: prometheus.up() == TARGETS, "every target to be up", 90)
    say(f"{len(TARGETS)} targets are up")
    try:
        wait_for(lambda: not prometheus.empty(), "data in every panel", timeout_s)
    except Unmet:
        raise Unmet(f"no data: {'; '.join(prometheus.empty())}") from None
    rules = prometheus.rules()
    ill = [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] == "err"]
    panels = [panel for group in DASHBOARDS.values() for panel in group]
    told.figures |= {
        "targets_up": len(TARGETS),
        "panels": len(panels),
        "queries_with_data": sum(len(panel.queries) for panel in panels),
        "rules": len(rules),
        "firing_at_rest": sorted(name for name, _ in prometheus.firing()),
    }
    told.failures += ill
    say(f"every query of {len(panels)} panels returns data; {len(rules)} rules")
    told.failures += _told_secrets(system)
    system.manage("halt_trading", "--reason", "monitoring is tried")
    system.process("rest").stop()
    wanted = {("ServiceDown", "rest"), ("TradingHalted", "")}
    wait_for(lambda: wanted <= prometheus.firing(), "a stopped service and a halt to be alerts", ALERT_S)
    say("a stopped service and a halt are alerts")
    system.process("rest").start()
    system.manage("resume_trading", "--reason", "monitoring was tried")
    wait_for(lambda: not wanted & prometheus.firing(), "the alerts to end", ALERT_S)
    told.figures["alerts_tried"] = sorted(name for name, _ in wanted)


def _told_secrets(system: System) -> list[str]:
    """Pages of services, and logs, that show a password of the system's."""
    credentials = system.servers.credentials
    hidden = (credentials.postgres_owner, credentials.postgres_app, credentials.redis, credentials.secret_key)
    pages = [f"{system.url_of(name)}/{page}" for name in sorted(TARGETS) for page in ("metrics", "health")]
    said = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in system.folder.logs.iterdir()}
    for page in pages:
        try:
            with urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310
                said[page] = answer.read().decode()
        except urllib.error.HTTPError as problem:
            said[page] = problem.read().decode(errors="replace")
    return [f"{where} shows a password" for where, text in said.items() if any(word in text for word in hidden)]


def _log_lines(folder: Path) -> dict[str, int]:
    """Lines of the services' logs, and how many name a chain. Raises Unmet for one that is no JSON object."""
    lines = chained = 0
    for row in in_one_lane(SERVICES):
        for text in (folder / f"{row.name}.log").read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                raise Unmet(f"{row.name} logged a line that is no JSON: {text}") from None
            if line.get("execution_mode") != "PAPER" or "correlation_id" not in line:
                raise Unmet(f"{row.name} logged a line without execution mode or correlation id: {text}")
            lines, chained = lines + 1, chained + bool(line["correlation_id"])
    return {"log_lines": lines, "log_lines_of_a_chain": chained}


if __name__ == "__main__":
    sys.exit(main())
