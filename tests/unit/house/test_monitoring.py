"""Prometheus asks what the service table says, rules and panels for what is told; every rule has its paragraph."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from backoffice.automation import grafana_dashboards
from backoffice.automation.code_figures import ROOT
from cdb_site.services import SERVICES
from tests.unit.house import monitoring_words
from tests.unit.house.monitoring_words import ADDED, OWN, asked, emitted, expressions, groupings, told_to_nobody
from tests.unit.house.test_documents import anchors_of

CONTAINERS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PROMETHEUS = yaml.safe_load((ROOT / "backoffice/prometheus/prometheus.yml").read_text())
CASES = yaml.safe_load((ROOT / "backoffice/prometheus/rules_test.yml").read_text())
RULES = monitoring_words.rules()
by_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
by_asker = pytest.mark.parametrize("asker", expressions())


def test_prometheus_asks_itself_and_every_service_that_serves_metrics_every_fifteen_seconds() -> None:
    aliases = {
        alias: name
        for name, container in CONTAINERS.items()
        if isinstance(container["networks"], dict)
        for alias in (container["networks"]["inner"].get("aliases") or [])
    }
    ours, own = PROMETHEUS["scrape_configs"]
    targets = {}
    for group in ours["static_configs"]:
        host, _, port = group["targets"][0].partition(":")
        targets[group["labels"]["service"]] = (aliases.get(host, host), int(port))

    assert targets == {
        item.name: (item.container, item.port) for item in SERVICES if item.port and item.kind != "exchange"
    }
    assert own["static_configs"][0]["targets"] == ["127.0.0.1:9090"]
    assert PROMETHEUS["global"]["scrape_interval"] == PROMETHEUS["global"]["evaluation_interval"] == "15s"


def test_the_address_prometheus_uses_for_the_dashboard_is_an_allowed_host() -> None:
    allowed = CONTAINERS["cdb_dashboard"]["environment"]["ALLOWED_HOSTS"].split(",")

    assert "dashboard" in allowed
    assert "127.0.0.1" in allowed


@by_rule
def test_no_rule_waits_for_a_counter_to_grow_that_may_not_be_there_yet(rule: dict[str, Any]) -> None:
    # A labelled counter starts absent: its first increase is none, and the first ones would be missed.
    assert not re.search(r"\b(increase|rate|irate|changes|delta)\(|_total\b", rule["expr"])


@by_asker
def test_what_a_rule_or_panel_asks_for_is_emitted_with_the_labels_it_names(asker: str) -> None:
    expression = expressions()[asker]
    ours = [(name, labels) for name, labels in asked(expression) if not OWN.fullmatch(name)]
    known = {label for name, _ in ours for label in emitted().get(name, frozenset())}

    assert asked(expression)
    for name, labels in ours:
        assert name in emitted(), f"{name} is emitted by nothing"
        assert name not in told_to_nobody(), f"{name} is counted where no scrape sees it"
        assert labels <= emitted()[name] | ADDED, name
    assert not ours or groupings(expression) <= known | ADDED


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('max by (kind) (cdb_x{a="1", b=~"2"}) > 0', ["cdb_x"]),
        ("histogram_quantile(0.95, sum by (le) (rate(cdb_y_bucket[1m])))", ["cdb_y_bucket"]),
        ('sum(rate(a_total[1m])) * 60 or 0 * max(up{service="rest"})', ["a_total", "up"]),
        ("a_total / on (job) group_left (x) b_total unless absent(c)", ["a_total", "b_total", "c"]),
    ],
)
def test_the_names_in_an_expression_are_found(expression: str, names: list[str]) -> None:
    assert [name for name, _ in asked(expression)] == names


def test_a_metric_that_nothing_emits_would_be_found_out() -> None:
    assert "cdb_trading_state" in emitted() and "cdb_signals_received_total" in emitted()
    assert "cdb_batches_of_gold_total" not in emitted()
    assert "cdb_bus_stream_bytes" in told_to_nobody()


def test_every_metric_of_the_risk_manager_is_drawn() -> None:
    told = set(re.findall(r'"(cdb_\w+)"', (ROOT / "risk/metrics.py").read_text()))
    drawn = " ".join(expressions().values())

    assert len(told) >= 9
    assert {metric for metric in told if metric not in drawn} == set()


@by_rule
def test_a_rule_says_what_is_wrong_how_bad_it_is_and_where_it_is_told_what_to_do(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")

    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert anchor == rule["alert"].lower()
    assert anchor in anchors_of(ROOT / page), f"{page} has no paragraph on {rule['alert']}"


def test_the_paragraphs_on_alerts_are_those_of_the_rules_in_their_order() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    told = page.partition("\n## Alerts of Prometheus\n")[2].partition("\n## ")[0]

    assert re.findall(r"^### (\w+)$", told, re.MULTILINE) == [rule["alert"] for rule in RULES]
    assert len({rule["alert"] for rule in RULES}) == len(RULES) >= 21


@by_rule
def test_a_rule_is_tried_firing_and_not_firing(rule: dict[str, Any]) -> None:
    tried = [
        case for group in CASES["tests"] for case in group["alert_rule_test"] if case["alertname"] == rule["alert"]
    ]

    assert sorted(bool(case["exp_alerts"]) for case in tried) == [False, True]


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="NOT RUN: promtool is not installed (apt-get install prometheus)"
)
def test_promtool_finds_every_rule_firing_and_not_firing_as_written() -> None:
    for words in (["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run(["promtool", *words], cwd=ROOT / "backoffice/prometheus", capture_output=True, text=True)

        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", grafana_dashboards.DASHBOARDS)
def test_a_dashboard_is_as_the_table_writes_it(name: str) -> None:
    stored = (grafana_dashboards.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    panels = json.loads(stored)["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}

    assert stored == grafana_dashboards.text_of(name)
    assert len(places) == len(panels) == len({panel["title"] for panel in panels})


def test_grafana_is_provisioned_with_the_four_dashboards_and_one_source_that_every_panel_names() -> None:
    provisioning = ROOT / "backoffice/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/files.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in CONTAINERS["cdb_grafana"]["volumes"]]

    assert {path.stem for path in grafana_dashboards.FOLDER.iterdir()} == {"pipeline", "risk", "execution", "system"}
    assert source["uid"] == grafana_dashboards.SOURCE["uid"]
    assert source["jsonData"]["timeInterval"] == PROMETHEUS["global"]["scrape_interval"]
    assert provider["options"]["path"] in mounted
    assert source["url"] == "http://cdb_prometheus:9090"
