"""The one service table: every process of the system, its port, what it hosts and what it reads.

The local supervisor, the health ports, Prometheus' targets and the test of `docker-compose.yml` are all driven
by it. A Celery worker is started as `celery -A celery_app worker --service NAME`; what differs between workers is
the bootstep's parts named here: `hosts` (sockets, pollers, clock jobs) and the topics it consumes, which are
declared where the tasks are (`@consumes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process. `port` serves /health and /metrics; None: seen through the health topic alone."""

    name: str
    container: str
    title: str
    kind: Literal["worker", "web", "exchange"]
    port: int | None
    hosts: tuple[str, ...] = ()
    stop_grace_s: int = 15
    modes: tuple[str, ...] = ("demo", "run")

    def command(self, python: str, port: int | None) -> list[str]:
        """The command line that runs this service; `port` may be a shifted one."""
        if self.kind == "worker":
            lean = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
            options = ["-P", "solo", *lean, "--service", self.name, "-Q", self.name]
            return [python, "-m", "celery", "-q", "-A", "celery_app", "worker", *options, "-n", f"{self.name}@%h"]
        if self.kind == "web":
            return [python, "manage.py", "run_dashboard", "--port", str(port)]
        return [python, "manage.py", "run_mexc_sim", "--port", str(port)]


SERVICES = (
    Service(
        name="mexc_sim",
        container="cdb_mexc_sim",
        title="Simulated exchange",
        kind="exchange",
        port=8010,
        modes=("demo",),
    ),
    Service(
        name="ws",
        container="cdb_ws",
        title="WS screener",
        kind="worker",
        port=8000,
        hosts=("marketdata.screeners.ws.screener.WsScreener",),
    ),
    Service(
        name="rest",
        container="cdb_rest",
        title="REST screener",
        kind="worker",
        port=8080,
        hosts=("marketdata.screeners.rest.screener.RestScreener",),
    ),
    Service(
        name="signal",
        container="cdb_signal",
        title="Signal engine",
        kind="worker",
        port=8001,
        hosts=("signals_app.engine.CrossSectionTimer",),
    ),
    Service(
        name="risk",
        container="cdb_risk",
        title="Risk manager",
        kind="worker",
        port=8002,
        hosts=("risk.watch.watcher.PortfolioWatcher", "cdb_site.health.service_watch.ServiceWatch"),
    ),
    Service(
        name="execution",
        container="cdb_execution",
        title="Execution",
        kind="worker",
        port=8003,
        hosts=("execution.order_sweeper.OrderSweeper", "execution.lease_keeper.LeaseKeeper"),
    ),
    Service(
        name="signal_gen",
        container="cdb_signal_gen",
        title="Signal generator",
        kind="worker",
        port=None,
        hosts=(
            "cdb_site.bus.beat.Beat",
            "cdb_site.bus.relay.Relay",
            "cdb_site.bus.trimming.StreamTrimmer",
            "cdb_site.health.service_watch.ServiceWatch",
            "signals_app.ranking_clock.RankingClock",
            "risk.audit_watch.AuditWatch",
        ),
    ),
    Service(name="dashboard", container="cdb_dashboard", title="Dashboard V5", kind="web", port=8004),
)


@dataclass(frozen=True, kw_only=True)
class Backing:
    """A server that is not ours: host and container port, and how its container reports health."""

    name: str
    container: str
    host_port: int
    container_port: int
    healthcheck: str


BACKINGS = (
    Backing(name="redis", container="cdb_redis", host_port=6380, container_port=6379, healthcheck="redis-cli"),
    Backing(name="postgres", container="cdb_postgres", host_port=5432, container_port=5432, healthcheck="pg_isready"),
    Backing(
        name="prometheus", container="cdb_prometheus", host_port=9090, container_port=9090, healthcheck="/-/healthy"
    ),
    Backing(name="grafana", container="cdb_grafana", host_port=3000, container_port=3000, healthcheck="/api/health"),
)


def service(name: str) -> Service:
    for candidate in SERVICES:
        if candidate.name == name:
            return candidate
    known = ", ".join(item.name for item in SERVICES)
    raise KeyError(f"no service is named {name!r}; known: {known}")
