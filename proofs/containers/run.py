"""`make containers`: docker-compose.yml for real. "N passed, N failed", then one JSON line; exit 1 when one failed.

Builds, starts the simulated exchange by `make up`, checks what the files promise, kills the main process of every
container, adds further workers, restores a backup, starts again as in production behind the TLS proxy, and removes
all of it, also when it is interrupted. On the Docker engine that answers, with the images it pulls; else, on Debian as
root, on a private one, where needed with stand-ins for the images. The JSON line says which.

    make containers ARGS="--only check"       without the rest
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cdb_site.clock import SYSTEM
from cdb_site.local.signals import undisturbed
from proofs.containers import checks, images
from proofs.containers.engine import Engine, engine
from proofs.containers.https import https
from proofs.containers.kills import kills
from proofs.containers.project import PROJECT, Project, copied
from proofs.containers.promises import Kept
from proofs.containers.restoring import restoring
from proofs.containers.scaling import scaling
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.waiting import say

PARTS = ("check", "kill", "scale", "restore", "tls")
# A losing market must not end the proof: the limits that halt trading are seeded wide.
WIDE = {"MAX_DAILY_DRAWDOWN_PCT": "0.9", "MAX_DRAWDOWN_PCT": "0.9"}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make containers", description=(__doc__ or "").splitlines()[0])
    standard = Path(tempfile.gettempdir()) / "claire-containers"
    parser.add_argument("--work", type=Path, default=standard, metavar="DIR", help="packages are kept in it")
    parser.add_argument("--only", choices=PARTS, action="append", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--private", action="store_true", help="a private engine, also when one answers")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        kept, started_s = Kept(), SYSTEM.monotonic_s()
        os.environ |= {"COMPOSE_PROJECT_NAME": PROJECT, **WIDE}
        try:
            with engine(options.work.resolve(), prefer_private=options.private) as found:
                _prove(found, kept, tuple(options.only or PARTS), told)
        finally:
            say(kept.words)
            told.figures |= {
                "passed": len(kept.passed), "not_kept": len(kept.failed),
                "took_s": round(SYSTEM.monotonic_s() - started_s),
            }  # fmt: skip
            told.failures += kept.failed

    return run_program("containers", work)


def _prove(found: Engine, kept: Kept, parts: Sequence[str], told: ProgramResult) -> None:
    whose = "private" if found.private else "the machine's own"
    say(f"engine {found.version}, {whose}")
    folder = copied(found.work / "project")
    base = images.provide(found, folder)
    told.figures |= {"images": base.words, "engine": f"{found.version}, {whose}", "left_out": list(base.without)}
    say(f"images: {base.words}: {', '.join(base.names)}")
    project = Project(folder=folder, without=base.without)
    try:
        if not kept.judge("`make up SIM=1` builds, starts and waits until all is healthy.", lambda: _up(project)):
            return
        _parts(project, kept, parts)
    finally:
        with undisturbed():
            project.remove()
        say("containers, networks and volumes are gone")


def _up(project: Project) -> str:
    said = project.start("--sim").splitlines()
    return said[0].strip() if said else ""


def _parts(project: Project, kept: Kept, parts: Sequence[str]) -> None:
    if "check" in parts:
        for check in checks.CHECKS:
            kept.judge(_sentence(check.__doc__), lambda check=check: check(project))  # type: ignore[misc]
        if "cdb_grafana" in project.running():
            kept.judge(_sentence(checks.grafana.__doc__), lambda: checks.grafana(project))
    for part, promises in (("kill", kills), ("scale", scaling), ("restore", restoring)):
        for sentence, question in promises(project) if part in parts else ():
            kept.judge(sentence, question)
    if "tls" in parts:
        project.remove()
        os.environ["COMPOSE_PROJECT_NAME"] = f"{PROJECT}-tls"
        project.env_file = ()
        for sentence, question in https(project):
            kept.judge(sentence, question)


def _sentence(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
