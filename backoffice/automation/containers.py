#!/usr/bin/env python3
"""`make up` and `make containers-down`: the containers of docker-compose.yml, from nothing to healthy in one command.

up: makes `secrets/` and `.env` where they are missing and says so, checks the settings, builds the image once, starts,
waits until every container is healthy, and prints the address and the first login. Nothing that is there is written
over. down: removes the containers and networks of this checkout, with those of all profiles; volumes stay.

Needs Docker with compose, and nothing but Python. Exit code 1 with a sentence when something cannot be done.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from backoffice.automation import check_env, compose_secrets, first_start  # noqa: E402
from backoffice.automation.first_start import Container, Wanted  # noqa: E402
from cdb_site import env  # noqa: E402

MACHINES_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# A secret of a build may not be larger.
BUNDLE_BYTES_MAX = 500_000
WELL_S_MAX = 600.0
LOOK_EVERY_S = 2.0


class CannotStart(Exception):
    """What is missing or in the way, and what to do."""


class Compose:
    """`docker compose` on this checkout, with one file of settings and some profiles."""

    def __init__(self, wanted: Wanted) -> None:
        self.file = Path("backoffice/demo.env") if wanted.sim else Path(".env")
        given = env.read_file(CHECKOUT / self.file).values
        kept = [name for name in given.get("COMPOSE_PROFILES", "").split(",") if name]
        profiles = ",".join(dict.fromkeys([*kept, *wanted.profiles]))
        self.environ = {**os.environ, "COMPOSE_PROFILES": profiles, **_certificates(given)}

    @property
    def spoken(self) -> str:
        """As somebody types it."""
        return "docker compose" + (f" --env-file {self.file}" if self.file.name != ".env" else "")

    def run(self, *words: str, check: bool = True) -> None:
        done = subprocess.run(self._command(words), cwd=CHECKOUT, env=self.environ, check=False)  # noqa: S603
        if check and done.returncode:
            raise CannotStart(f"`{self.spoken} {words[0]}` ended with {done.returncode}; what it said stands above.")

    def ask(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603
            self._command(words), cwd=CHECKOUT, env=self.environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotStart(f"`{self.spoken} {words[0]}`: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def _command(self, words: Sequence[str]) -> list[str]:
        return ["docker", "compose", "--env-file", str(self.file), *words]


def up(wanted: Wanted, without: Sequence[str]) -> None:
    """Start all of it. Raises CannotStart."""
    _engine()
    _make_what_is_missing(wanted)
    mode, origins = _settings(wanted)
    refused = first_start.refusal(wanted, mode)
    if refused:
        raise CannotStart(refused)
    compose = Compose(wanted)
    told: dict[str, Any] = json.loads(compose.ask("config", "--format", "json"))
    hindrance = first_start.in_the_way(_there(), told["name"], str(CHECKOUT))
    if hindrance:
        raise CannotStart(hindrance)
    services = [name for name in told["services"] if name not in without]
    _say("building the image (minutes the first time, seconds later)")
    compose.run("build")
    _say(f"starting {len(services)} containers of project {told['name']}")
    compose.run("up", "--detach", "--no-build", *(f"--scale={name}=0" for name in without))
    _wait(compose, services)
    print(first_start.box(wanted, mode=mode, origins=origins, compose=compose.spoken), flush=True)


def down() -> None:
    """Remove what `up` started, of whatever project and profile."""
    _engine()
    ours = [item for item in _there() if item.folder == str(CHECKOUT)]
    for project in sorted({item.project for item in ours}):
        command = ["docker", "compose", "--project-name", project, "--profile", "*", "down", "--remove-orphans"]
        if subprocess.run(command, cwd=CHECKOUT, check=False).returncode:  # noqa: S603
            raise CannotStart(f"project {project} was not removed; what docker said stands above.")
        _say(f"{project}: containers removed; its books stay in its volumes")
    if not ours:
        _say("no containers of this checkout are there")


def _engine() -> None:
    """Raises CannotStart when there is no Docker with compose that answers."""
    asked = {
        ("docker", "--version"): "`docker` is not installed (https://docs.docker.com/engine/install/). Without "
        "containers, `make demo` and `make run` need neither it nor root.",
        ("docker", "compose", "version"): "this docker has no `docker compose`: install its compose plugin.",
        ("docker", "info"): "no Docker engine answers: start it, or join the group `docker`.",
    }
    for command, sentence in asked.items():
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=30)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            raise CannotStart(sentence) from None
        if done.returncode:
            raise CannotStart(sentence)


def _make_what_is_missing(wanted: Wanted) -> None:
    settings = CHECKOUT / ".env"
    if not wanted.sim and not settings.exists():
        with open(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(first_start.env_text(wanted))
        _say(".env made: " + " ".join(line for line in first_start.env_text(wanted).splitlines() if line[0] != "#"))
    done, problems = compose_secrets.make_from(settings, CHECKOUT / "secrets")
    if problems:
        raise CannotStart("\n".join(problems))
    for line in done:
        _say(f"secrets/: {line}")


def _settings(wanted: Wanted) -> tuple[str, Sequence[str]]:
    """(ENV, TRUSTED_ORIGINS) of the start. Raises CannotStart naming everything that would be refused later."""
    path = CHECKOUT / ("backoffice/demo.env" if wanted.sim else ".env")
    environment, problems = env.survey(path, filled_in=check_env.made_by_compose())
    if environment is None or problems:
        raise CannotStart("\n".join(map(str, problems)))
    return environment.ENV, environment.TRUSTED_ORIGINS


def _certificates(given: dict[str, str]) -> dict[str, str]:
    """What this machine trusts is to be trusted by the image, unless somebody says otherwise."""
    said = "CA_BUNDLE" in os.environ or "CA_BUNDLE" in given
    if said or not MACHINES_CERTIFICATES.exists() or MACHINES_CERTIFICATES.stat().st_size > BUNDLE_BYTES_MAX:
        return {}
    return {"CA_BUNDLE": str(MACHINES_CERTIFICATES)}


def _there() -> list[Container]:
    label = '{{.Label "com.docker.compose.project%s"}}'
    form = "\t".join(["{{.Names}}", label % "", label % ".working_dir"])
    command = ["docker", "ps", "--all", "--filter", "name=^/cdb_", "--format", form]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    rows = [line.split("\t") for line in said.splitlines()]
    # Compose writes down the folder as it was entered, maybe by a symbolic link.
    return [
        Container(name=name, project=project, folder=str(Path(folder).resolve()) if folder else "")
        for name, project, folder in rows
    ]


def _wait(compose: Compose, services: Sequence[str]) -> None:
    """Until all are well, saying what is awaited whenever that changes. Raises CannotStart with what is not."""
    deadline, before = time.monotonic() + WELL_S_MAX, ""
    while True:
        rows = [json.loads(line) for line in compose.ask("ps", "--all", "--format", "json").splitlines()]
        missing = first_start.awaited(rows, services)
        said = f"{len(services) - len(missing)} of {len(services)} are well"
        said += f"; waiting for {', '.join(f'{name} ({state})' for name, state in missing.items())}" if missing else ""
        if said != before:
            _say(said)
            before = said
        if not missing:
            return
        if time.monotonic() > deadline:
            compose.run("logs", "--tail", "5", *missing, check=False)
            raise CannotStart(f"after {WELL_S_MAX:.0f} s not well: {', '.join(missing)}; their last lines stand above.")
        time.sleep(LOOK_EVERY_S)


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


def main() -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(prog="make up", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start and wait until all is healthy")
    start.add_argument("--sim", action="store_true", help="the simulated exchange, with books of its own")
    start.add_argument("--scale", action="store_true", help="second signal engine, risk manager and execution")
    start.add_argument("--tls", action="store_true", help="a TLS proxy in front of the dashboard")
    start.add_argument("--without", action="append", default=[], metavar="SERVICE", help="leave this one out")
    commands.add_parser("down", help="remove the containers; all data stays")
    options = parser.parse_args()
    try:
        if options.command == "down":
            down()
        else:
            up(Wanted(sim=options.sim, scale=options.scale, tls=options.tls), options.without)
    except CannotStart as problem:
        print("\n".join(f"error: {line}" for line in str(problem).splitlines()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; what was started goes on: `make containers-down` removes it", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
