"""Crashes: the main process of each container is killed; each comes back by itself, and trading goes on."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable, Iterator
from functools import partial

from cdb_site.clock import SYSTEM
from proofs.containers.commands import output, run
from proofs.containers.project import Project
from proofs.containers.promises import get
from proofs.rig.waiting import Unmet, expect, pause, wait_for

BACK_S, WELL_S, FILL_S = 60.0, 240.0, 240.0
# `docker kill` counts as stopping by hand, after which `unless-stopped` leaves a container down; a crash does not. The
# first process is docker's own, which cannot be killed from inside: its child is the service.
CRASH = r"""for p in /proc/[0-9]*; do read -r line < $p/stat || continue; set -- ${line##*) }
[ "$2" = 1 ] && kill -9 ${p#/proc/} && exit 0; done; exit 1"""


def kills(project: Project) -> Iterator[tuple[str, Callable[[], str]]]:
    """(Sentence, question) of each container."""
    for name in sorted(set(project.config) - {"cdb_migrate"} - set(project.without)):
        sentence = f"{name} comes back after its main process was killed, and fills go on"
        yield sentence, partial(_killed, project, name)
    yield "A service that has not reached its servers since its start says so on /health.", partial(_unreached, project)
    yield "The books are right after all that.", lambda: project.manage("audit_books").splitlines()[-1]


def _killed(project: Project, name: str) -> str:
    restarts, fills = project.inspect(name)["RestartCount"], project.fills
    started_s = SYSTEM.monotonic_s()
    run("docker", "exec", name, "sh", "-c", CRASH, check=False)

    def back() -> bool:
        found = project.inspect(name)
        return bool(found["RestartCount"] > restarts and found["State"]["Running"])

    wait_for(back, f"{name}", BACK_S)
    back_s = SYSTEM.monotonic_s() - started_s
    wait_for(partial(_is_healthy, project, name), f"health of {name}", WELL_S)
    well_s = SYSTEM.monotonic_s() - started_s
    wait_for(lambda: project.fills > fills, f"a fill after {fills}", FILL_S)
    return f"back in {back_s:.1f} s, healthy in {well_s:.1f} s"


def _is_healthy(project: Project, name: str) -> bool:
    return project.health(name) == "healthy"


def _unreached(project: Project) -> str:
    """The risk manager is started while nobody answers it."""
    output("docker", "pause", "cdb_redis", "cdb_postgres")
    try:
        output("docker", "restart", "--time", "5", "cdb_risk")
        return _refuses(project.port("cdb_risk"))
    finally:
        output("docker", "unpause", "cdb_redis", "cdb_postgres")
        # Of a paused one its health is found bad, and good again only with its next check.
        for name in ("cdb_redis", "cdb_postgres", "cdb_risk"):
            wait_for(partial(_is_healthy, project, name), f"health of {name}", WELL_S)


def _refuses(port: int) -> str:
    """Its first answer, and that it stays: a service that is not there yet does not count."""
    said, first_s = "", 0.0
    deadline_s = SYSTEM.monotonic_s() + WELL_S
    while SYSTEM.monotonic_s() < deadline_s:
        try:
            expect(get(port, "/health")[0] != 200, "200, and no loop has turned")
        except urllib.error.HTTPError as problem:
            said, first_s = f"{problem.code}", first_s or SYSTEM.monotonic_s()
            if SYSTEM.monotonic_s() - first_s > 10:
                return said
        except OSError:
            pass
        pause(1)
    raise Unmet(said or "no answer at all")
