"""What a running service hands to its parts: who it is, its clock, when to stop, and where to report progress."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from cdb_site.clock import SYSTEM, Clock
from cdb_site.env import Environment
from cdb_site.services import Service

LOOP_LIMIT_S = 5.0


class Progress:
    """When each loop of the process last turned, and what its parts complain of.

    A loop that has not turned for 5 s, or not yet, makes the service unhealthy, and so does a complaint while it lasts:
    a loop may turn well and have nothing to show for it.
    """

    def __init__(self) -> None:
        self._turned_at: dict[str, float] = {}
        self._awaited: set[str] = set()
        self._complaints: dict[str, str] = {}
        self._facts: dict[str, object] = {}
        self._started_at = SYSTEM.monotonic_s()
        self.processed = 0
        self.lag = 0
        self.previous_lag = 0
        self.recovering = ""
        """What the service has to do before its first work, and how far it is; empty when it has."""

    def expect(self, part: str) -> None:
        """The thread of this name is about to start: until a loop turns in it the service is not well."""
        self._awaited.add(part)

    def turned(self, loop: str) -> None:
        self._turned_at[loop] = SYSTEM.monotonic_s()
        self._awaited.discard(threading.current_thread().name)

    @property
    def awaited(self) -> list[str]:
        """Parts none of whose loops has turned since the start."""
        return sorted(self._awaited.copy())

    def forget(self, loop: str) -> None:
        self._turned_at.pop(loop, None)

    def complain(self, about: str, reason: str) -> None:
        """The part is not well, in words for an operator, until `content`."""
        self._complaints[about] = reason

    def content(self, about: str) -> None:
        self._complaints.pop(about, None)

    @property
    def complaints(self) -> list[str]:
        return list(self._complaints.copy().values())

    def tell(self, name: str, value: object) -> None:
        """A fact that /health shows besides, as JSON."""
        self._facts[name] = value

    @property
    def facts(self) -> dict[str, object]:
        return self._facts.copy()

    @property
    def up_s(self) -> float:
        """Seconds since the service was started."""
        return SYSTEM.monotonic_s() - self._started_at

    def measured_lag(self, lag: int) -> None:
        self.previous_lag, self.lag = self.lag, lag

    def slowest(self) -> tuple[str, float]:
        """(name, age in s) of the loop that has not turned for longest."""
        turned = dict(self._turned_at) or {"start": self._started_at}
        name = min(turned, key=turned.__getitem__)
        return name, SYSTEM.monotonic_s() - turned[name]

    @property
    def keeping_up(self) -> bool:
        return self.lag == 0 or self.lag < max(self.previous_lag, 200)

    @property
    def reason(self) -> str | None:
        """Why the service is not well, in words; None when it is."""
        loop, age_s = self.slowest()
        if self.recovering:
            return f"recovering: {self.recovering}"
        if self._awaited:
            return f"{', '.join(self.awaited)} has not turned yet"
        if age_s > LOOP_LIMIT_S:
            return f"loop {loop} has not turned for {age_s:.1f} s"
        if not self.keeping_up:
            return f"the backlog grew from {self.previous_lag} to {self.lag}"
        return "; ".join(self.complaints) or None

    @property
    def status(self) -> str:
        """OK, RECOVERING or FAILING."""
        if self.recovering:
            return "RECOVERING"
        return "OK" if self.reason is None else "FAILING"

    @property
    def healthy(self) -> bool:
        """Every part has turned and still does, the backlog is empty or falling, and no part complains."""
        return self.reason is None


@dataclass(kw_only=True)
class Runtime:
    """One service in this process."""

    service: Service
    environment: Environment
    instance: str
    together: tuple[str, ...] = ()
    """Names of all services that this process hosts; empty means this one alone."""
    clock: Clock = SYSTEM
    stopping: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)

    def pause(self, seconds: float) -> bool:
        """Wait; True when the service is to stop."""
        return self.stopping.wait(seconds)
