"""Prometheus asks what the service table says, and what Grafana draws exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from cdb_site.services import SERVICES

CHECKOUT = Path(__file__).resolve().parents[3]
CONTAINERS: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
PROMETHEUS = yaml.safe_load((CHECKOUT / "backoffice/prometheus/prometheus.yml").read_text())
DASHBOARD = json.loads((CHECKOUT / "backoffice/grafana/dashboards/overview.json").read_text())


def test_prometheus_asks_every_service_that_serves_metrics_and_nobody_else() -> None:
    aliases = {
        alias: name
        for name, container in CONTAINERS.items()
        if isinstance(container["networks"], dict)
        for alias in (container["networks"]["inner"].get("aliases") or [])
    }
    targets = {}
    for group in PROMETHEUS["scrape_configs"][0]["static_configs"]:
        host, _, port = group["targets"][0].partition(":")
        targets[group["labels"]["service"]] = (aliases.get(host, host), int(port))

    assert targets == {
        item.name: (item.container, item.port) for item in SERVICES if item.port and item.kind != "exchange"
    }


def test_the_address_prometheus_uses_for_the_dashboard_is_an_allowed_host() -> None:
    allowed = CONTAINERS["cdb_dashboard"]["environment"]["ALLOWED_HOSTS"].split(",")

    assert "dashboard" in allowed
    assert "127.0.0.1" in allowed


def test_every_metric_that_is_drawn_or_watched_exists_in_the_code() -> None:
    rules = (CHECKOUT / "backoffice/prometheus/rules.yml").read_text()
    wanted = set(re.findall(r"\bcdb_\w+", json.dumps([panel["targets"] for panel in DASHBOARD["panels"]]) + rules))
    source = "".join(
        path.read_text()
        for app in ("cdb_site", "marketdata", "signals_app", "execution", "risk", "dashboard")
        for path in (CHECKOUT / app).rglob("*.py")
    )

    assert wanted
    for metric in wanted:
        assert f'"{metric.removesuffix("_bucket")}"' in source, metric


def test_every_metric_of_the_risk_manager_is_drawn_and_no_two_panels_overlap() -> None:
    told = set(re.findall(r'"(cdb_\w+)"', (CHECKOUT / "risk/metrics.py").read_text()))
    drawn = json.dumps([panel["targets"] for panel in DASHBOARD["panels"]])
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]

    assert len(told) >= 9
    assert {metric for metric in told if metric not in drawn} == set()
    assert len(set(places)) == len(places) == len({panel["id"] for panel in DASHBOARD["panels"]})


def test_every_rule_says_what_is_wrong_and_has_a_name_of_its_own() -> None:
    (group,) = yaml.safe_load((CHECKOUT / "backoffice/prometheus/rules.yml").read_text())["groups"]
    names = [rule["alert"] for rule in group["rules"]]

    assert len(set(names)) == len(names) >= 13
    assert all(rule["annotations"]["summary"] for rule in group["rules"])


def test_grafana_is_provisioned_with_one_source_that_every_panel_names() -> None:
    provisioning = CHECKOUT / "backoffice/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/files.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in CONTAINERS["cdb_grafana"]["volumes"]]

    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    assert DASHBOARD["id"] is None
    assert provider["options"]["path"] in mounted
    assert source["url"] == "http://cdb_prometheus:9090"
