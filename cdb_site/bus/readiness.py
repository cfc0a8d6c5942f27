"""What a service does before its first work: steps, in order, while it stands at its door and lets nothing through.

`@prepares(service, name)` makes a function one of them. It is called until it says that it is done, with pauses; what
it raises is a reason to try again. Until the last is done `is_ready` says no, and /health says "RECOVERING" with how
far it is. A process that hosts no service, such as a command, is always ready.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import close_old_connections
from prometheus_client import Gauge

from cdb_site.bus.runtime import Runtime

log = logging.getLogger(__name__)
RECOVERING = Gauge("cdb_service_recovering", "1 while the service prepares and lets nothing through", ["service"])
AGAIN_S, AGAIN_MAX_S = 0.1, 2.0

Preparation = Callable[[Runtime], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparingStep:
    """One thing to be done first; lower numbers come before higher ones."""

    order: int
    name: str
    work: Preparation


_steps: dict[str, list[PreparingStep]] = {}
_unready: set[str] = set()


def prepares(service: str, name: str, *, order: int) -> Callable[[Preparation], Preparation]:
    """The decorated function says True when its part is done."""

    def register(work: Preparation) -> Preparation:
        known = [step for step in _steps.get(service, []) if step.name != name]
        added = PreparingStep(order=order, name=name, work=work)
        _steps[service] = sorted([*known, added], key=lambda step: step.order)
        return work

    return register


def steps_of(service: str) -> Sequence[PreparingStep]:
    return _steps.get(service, ())


def is_ready(service: str) -> bool:
    """Whether the service may work here: it has prepared, or is none that this process hosts."""
    return service not in _unready


def shut(services: Sequence[str]) -> None:
    """Say once, at the start of a worker, that these have not prepared yet."""
    _unready.update(service for service in services if steps_of(service))


class Preparing:
    """Hosted by every service that has such steps; ends with the last of them, and then has nothing to do."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self) -> None:
        name = self.runtime.service.name
        if not is_ready(name):
            RECOVERING.labels(name).set(1)
            steps = steps_of(name)
            for number, step in enumerate(steps, 1):
                if not self._done(step, f"{step.name}, step {number} of {len(steps)}"):
                    return
            _unready.discard(name)
            self.runtime.progress.recovering = ""
            log.info("%s has recovered and works, %.1f s after its start", name, self.runtime.progress.up_s)
        RECOVERING.labels(name).set(0)
        self.runtime.progress.turned("preparing")
        self.runtime.progress.forget("preparing")
        self.runtime.stopping.wait()

    def _done(self, step: PreparingStep, where: str) -> bool:
        """Try until it is; False when the service is to stop."""
        pause_s, said = AGAIN_S, ""
        self.runtime.progress.recovering = where
        while True:
            try:
                if step.work(self.runtime):
                    return True
                problem = ""
            except Exception as reason:
                problem = f"{type(reason).__name__}: {reason}".strip()
                close_old_connections()
            if problem and problem != said:
                log.warning("recovering: %s: %s; tried again until it is done", where, problem)
            said = problem
            self.runtime.progress.recovering = f"{where}: {problem}"[:300] if problem else where
            self.runtime.progress.turned("preparing")
            if self.runtime.pause(pause_s):
                return False
            pause_s = min(pause_s * 2, AGAIN_MAX_S)
