"""A backup of containers, and the books made again from it, by the very lines of docs/operations.md."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

from proofs.containers.checks import PATIENCE_S
from proofs.containers.commands import output, run
from proofs.containers.project import PROJECT, Project
from proofs.rig.waiting import expect, wait_for

# The exchange keeps its own: another market time than that of the books would be another market.
LOST = ("_postgres", "_redis", "_paper_venue")
JOURNAL = "/var/lib/cdb/paper_venue.jsonl"
SHELL = ("sh", "-ec")


def restoring(project: Project) -> Iterator[tuple[str, Callable[[], str]]]:
    """(Sentence, question) in their order."""
    yield "A backup is made while it trades.", partial(_back_up, project)
    yield "`make containers-down` removes the containers of all profiles, and no volume.", partial(_down, project)
    yield (
        "The volumes of the books are lost, and a backup restored by the lines of the page.",
        partial(_restore, project),
    )
    yield "The restored books are right, and trading goes on with them.", partial(_right, project)


def _back_up(project: Project) -> str:
    compose = f"docker compose {' '.join(project.env_file)}"
    _do(project, f"{compose} exec -T cdb_postgres pg_dump -U admin -Fc claire_de_binare > claire.dump")
    _do(project, f"{compose} cp cdb_execution:{JOURNAL} paper_venue.jsonl")
    sizes = {name: (project.folder / name).stat().st_size for name in ("claire.dump", "paper_venue.jsonl")}
    expect(all(sizes.values()), sizes)
    return str(sizes)


def _down(project: Project) -> str:
    before = project.volumes()
    output(sys.executable, "backoffice/automation/containers.py", "down", cwd=project.folder)
    left = output("docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
    expect(not left, f"{len(left.split())} containers are left")
    expect(project.volumes() == before and before, f"{before} became {project.volumes()}")
    return f"{len(before)} volumes stay"


def _restore(project: Project) -> str:
    compose = f"docker compose {' '.join(project.env_file)}"
    lost = [name for name in project.volumes() if name.endswith(LOST)]
    expect(len(lost) == len(LOST), lost)
    output("docker", "volume", "rm", *lost)
    _do(project, f"{compose} up -d --wait cdb_postgres cdb_redis")
    restore = "pg_restore -U admin -d claire_de_binare --single-transaction --exit-on-error"
    _do(project, f"{compose} exec -T cdb_postgres {restore} < claire.dump")
    stored = f"{project.fills} fills"
    _do(project, f"{compose} run --rm --no-deps -T cdb_execution tee {JOURNAL} < paper_venue.jsonl > /dev/null")
    project.start("--sim")
    return stored


def _right(project: Project) -> str:
    project.manage("rebuild_books", "--check")
    fills = project.fills
    wait_for(lambda: project.fills > fills, f"a fill after {fills}", PATIENCE_S)
    return project.manage("audit_books").splitlines()[-1]


def _do(project: Project, line: str) -> None:
    run(*SHELL, line, cwd=project.folder)
