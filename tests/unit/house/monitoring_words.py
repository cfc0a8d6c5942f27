"""What the code tells Prometheus, and what rules and panels ask for, both as names with their labels."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from backoffice.automation.code_figures import ROOT
from backoffice.automation.grafana_dashboards import DASHBOARDS
from cdb_site.bus import bootstep
from cdb_site.services import SERVICES
from celery_app import app

# Prometheus makes these itself.
OWN = re.compile(r"up|scrape_\w+|prometheus_\w+")
SUFFIXES = {"counter": ("_total", "_created"), "histogram": ("_bucket", "_sum", "_count", "_created"), "gauge": ("",)}
WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})
SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\(|)")
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
# Labels that a target or Prometheus adds.
ADDED = frozenset({"job", "instance", "service", "le"})


@cache
def emitted() -> dict[str, frozenset[str]]:
    """Every series name that a service may tell → the names of its labels."""
    app.loader.import_default_modules()
    bootstep.preload()
    __import__("dashboard.live.process")
    found: dict[str, frozenset[str]] = {}
    for collector in list(REGISTRY._collector_to_names):
        labels = frozenset(getattr(collector, "_labelnames", ()))
        for family in collector.describe() if isinstance(collector, MetricWrapperBase) else collector.collect():
            for suffix in SUFFIXES.get(family.type, ("",)):
                found[family.name + suffix] = labels
    return found


@cache
def told_to_nobody() -> set[str]:
    """Series counted in modules that only services without a port host: no scrape ever sees what they count."""
    seen, unseen = (
        {path.rpartition(".")[0] for row in SERVICES if (row.port is not None) is served for path in row.hosts}
        for served in (True, False)
    )
    sources = [(ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8") for module in unseen - seen]
    return {name for source in sources for name in re.findall(r'"(cdb_\w+)"', source)}


def asked(expression: str) -> list[tuple[str, frozenset[str]]]:
    """(Series, labels that select) of an expression of PromQL."""
    plain = re.sub(r"\[[^\]]*\]", " ", GROUPING.sub(" ", expression))
    return [
        (name, frozenset(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", after)))
        for name, after in SELECTOR.findall(plain)
        if name not in WORDS and after != "("
    ]


def groupings(expression: str) -> set[str]:
    """Labels that an expression groups by."""
    return {label.strip() for _, labels in GROUPING.findall(expression) for label in labels.split(",")}


def rules() -> list[dict[str, Any]]:
    """The alert rules of all groups."""
    read = yaml.safe_load((ROOT / "backoffice/prometheus/rules.yml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def expressions() -> dict[str, str]:
    """Who asks → what."""
    of_rules = {f"rule {rule['alert']}": rule["expr"] for rule in rules()}
    of_panels = {
        f"{name}: {panel.title}, {legend}": expression
        for name, panels in DASHBOARDS.items()
        for panel in panels
        for legend, expression in panel.queries.items()
    }
    return of_rules | of_panels
