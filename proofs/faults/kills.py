"""Services killed: at random while they work, and at the crash points they pass."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cdb_site.clock import SYSTEM
from cdb_site.local.children import Child, Process
from cdb_site.local.system import System
from proofs.rig.waiting import Unmet, pause, say

CHAIN = ("signal", "risk", "execution")
CHAIN_SHARE = 3
# Of a process that hosts the whole chain: as often as of the three together.
LANE_SHARE = CHAIN_SHARE * len(CHAIN)
COMMITS = ("before_commit", "after_commit", "after_publish")
ACKS = ("before_ack", "after_ack")
# Each service dies at its points, those of a round side by side.
APART = {name: (*COMMITS, *ACKS, *(("before_send", "after_send") if name == "execution" else ())) for name in CHAIN}
# In one process the signal's transaction holds decisions and claimed orders (T1), the execution's the fills (T2).
IN_LANE = {"signal": (*COMMITS, *ACKS), "execution": ("before_send", "after_send", *COMMITS)}
LANE = "lane"
UP_S = 6.0
CRASH_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A service that died, and when (seconds since the epoch)."""

    service: str
    at_s: float
    at_crash_point: bool = False


class Killer:
    """Kills services of a system and remembers which."""

    def __init__(self, system: System, chance: random.Random) -> None:
        self.system, self.random = system, chance
        self.victims = [child.name for child in system.children for _ in range(_share(child.name))]
        self.kills: list[Kill] = []
        self.crash_points = 0

    def kill_one(self) -> None:
        """SIGKILL to a random service that is at work, so that what dies is never just the start of Python."""
        while True:
            name = self.random.choice(self.victims)
            child = self.system.process(name)
            if self._at_work(child):
                child.kill()
                self.kills.append(Kill(service=name, at_s=SYSTEM.wall_s()))
                return
            pause(0.1)

    def _at_work(self, child: Child) -> bool:
        if child.port is None:
            return child.pid is not None and SYSTEM.monotonic_s() - child.pause.started_s > UP_S
        return child.pid is not None and all(self.system.health(name)[0] == 200 for name in child.ports)

    def crash_at_points(self) -> None:
        """Every service of the chain dies once at each crash point it passes; in processes of their own side by side.

        All workers of a service are armed: the first that comes there dies.
        """
        together = any(child.name == LANE for child in self.system.children)
        for round_ in _one_by_one(IN_LANE) if together else _side_by_side(APART):
            problems: list[str] = []
            threads = [
                threading.Thread(target=self._crash, args=(name, point, self.random.randint(1, 3), problems))
                for name, point in round_
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if problems:
                raise Unmet("; ".join(problems))
            self.crash_points += len(round_)
            say(f"crash points passed: {', '.join(f'{name} {point}' for name, point in round_)}")

    def crash(self, name: str, point: str) -> None:
        """A worker of this service dies the next time it comes to the point. Raises Unmet when none does."""
        problems: list[str] = []
        self._crash(name, point, 1, problems)
        if problems:
            raise Unmet("; ".join(problems))
        self.crash_points += 1

    def _crash(self, name: str, point: str, count: int, problems: list[str]) -> None:
        """Kill the workers of a service, let them come back armed, disarm their successors, wait for one to end."""
        children = [child for child in self.system.children if name in map(service_of, child.services)]
        for child in children:
            child.env["CDB_CRASH_POINT"] = f"{name}:{point}:{count}"
        armed = {child: self._next_process(child) for child in children}
        for child in children:
            child.env.pop("CDB_CRASH_POINT")
        died = self._first_ended(armed)
        if died is None:
            problems.append(f"{name} never passed {point}")
            return
        if (returncode := armed[died].returncode) != -signal.SIGKILL:
            problems.append(f"{died.name} ended with {returncode} instead of dying at {point}")
        self.kills.append(Kill(service=name, at_s=SYSTEM.wall_s(), at_crash_point=True))
        for child, process in armed.items():
            if child is not died and child.popen is process:
                child.kill()
            with suppress(Unmet):
                self._await_other(child, process)

    def _first_ended(self, armed: dict[Child, Process]) -> Child | None:
        deadline_s = SYSTEM.monotonic_s() + CRASH_TIMEOUT_S
        while SYSTEM.monotonic_s() < deadline_s:
            for child, process in armed.items():
                if process.poll() is not None:
                    return child
            pause(0.05)
        return None

    def _next_process(self, child: Child) -> Process:
        before = child.popen
        child.kill()
        return self._await_other(child, before)

    def _await_other(self, child: Child, before: Process | None) -> Process:
        deadline_s = SYSTEM.monotonic_s() + 20
        while child.popen is before or child.popen is None:
            if SYSTEM.monotonic_s() > deadline_s:
                raise Unmet(f"{child.name} was not started again")
            pause(0.02)
        return child.popen


def service_of(worker: str) -> str:
    """The service a worker works for: `risk` and its twin `risk_2` are both the risk manager."""
    return worker.removesuffix("_2")


def _share(worker: str) -> int:
    """How often among the victims: the chain is what there is to lose."""
    return {LANE: LANE_SHARE, **dict.fromkeys(CHAIN, CHAIN_SHARE)}.get(service_of(worker), 1)


def _side_by_side(points: Mapping[str, Sequence[str]]) -> list[list[tuple[str, str]]]:
    """The first point of each service together, then the second of each, …"""
    most = max(map(len, points.values()))
    return [[(name, each[number]) for name, each in points.items() if number < len(each)] for number in range(most)]


def _one_by_one(points: Mapping[str, Sequence[str]]) -> list[list[tuple[str, str]]]:
    return [[(name, point)] for name, each in points.items() for point in each]
