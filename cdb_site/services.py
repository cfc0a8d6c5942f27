"""The one service table: every process of the system, its port, what it hosts and what it reads.

The local supervisor, the health ports, Prometheus' targets and the test of `docker-compose.yml` are all driven
by it. A Celery worker is started as `celery -A celery_app worker --service NAME`; what differs between workers is
the bootstep's parts named here: `hosts` (sockets, pollers, clock jobs) and the topics it consumes, which are
declared where the tasks are (`@consumes`). One worker may host several of them (`Lane`), each as itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process. `port` serves /health and /metrics; None: seen through the health topic alone."""

    name: str
    container: str
    title: str
    title_de: str = ""
    kind: Literal["worker", "web", "exchange"]
    port: int | None
    hosts: tuple[str, ...] = ()
    stop_grace_s: int = 15
    modes: tuple[str, ...] = ("demo", "run")

    def command(self, python: str, port: int | None) -> list[str]:
        """The command line that runs this service; `port` may be a shifted one."""
        if self.kind == "worker":
            return worker_command(python, [self.name], self.name)
        if self.kind == "web":
            return [python, "manage.py", "run_dashboard", "--port", str(port)]
        return [python, "manage.py", "run_mexc_sim", "--port", str(port)]

    @property
    def members(self) -> tuple[Service, ...]:
        """The rows of the table that its process is: itself."""
        return (self,)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One worker process that hosts several rows of the table. Each keeps its name, port, health and heartbeat, and
    takes over in line what the one before it says (`docs/lane.md`)."""

    members: tuple[Service, ...]
    name: str = "lane"
    port: int | None = None

    @property
    def stop_grace_s(self) -> int:
        return max(member.stop_grace_s for member in self.members)

    @property
    def modes(self) -> tuple[str, ...]:
        return self.members[0].modes

    def command(self, python: str, port: int | None) -> list[str]:
        """The command line of the worker; the ports of its members are in its environment."""
        return worker_command(python, [member.name for member in self.members], self.name)


def worker_command(python: str, names: Sequence[str], node: str) -> list[str]:
    """A Celery worker that hosts these services, each with its queue."""
    lean = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    hosted = [word for name in names for word in ("--service", name)]
    options = ["-P", "solo", *lean, *hosted, "-Q", ",".join(names), "-n", f"{node}@%h"]
    return [python, "-m", "celery", "-q", "-A", "celery_app", "worker", *options]


SERVICES = (
    Service(
        name="mexc_sim",
        container="cdb_mexc_sim",
        title="Simulated exchange",
        title_de="Simulierte Börse",
        kind="exchange",
        port=8010,
        modes=("demo",),
    ),
    Service(
        name="ws",
        container="cdb_ws",
        title="WS screener",
        title_de="WS-Screener",
        kind="worker",
        port=8000,
        hosts=("marketdata.screeners.ws.screener.WsScreener",),
    ),
    Service(
        name="rest",
        container="cdb_rest",
        title="REST screener",
        title_de="REST-Screener",
        kind="worker",
        port=8080,
        hosts=("marketdata.screeners.rest.screener.RestScreener", "cdb_site.health.levels.ServerLevels"),
    ),
    Service(
        name="signal",
        container="cdb_signal",
        title="Signal engine",
        title_de="Signal Engine",
        kind="worker",
        port=8001,
        hosts=("signals_app.engine.CrossSectionTimer",),
    ),
    Service(
        name="risk",
        container="cdb_risk",
        title="Risk manager",
        title_de="Risikomanager",
        kind="worker",
        port=8002,
        hosts=(
            "risk.watch.watcher.PortfolioWatcher",
            "cdb_site.health.service_watch.ServiceWatch",
            "risk.tape.writer.TapeWriter",
        ),
    ),
    Service(
        name="execution",
        container="cdb_execution",
        title="Execution",
        title_de="Ausführung",
        kind="worker",
        port=8003,
        hosts=(
            "execution.order_sweeper.OrderSweeper",
            "execution.lease_keeper.LeaseKeeper",
            "execution.mode_keeper.ModeKeeper",
            "execution.reconciler.Reconciler",
        ),
    ),
    Service(
        name="signal_gen",
        container="cdb_signal_gen",
        title="Signal generator",
        title_de="Signalgenerator",
        kind="worker",
        port=None,
        hosts=(
            "cdb_site.bus.beat.Beat",
            "cdb_site.bus.relay.Relay",
            "cdb_site.bus.trimming.StreamTrimmer",
            "cdb_site.health.service_watch.ServiceWatch",
            "signals_app.ranking_clock.RankingClock",
            "risk.audit_watch.AuditWatch",
            "notifications.sender.NotificationSender",
            "notifications.telegram.poller.TelegramCommands",
            "replay.runner.ReplayRunner",
        ),
    ),
    Service(
        name="dashboard",
        container="cdb_dashboard",
        title="Dashboard V5",
        title_de="Dashboard V5",
        kind="web",
        port=8004,
    ),
)


HANDED_ON = ("signal", "risk", "execution")


def in_one_lane(services: Sequence[Service]) -> tuple[Service | Lane, ...]:
    """These services with those of `HANDED_ON` in one process, where the first of them stood; unchanged without one."""
    lane = Lane(members=tuple(item for item in services if item.name in HANDED_ON))
    if len(lane.members) < len(HANDED_ON):
        return tuple(services)
    return tuple(
        lane if item is lane.members[0] else item
        for item in services
        if item is lane.members[0] or item not in lane.members
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
