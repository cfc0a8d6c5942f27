"""Grafana's four dashboards, from one table: `python3 backoffice/automation/grafana_dashboards.py` writes the files.

A panel is a title, what it shows in a sentence, a unit, and its queries with their legends. A test compares the files
to what is written here, and every query to the metrics that the code emits where Prometheus asks for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "cdb-prometheus"}
WIDTH, HEIGHT, PER_ROW = 8, 8, 3


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture. `queries`: legend → expression."""

    title: str
    says: str
    unit: str = "short"
    queries: dict[str, str]
    kind: str = "timeseries"


def per_minute(metric: str, by: str, service: str) -> str:
    """A counter's events per minute. One that has counted nothing yet has no series: 0 while its service is up."""
    return f'sum by ({by}) (rate({metric}[1m])) * 60 or 0 * max(up{{service="{service}"}})'


def p95(metric: str, by: str = "") -> str:
    return f"histogram_quantile(0.95, sum by (le{by and f', {by}'}) (rate({metric}_bucket[1m])))"


PIPELINE = (
    Panel(
        title="Received = decided",
        says="Signals handed to the risk manager and decisions on signals, since its start. One line: the lower hides.",
        queries={
            "received": 'sum(cdb_signals_received_total{service="risk"})',
            "decided": 'sum(cdb_decisions_total{service="risk", kind="SIGNAL"})',
        },
    ),
    Panel(
        title="Signals without a decision",
        says="Older than the grace. Must be 0.",
        kind="stat",
        queries={"undecided": 'max(cdb_signals_unaccounted{service="risk"})'},
    ),
    Panel(
        title="Feed age",
        says="Wall seconds since the last market data of any kind.",
        unit="s",
        queries={
            "feed": 'cdb_feed_age_seconds{service="ws"}',
            "worst symbol": 'max(cdb_quote_age_seconds{service="ws"})',
        },
    ),
    Panel(
        title="Candles stored per minute",
        says="Closed candles stored for the first time, by where they came from.",
        queries={"{{source}}": per_minute("cdb_candles_stored_total", "source", "ws")},
    ),
    Panel(
        title="Signals per minute",
        says="What the signal engine emitted.",
        queries={"{{side}}": per_minute("cdb_signals_total", "side", "signal")},
    ),
    Panel(
        title="Decisions per minute",
        says="Approved, trimmed, rejected, expired.",
        queries={"{{outcome}}": per_minute("cdb_decisions_total", "outcome", "risk")},
    ),
    Panel(
        title="Backlog",
        says="Stream entries that a service has not yet acknowledged.",
        queries={"{{service}} on {{topic}}": "sum by (service, topic) (cdb_bus_lag_entries)"},
    ),
    Panel(
        title="Batch time, p95",
        says="One micro-batch of a consumer, commit and publish included.",
        unit="s",
        queries={"{{topic}}": p95("cdb_bus_batch_seconds", "topic")},
    ),
    Panel(
        title="Evaluation and decision time, p95",
        says="One cross-section; one batch of decisions under the account's lock.",
        unit="s",
        queries={"evaluation": p95("cdb_evaluation_seconds"), "decision batch": p95("cdb_decision_batch_seconds")},
    ),
)
RISK = (
    Panel(
        title="Trading state",
        says="1 for the state that holds.",
        queries={"{{state}}": "max by (state) (cdb_trading_state)"},
    ),
    Panel(
        title="Distance to limits",
        says="1: untouched, 0: at the limit.",
        unit="percentunit",
        queries={"{{limit}}": "min by (limit) (cdb_limit_distance_ratio)"},
    ),
    Panel(
        title="Open breakers",
        says="Circuit breakers of layer 2, by kind.",
        queries={"{{kind}}": "max by (kind) (cdb_breakers_open)"},
    ),
    Panel(
        title="Exposure and losses",
        says="Fractions of equity: positions with open buys, the UTC day's loss, the fall from the peak of 24 hours.",
        unit="percentunit",
        queries={
            "exposure": 'cdb_exposure_ratio{service="risk"}',
            "day's loss": 'cdb_drawdown_day_ratio{service="risk"}',
            "drawdown": 'cdb_drawdown_peak_ratio{service="risk"}',
        },
    ),
    Panel(
        title="Verdicts per minute",
        says="What each layer said.",
        queries={"{{layer}} {{verdict}}": per_minute("cdb_decisions_by_layer_total", "layer, verdict", "risk")},
    ),
    Panel(
        title="Price age",
        says="Of the oldest price of a held symbol; and, p95, of prices that entries were decided on.",
        unit="s",
        queries={
            "held": 'cdb_price_age_seconds{service="risk"}',
            "decided on": p95("cdb_decision_price_age_seconds"),
        },
    ),
    Panel(
        title="Books: rows that break an invariant",
        says="At the last audit. Must be 0; more halts trading.",
        kind="stat",
        queries={"violations": 'max(cdb_audit_violations{service="risk"})'},
    ),
    Panel(
        title="Age of the last audit",
        says="Once a minute is due.",
        unit="s",
        queries={"age": 'cdb_audit_age_seconds{service="dashboard"}'},
    ),
    Panel(
        title="Breakers opened per minute",
        says="By kind.",
        queries={"{{kind}}": per_minute("cdb_breakers_opened_total", "kind", "risk")},
    ),
)
EXECUTION = (
    Panel(
        title="Fills per minute",
        says="Booked, by side.",
        queries={"{{side}}": per_minute("cdb_fills_total", "side", "execution")},
    ),
    Panel(
        title="Orders closed per minute",
        says="By the state they ended in.",
        queries={"{{state}}": per_minute("cdb_orders_closed_total", "state", "execution")},
    ),
    Panel(
        title="Entries expired",
        says="Waited past their deadline and were never sent.",
        queries={"expired": 'sum(cdb_orders_expired_total{service="execution"})'},
    ),
    Panel(
        title="Exits tried again per minute",
        says="Attempts after the first, by kind.",
        queries={"{{kind}}": per_minute("cdb_exit_attempts_total", "kind", "risk")},
    ),
    Panel(
        title="Exits given up per minute",
        says="A position that could not be sold; each raises an alert.",
        queries={"{{why}}": per_minute("cdb_exits_given_up_total", "why", "risk")},
    ),
    Panel(
        title="Time to flat",
        says="How long the last close-out took until nothing was held; 0 without one.",
        unit="s",
        queries={"time to flat": 'max(cdb_time_to_flat_seconds{service="risk"})'},
    ),
    Panel(
        title="Found after a crash per minute",
        says="Orders without an answer, by how they were settled.",
        queries={"{{how}}": per_minute("cdb_orders_recovered_total", "how", "execution")},
    ),
    Panel(
        title="Answers in quarantine",
        says="Answers of the venue that could not be booked, since the start.",
        queries={"quarantined": 'sum(cdb_answers_quarantined_total{service="execution"})'},
    ),
)
SYSTEM = (
    Panel(
        title="Services that answer",
        says="1 while /metrics answers; Prometheus itself included.",
        queries={"{{service}}{{job}}": "up"},
    ),
    Panel(
        title="Heartbeat age",
        says="Wall seconds since each service's last heartbeat, the clock included. A healthy one stays below 2 s.",
        unit="s",
        queries={"{{service}}": "cdb_service_heartbeat_age_seconds"},
    ),
    Panel(
        title="Servers that answer",
        says="PostgreSQL and Redis, as the REST screener sees them.",
        queries={"{{server}}": 'cdb_server_answers{service="rest"}'},
    ),
    Panel(
        title="Memory",
        says="Resident, by process.",
        unit="bytes",
        queries={"{{service}}{{job}}": "process_resident_memory_bytes"},
    ),
    Panel(
        title="Processor",
        says="Share of one core, by process.",
        unit="percentunit",
        queries={"{{service}}{{job}}": "rate(process_cpu_seconds_total[1m])"},
    ),
    Panel(
        title="Time of a scrape",
        says="What asking costs.",
        unit="s",
        queries={"{{service}}{{job}}": "scrape_duration_seconds"},
    ),
    Panel(
        title="Outbox age",
        says="How long the oldest unsent transaction waits.",
        unit="s",
        queries={"oldest": 'cdb_outbox_age_seconds{service="rest"}'},
    ),
    Panel(
        title="Dead letters",
        says="Messages that were given up and wait for somebody.",
        kind="stat",
        queries={"open": 'cdb_dead_letters_open{service="rest"}'},
    ),
    Panel(
        title="Room",
        says="Free share of the disk; used share of Redis' memory.",
        unit="percentunit",
        queries={
            "disk free": 'cdb_disk_free_ratio{service="rest"}',
            "Redis used": 'cdb_redis_memory_ratio{service="rest"}',
        },
    ),
    Panel(
        title="Parts started again per minute",
        says="Parts of a process that failed, by name.",
        queries={"{{part}}": per_minute("cdb_part_failures_total", "part", "rest")},
    ),
    Panel(
        title="Exchange: requests per minute",
        says="Of the REST API, by outcome.",
        queries={"{{outcome}}": per_minute("cdb_rest_requests_total", "outcome", "rest")},
    ),
    Panel(
        title="Screens",
        says="Pages whose socket is open.",
        queries={"open": 'cdb_dashboard_sockets{service="dashboard"}'},
    ),
)
DASHBOARDS = {"pipeline": PIPELINE, "risk": RISK, "execution": EXECUTION, "system": SYSTEM}


def panel_as_json(panel: Panel, number: int) -> dict[str, Any]:
    """What Grafana needs of a panel; the rest is its default."""
    place = {"x": number % PER_ROW * WIDTH, "y": number // PER_ROW * HEIGHT, "w": WIDTH, "h": HEIGHT}
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for place, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def text_of(name: str) -> str:
    """The file of one dashboard: its head, then a line a panel."""
    head = {
        "id": None, "uid": f"cdb-{name}", "title": f"Claire de Binaire: {name}", "tags": ["cdb"], "timezone": "utc",
        "schemaVersion": 39, "version": 1, "refresh": "15s", "time": {"from": "now-1h", "to": "now"}, "editable": False,
        "links": [{"type": "dashboards", "title": "others", "tags": ["cdb"], "asDropdown": False}],
    }  # fmt: skip
    panels = [json.dumps(panel_as_json(panel, number)) for number, panel in enumerate(DASHBOARDS[name])]
    return json.dumps(head)[:-1] + ',\n"panels": [\n' + ",\n".join(panels) + "\n]}\n"


def main() -> None:
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
