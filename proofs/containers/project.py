"""A copy of the project, as git sees the working tree, and how its containers are asked.

The copy has secrets and settings of its own, which `make up` makes, and a compose project of its own: nothing of a
user's instance is read, stopped or removed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdb_site.local.folders import CHECKOUT
from proofs.containers.commands import output, run, stream

PROJECT = "cdb-proof"
DEMO = ("--env-file", "backoffice/demo.env")
TABLES = ("signal", "decision", "order", "fill")


def copied(to: Path) -> Path:
    """The files of the working tree without what git ignores: a user's .env, secrets and books stay where they are."""
    shutil.rmtree(to, ignore_errors=True)
    listed = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=CHECKOUT)
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, to / name)
    return to


@dataclass(kw_only=True)
class Project:
    """The running system; `without` are services that this run cannot have."""

    folder: Path
    without: tuple[str, ...] = ()
    env_file: tuple[str, ...] = DEMO
    config: dict[str, Any] = field(default_factory=dict)

    def start(self, *options: str) -> str:
        """`make up` with these options; what it said."""
        left_out = [word for name in self.without for word in ("--without", name)]
        command = (sys.executable, "backoffice/automation/containers.py", "up", *options, *left_out)
        said = stream(*command, cwd=self.folder, log=self.folder.parent / "up.log")
        self.config = json.loads(self.compose("config", "--format", "json"))["services"]
        return said

    def refused(self, *options: str) -> str:
        """What `make up` under the project's usual name says when it does not start; empty when it did."""
        words = ("env", "--unset=COMPOSE_PROJECT_NAME", sys.executable, "backoffice/automation/containers.py", "up")
        done = run(*words, *options, cwd=self.folder, check=False)
        return done.stderr if done.returncode else ""

    def compose(self, *words: str, stdin: str = "") -> str:
        return run("docker", "compose", *self.env_file, *words, cwd=self.folder, stdin=stdin).stdout.strip()

    def manage(self, *words: str, stdin: str = "") -> str:
        """`manage.py` in the risk manager's container."""
        return self.compose("exec", "-T", "cdb_risk", "python", "manage.py", *words, stdin=stdin)

    def sql(self, text: str) -> str:
        owner = ("psql", "-U", "admin", "-d", "claire_de_binare", "-Atc", text)
        return output("docker", "exec", "cdb_postgres", *owner)

    def counts(self) -> dict[str, int]:
        """How many signals, decisions, orders and fills there are."""
        asked = ", ".join(f'(SELECT count(*) FROM "{name}")' for name in TABLES)  # noqa: S608
        return dict(zip(TABLES, map(int, self.sql(f"SELECT {asked}").split("|")), strict=True))  # noqa: S608

    @property
    def fills(self) -> int:
        return self.counts()["fill"]

    def running(self) -> list[str]:
        """Names of the containers that run, further workers included."""
        return sorted(self._images_by_name())

    def ours(self) -> list[str]:
        """Those with the project's own image."""
        return sorted(name for name, image in self._images_by_name().items() if image.startswith("claire-de-binaire:"))

    def _images_by_name(self) -> dict[str, str]:
        label = f"label=com.docker.compose.project={os.environ['COMPOSE_PROJECT_NAME']}"
        lines = output("docker", "ps", "--filter", label, "--format", "{{.Names}} {{.Image}}").splitlines()
        return {name: image for name, _, image in (line.partition(" ") for line in lines)}

    def volumes(self) -> list[str]:
        """Names of the volumes that this project's books and data are in."""
        label = f"label=com.docker.compose.project={os.environ['COMPOSE_PROJECT_NAME']}"
        return sorted(output("docker", "volume", "ls", "--quiet", "--filter", label).split())

    def inspect(self, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(output("docker", "inspect", name))
        return found[0]

    def health(self, name: str) -> str:
        """healthy, unhealthy, starting; healthy as well where nothing is checked."""
        return str(self.inspect(name)["State"].get("Health", {"Status": "healthy"})["Status"])

    def port(self, service: str) -> int:
        """The published port of a service, 0 for none."""
        ports = self.config[service].get("ports", [])
        return int(ports[0]["published"]) if ports else 0

    def serving(self) -> dict[str, int]:
        """Our containers that serve /health, with their ports."""
        return {name: self.port(name) for name in self.ours() if name in self.config and self.port(name)}

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text(encoding="utf-8").strip()

    def remove(self) -> None:
        """Containers, networks and volumes of this proof, whatever its profile."""
        projects: Sequence[str] = (PROJECT, f"{PROJECT}-tls")
        for name in projects:
            words = ("--project-name", name, "--profile", "*", "down", "--volumes", "--remove-orphans")
            run("docker", "compose", *words, cwd=self.folder, check=False)
