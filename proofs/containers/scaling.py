"""Further workers: each is a consumer of its own, and the others go on without the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from proofs.containers.commands import output
from proofs.containers.kills import FILL_S, WELL_S
from proofs.containers.project import Project
from proofs.rig.waiting import expect, wait_for

# All consumers of all groups of all streams; the password stays inside.
CONSUMERS = r"""export REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
ask() { redis-cli --user admin "$@"; }
ask --scan | while read -r key; do
    [ "$(ask type "$key")" = stream ] || continue
    ask xinfo groups "$key" | awk 'f{print; f=0} /^name$/{f=1}' | while read -r group; do
        ask xinfo consumers "$key" "$group"
    done
done"""
SHARED = ("signal", "risk", "execution")


def scaling(project: Project) -> Iterator[tuple[str, Callable[[], str]]]:
    """(Sentence, question) in their order."""
    yield "`make up SCALE=1` adds a second signal engine, risk manager and execution.", partial(_added, project)
    yield "Each of the two is a consumer of its own name.", partial(_consumers, project)
    yield "Fills go on while the first execution is away.", partial(_without_the_first, project)
    yield "The books are right with two of each.", lambda: project.manage("audit_books").splitlines()[-1]


def _added(project: Project) -> str:
    before = set(project.running())
    project.start("--sim", "--scale")
    added = sorted(set(project.running()) - before)
    expect(len(added) == len(SHARED), f"added: {added}")
    fills = project.fills
    wait_for(lambda: project.fills > fills, "a fill", FILL_S)
    return ", ".join(added)


def _consumers(project: Project) -> str:
    names = {}
    for service in SHARED:
        container = next(name for name in project.running() if f"cdb_{service}_more" in name)
        names[service] = output("docker", "exec", container, "hostname")
    said = output("docker", "exec", "cdb_redis", "sh", "-c", CONSUMERS).split()
    missing = [name for name in names.values() if not any(name in line for line in said)]
    expect(not missing, f"no consumer is named after {missing}")
    return ", ".join(f"{service}: {name}" for service, name in names.items())


def _without_the_first(project: Project) -> str:
    output("docker", "stop", "cdb_execution")
    try:
        fills = project.fills
        wait_for(lambda: project.fills > fills, "a fill by the second", FILL_S)
    finally:
        output("docker", "start", "cdb_execution")
    wait_for(lambda: project.health("cdb_execution") == "healthy", "the first execution", WELL_S)
    return f"{project.fills - fills} fills"
