"""The Celery bootstep that makes a worker a service: consumer groups, tail readers, hosted parts, health.

`-P solo` keeps Celery's own loop in the main thread for the rare queued tasks; each part runs in a thread beside it.
A part that raises is logged and started again with growing pauses (`cdb_site.threads`); a service that cannot work, or
has a part that never turned, fails its /health.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import celery.apps.worker
from celery import bootsteps
from django.conf import settings
from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

from cdb_site.bus import books, crash, lane, readiness, registry, schema
from cdb_site.bus.clock_follower import ClockFollower
from cdb_site.bus.consumer import GroupReader
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.tail import TailReader
from cdb_site.health.heartbeat import Heartbeat
from cdb_site.health.server import HealthServer
from cdb_site.logs import log_what_ends_the_process, say_from_a_signal
from cdb_site.services import SERVICES, Service, service
from cdb_site.threads import keep_running

JOIN_S = 8.0
# A thread that comes back from a socket waits for the interpreter at most this long while another one computes.
THREAD_SWITCH_S = 0.0005


def preload() -> None:
    """Import and compile what any worker may need, so that forks of this process need not."""
    schema.compile_all()
    for row in SERVICES:
        for path in row.hosts:
            import_string(path)


class ServiceStep(bootsteps.StartStopStep):
    """Starts everything the service table says this worker hosts, for one service or for several."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, service: Sequence[str] = (), **options: Any) -> None:
        super().__init__(parent, **options)
        self.names = tuple(service)
        self.enabled = bool(service)
        self.hosted: list[HostedService] = []

    def start(self, parent: Any) -> None:
        log_what_ends_the_process()
        # Celery says that it shuts down by a bare print, which is no line of the log.
        celery.apps.worker.safe_say = say_from_a_signal
        books.check_at_start(settings.ENVIRONMENT.MARKET)
        sys.setswitchinterval(THREAD_SWITCH_S)
        gc.collect()
        gc.freeze()
        lane.host(self.names)
        readiness.shut(self.names)
        for name in self.names:
            crash.arm(name)
        self.hosted = [HostedService(name, self.names) for name in self.names]
        for one in self.hosted:
            one.start()

    def stop(self, parent: Any) -> None:
        for one in self.hosted:
            one.runtime.stopping.set()
        for one in self.hosted:
            one.stop()

    terminate = stop


class HostedService:
    """One service in this process: its health server, and a thread for each of its parts."""

    def __init__(self, name: str, together: tuple[str, ...]) -> None:
        """`together`: the names of all services that the process hosts."""
        environment = settings.ENVIRONMENT
        self.runtime = Runtime(
            service=service(name), environment=environment, instance=environment.INSTANCE, together=together
        )
        self.health = HealthServer(self.runtime)
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        self.health.start()
        for name, target in self._parts(self.runtime.service).items():
            self.runtime.progress.expect(name)
            thread = threading.Thread(target=self._keep_running, args=(name, target), name=name, daemon=True)
            self.threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self.runtime.stopping.set()
        for thread in self.threads:
            thread.join(JOIN_S)
        self.health.stop()

    def _parts(self, hosted: Service) -> dict[str, Callable[[], Callable[[], None]]]:
        """Name → factory of what a thread runs. Factories are called anew after a failure."""
        parts: dict[str, Callable[[], Callable[[], None]]] = {"heartbeat": lambda: Heartbeat(self.runtime).run}
        if hosted.name == self.runtime.together[0]:  # the clock is the process's, and one follows it
            parts["clock"] = lambda: ClockFollower(self.runtime).run
        consumers = registry.consumers_of(hosted.name)
        if consumers:
            parts["consumer"] = lambda: GroupReader(self.runtime, consumers).run
        if readiness.steps_of(hosted.name):
            parts["preparing"] = lambda: readiness.Preparing(self.runtime).run
        readers = registry.readers_of(hosted.name)
        if readers:
            parts["reader"] = lambda: TailReader(self.runtime, readers).run
        for path in hosted.hosts:
            parts[path.rpartition(".")[2]] = self._hosted(path)
        return parts

    def _hosted(self, path: str) -> Callable[[], Callable[[], None]]:
        def factory() -> Callable[[], None]:
            run: Callable[[], None] = import_string(path)(self.runtime).run
            return run

        return factory

    def _keep_running(self, name: str, factory: Callable[[], Callable[[], None]]) -> None:
        keep_running(
            name,
            factory,
            stopping=self.runtime.stopping,
            pause=self.runtime.pause,
            monotonic_s=self.runtime.clock.monotonic_s,
            failed=close_old_connections,
        )
        connections.close_all()
